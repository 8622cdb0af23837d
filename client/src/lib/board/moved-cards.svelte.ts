import type { Client } from '@urql/core';
import { SvelteMap } from 'svelte/reactivity';
import { changeUndoably, type TaskValues } from '../task/change-tasks.ts';

/** Milliseconds after which a moved card is shown where the list has it. */
const settleTime = 5_000;

export interface Movable {
  id: string;
  title: string;
  version: number;
}

/** The cards of one column or day. */
export interface CardGroup<Card> {
  /** Null for cards without a value. */
  key: string | null;
  count: number;
  cards: readonly Card[];
}

export interface Move<Card> {
  card: Card;
  from: string | null;
  to: string | null;
  /** The values of the field, and the card as it is shown until the list has it in its place. */
  before: TaskValues;
  after: TaskValues;
  moved: Card;
  /** Where to, in words. */
  name: string;
}

/** Cards that were moved between groups, shown in their new place at once, until the list has them there. */
export class MovedCards<Card extends Movable> {
  readonly #moved = new SvelteMap<string, { card: Card; from: unknown; to: unknown; version?: number }>();

  /** The groups with the moved cards in their new places. */
  arrange<Group extends CardGroup<Card>>(groups: readonly Group[]): Group[] {
    const moves = [...this.#moved.values()].filter(({ from, to }) => from !== to);
    return groups.map((group) => {
      const stays = group.cards.filter(
        ({ id }) => !moves.some(({ card, from }) => card.id === id && from === group.key),
      );
      const added = moves
        .filter(({ card, to }) => to === group.key && stays.every(({ id }) => id !== card.id))
        .map(({ card }) => card);
      const count = group.count + added.length - (group.cards.length - stays.length);
      return { ...group, cards: [...added, ...stays], count };
    });
  }

  /** Forgets the moves that the list was read with. */
  settle(groups: readonly CardGroup<Card>[]): void {
    for (const [id, { version }] of this.#moved) {
      if (version === undefined) continue;
      const found = groups.flatMap(({ cards }) => cards.filter((card) => card.id === id));
      if (found.length === 0 || found.every((card) => card.version >= version)) this.#moved.delete(id);
    }
  }

  /** Moves a card, says so, and offers to undo it. A refusal puts it back. */
  async move(client: Client, { card, from, to, before, after, moved, name }: Move<Card>): Promise<void> {
    const { id, title, version } = card;
    this.#moved.set(id, { card: moved, from, to });
    const changed: string[] = [];
    await changeUndoably(client, [{ id, title, version, before, after }], name, (task) => {
      changed.push(task.id);
      const each = this.#moved.get(task.id);
      if (each) this.#moved.set(task.id, { ...each, version: task.version });
      setTimeout(() => this.#moved.delete(task.id), settleTime);
    });
    if (changed.length === 0) this.#moved.delete(id);
  }
}
