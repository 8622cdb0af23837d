import { LRUCache } from 'lru-cache';
import { BOUNDS, keep } from '../bounds.ts';

/** Statements that a connection keeps prepared, plan and all; the one that was used longest ago makes room. */
export const MOST_NAMED = 300;
/** Characters of a statement up to which it is kept. */
export const LONGEST_NAMED = 16_000;
/** Characters of all kept statements together. PostgreSQL takes about 110 bytes for each, in each connection. */
export const MOST_CHARACTERS = BOUNDS['prepared statements'].most;

/**
 * Says in a statement that its best plan depends on its values. PostgreSQL settles on one plan for all values once a
 * named statement has run five times.
 */
const PLANNED_ANEW = '/* planned anew */';
/** Prisma's own lists of the log: of a rare event the plan for all values walks through everything since. */
const LIST_OF_EVENTS = /^SELECT .* FROM "public"\."events" AS /;
/** A list of ids written out: each length is a statement of its own, which hardly ever comes again. */
const LIST_OF_VALUES = /\((?:\$\d+, ?){20}/;

/** The names under which the connections of one pool keep statements prepared. */
export class StatementNames {
  readonly #live = new Set<string>();
  readonly #names = new LRUCache<string, string>({
    max: MOST_NAMED,
    maxSize: MOST_CHARACTERS,
    sizeCalculation: (_name, sql) => sql.length,
    dispose: (name) => {
      this.#live.delete(name);
      this.dropped += 1;
    },
  });
  #made = 0;
  /** How many names were given up so far: their statements are to be forgotten by the connections. */
  dropped = 0;

  constructor() {
    keep('prepared statements', this.#names, ({ calculatedSize }) => calculatedSize);
  }

  /** The name of a statement, never given to another one; empty where it is to be parsed, run and forgotten. */
  nameOf(sql: string): string {
    const known = this.#names.get(sql);
    if (known !== undefined) return known;
    if (sql.length > LONGEST_NAMED || sql.includes(PLANNED_ANEW)) return '';
    if (LIST_OF_EVENTS.test(sql) || LIST_OF_VALUES.test(sql)) return '';
    this.#made += 1;
    const name = `tw${this.#made}`;
    this.#live.add(name);
    this.#names.set(sql, name);
    return name;
  }

  isLive(name: string): boolean {
    return this.#live.has(name);
  }
}
