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

  /**
   * Moves a row to a place among the others; moves are sent one after another.
   * @param rows as they are shown.
   * @param send resolves to the new version of the row, or to undefined if it was not moved.
   */
  async move(
    rows: readonly Row[],
    from: number,
    to: number,
    send: () => Promise<number | undefined>,
  ): Promise<void> {
    const row = rows[from];
    if (!row || from === to || to < 0 || to >= rows.length) return;
    const move = { id: row.id, after: rows.toSpliced(from, 1)[to - 1]?.id, version: undefined };
    this.#move = move;
    this.#queue = this.#queue.then(send).catch(() => undefined);
    const version = await this.#queue;
    if (this.#move === move) this.#move = version === undefined ? undefined : { ...move, version };
  }
}
