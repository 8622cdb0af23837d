import { LRUCache } from 'lru-cache';
import { BOUNDS, keep } from '../bounds.ts';

/** Maximum number of prepared statements per connection. The least recently used one is dropped. */
export const MOST_NAMED = 300;
/** In characters; longer statements are not prepared. */
export const LONGEST_NAMED = 16_000;
/** In characters, for all statements. PostgreSQL uses about 110 bytes per character in each connection. */
export const MOST_CHARACTERS = BOUNDS['prepared statements'].most;

/** For statements that need a plan for their values. A generic plan is used after five executions. */
const CUSTOM_PLAN = '/* custom plan */';
/** Prisma's lists of events: for a rare event the generic plan reads the whole log since then. */
const LIST_OF_EVENTS = /^SELECT .* FROM "public"\."events" AS /;
/** A list of ids: each length is a different statement, which rarely recurs. */
const LIST_OF_VALUES = /\((?:\$\d+, ?){20}/;

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
  readonly #isSupported: boolean;
  #made = 0;
  dropped = 0;

  /** @param isSupported whether sessions keep prepared statements; false for some poolers. */
  constructor(isSupported = true) {
    this.#isSupported = isSupported;
    keep('prepared statements', this.#names, ({ calculatedSize }) => calculatedSize);
  }

  /** A unique name; empty for statements that are not prepared. */
  nameOf(sql: string): string {
    const known = this.#names.get(sql);
    if (known !== undefined) return known;
    if (!this.#isSupported || sql.length > LONGEST_NAMED || sql.includes(CUSTOM_PLAN)) return '';
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
