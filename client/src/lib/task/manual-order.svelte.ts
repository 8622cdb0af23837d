import type { Client } from '@urql/core';
import type { MovedTask } from './move-task.ts';

interface Row {
  readonly id: string;
  readonly version: number;
}

/** The place of a row that was moved, until the list has been read with it. */
interface Move {
  id: string;
  /** The row before it; undefined at the beginning. */
  after: string | undefined;
  /** Unknown until the server has answered. */
  version: number | undefined;
}

/** A list in manual order. A moved row is shown in its new place at once. */
export class ManualOrder {
  #move = $state.raw<Move>();
  #queue: Promise<number | undefined> = Promise.resolve(undefined);

  /** The rows that were read, with the moved one in its place. */
  arrange<Read extends Row>(rows: readonly Read[]): readonly Read[] {
    const move = this.#move;
    const row = move && rows.find(({ id }) => id === move.id);
    if (!row || (move.version !== undefined && row.version >= move.version)) return rows;
    const others = rows.filter((each) => each !== row);
    const place = others.findIndex(({ id }) => id === move.after);
    return others.toSpliced(move.after === undefined ? 0 : place < 0 ? others.length : place + 1, 0, row);
  }

  /** Moves a row to a place among the others; moves are sent one after another. @param rows as they are shown. */
  async move(
    client: Client,
    rows: readonly (Row & { title: string })[],
    from: number,
    to: number,
    onchanged?: (task: MovedTask) => void,
  ): Promise<void> {
    const row = rows[from];
    if (!row || from === to || to < 0 || to >= rows.length) return;
    const move = { id: row.id, after: rows.toSpliced(from, 1)[to - 1]?.id, version: undefined };
    this.#move = move;
    const sent = this.#queue.then(async () => {
      const { moveUndoably } = await import('./move-task.ts');
      return moveUndoably(client, rows, from, to, onchanged);
    });
    this.#queue = sent.catch(() => undefined);
    const version = await this.#queue;
    if (this.#move === move) this.#move = version === undefined ? undefined : { ...move, version };
  }
}
