import { columnOf, jsonOf, valueOf, type Columns, type Texts } from './columns.ts';

/**
 * A row that has everything with it that the client has selected of it, so that nobody needs to look whether it does. Its
 * columns stay the texts that PostgreSQL wrote until somebody reads them: most go into an answer almost as they are.
 */
export class RawRow {
  readonly #columns: Columns;
  readonly #at: ReadonlyMap<string, number>;
  readonly #texts: Texts;
  /** A column as Prisma has it, undefined where it was not read; or whom or what the row names, or a list of it. */
  [field: string]: unknown;

  /** @param at where the columns that were read stand in `texts`. */
  constructor(columns: Columns, at: ReadonlyMap<string, number>, texts: Texts) {
    this.#columns = columns;
    this.#at = at;
    this.#texts = texts;
  }

  /** A column as an answer has it; undefined where it was not read. */
  static json(row: RawRow, field: string): string | null | undefined {
    const text = row.#textOf(field);
    return text && jsonOf(columnOf(row.#columns, field), text);
  }

  /** A column as Prisma has it; undefined where it was not read. */
  static value(row: RawRow, field: string): unknown {
    const text = row.#textOf(field);
    return text && valueOf(columnOf(row.#columns, field), text);
  }

  /** As Prisma has the row, with whom and what it names and with its lists. */
  static plain(row: RawRow): Record<string, unknown> {
    const columns = [...row.#at.keys()].map((field) => [field, RawRow.value(row, field)]);
    const others = Object.entries(row).map(([relation, value]) => [relation, plainly(value)]);
    return Object.fromEntries([...columns, ...others]) as Record<string, unknown>;
  }

  #textOf(field: string): string | null | undefined {
    const at = this.#at.get(field);
    return at === undefined ? undefined : (this.#texts[at] ?? null);
  }
}

function plainly(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainly);
  return value instanceof RawRow ? RawRow.plain(value) : value;
}

/** What a field of the API is of a row as an answer has it, or the row that it names; undefined where a resolver must say. */
export type FromRow = (row: RawRow) => string | RawRow | null | undefined;

/** Makes rows of which these columns were read. */
export function rowsOf(columns: Columns, fields: readonly string[]): (texts: Texts) => RawRow {
  const at = new Map(fields.map((field, n) => [field, n]));
  const Row = classOf(columns);
  return (texts) => new Row(columns, at, texts);
}

const classes = new WeakMap<Columns, typeof RawRow>();

/** Whose rows read their columns by the names of these. */
function classOf(columns: Columns): typeof RawRow {
  const known = classes.get(columns);
  if (known) return known;
  class Row extends RawRow {}
  for (const field of Object.keys(columns))
    Object.defineProperty(Row.prototype, field, {
      get(this: RawRow) {
        return RawRow.value(this, field);
      },
    });
  classes.set(columns, Row);
  return Row;
}
