import { columnOf, jsonOf, valueOf, type Columns, type Texts } from './columns.ts';

/** Columns stay in PostgreSQL's text form until they are read, since most are sent almost unchanged. */
export class RawRow {
  readonly #columns: Columns;
  readonly #at: ReadonlyMap<string, number>;
  readonly #texts: Texts;
  /** A column as in Prisma (undefined if it was not read), a related row, or a list. */
  [field: string]: unknown;

  constructor(columns: Columns, at: ReadonlyMap<string, number>, texts: Texts) {
    this.#columns = columns;
    this.#at = at;
    this.#texts = texts;
  }

  static json(row: RawRow, field: string): string | null | undefined {
    const text = row.#textOf(field);
    return text && jsonOf(columnOf(row.#columns, field), text);
  }

  static value(row: RawRow, field: string): unknown {
    const text = row.#textOf(field);
    return text && valueOf(columnOf(row.#columns, field), text);
  }

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

/** How to get a field's JSON or related row; undefined if a resolver is required. */
export type FromRow = (row: RawRow) => string | RawRow | null | undefined;

export function rowsOf(columns: Columns, fields: readonly string[]): (texts: Texts) => RawRow {
  const at = new Map(fields.map((field, n) => [field, n]));
  const Row = classOf(columns);
  return (texts) => new Row(columns, at, texts);
}

const classes = new WeakMap<Columns, typeof RawRow>();

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
