import { Prisma } from '../../prisma/generated/client/client.ts';

/** How a column's values travel as text, and what Prisma would make of them. */
const ways = {
  /** Without commas, such as ids and enums. */
  word: { sql: (column: string) => `${column}::text`, read: (word: string): unknown => word },
  number: { sql: (column: string) => `${column}::text`, read: Number },
  moment: {
    sql: (column: string) => `(date_part('epoch', ${column}) * 1000)::bigint::text`,
    read: (milliseconds: string) => new Date(Number(milliseconds)),
  },
  day: { sql: (column: string) => `${column}::text`, read: (day: string) => new Date(day) },
  text: { sql: (column: string) => column, read: (given: string): unknown => given },
  json: {
    sql: (column: string) => `to_json(${column})::text`,
    read: JSON.parse as (json: string) => unknown,
  },
} as const;

/** What may have a comma in it. */
const FREE: readonly string[] = ['text', 'json'];

export interface Column {
  name: string;
  way: keyof typeof ways;
  /** As PostgreSQL calls it, for values to compare it with. */
  type: string;
}

/** A type's columns by their names in the model. */
export type Columns<Field extends string = string> = Readonly<Record<Field, Column>>;

export const id = (name: string): Column => ({ name, way: 'word', type: 'uuid' });
export const word = (name: string, type: string): Column => ({ name, way: 'word', type });
export const text = (name: string): Column => ({ name, way: 'text', type: 'text' });
export const moment = (name: string): Column => ({ name, way: 'moment', type: 'timestamptz' });

/** The same columns, of a table that has to be named. */
export function within<Field extends string>(table: string, columns: Columns<Field>): Columns<Field> {
  const named = Object.entries<Column>(columns).map(([field, column]) => [
    field,
    { ...column, name: `${table}.${column.name}` },
  ]);
  return Object.fromEntries(named) as Columns<Field>;
}

export type Texts = readonly (string | null)[];

/** A column of one row, as text. */
export function single({ name, way }: Column): string {
  return ways[way].sql(name);
}

/** A column of many rows in one text, in the order in which they come: cheaper to write and to read than rows are. */
export function packed({ name, way }: Column): string {
  return FREE.includes(way) ? `json_agg(${name})` : `string_agg(coalesce(${ways[way].sql(name)}, ''), ',')`;
}

/** What `single` has written of some fields, taken off the front of a row and put into `row`. */
export function readSingle<Row extends Record<string, unknown>>(
  columns: Columns,
  fields: readonly string[],
  texts: Texts,
  row: Row,
): Row {
  const values: Record<string, unknown> = row;
  for (let i = 0; i < fields.length; i += 1) {
    const field = fields[i] as string;
    const given = texts[i] ?? null;
    values[field] = given === null ? null : ways[columnOf(columns, field).way].read(given);
  }
  return row;
}

/** What `packed` has written of some fields, taken off the front of a row and put into rows that `make` makes. */
export function readPacked<Row extends Record<string, unknown>>(
  columns: Columns,
  fields: readonly string[],
  texts: Texts,
  make: () => Row,
): Row[] {
  const rows: Row[] = [];
  for (let i = 0; i < fields.length; i += 1) {
    const field = fields[i] as string;
    const given = texts[i] ?? null;
    if (given === null) continue;
    const { way } = columnOf(columns, field);
    const { read } = ways[way];
    const isFree = FREE.includes(way);
    const values = isFree ? (JSON.parse(given) as unknown[]) : given.split(',');
    for (let n = 0; n < values.length; n += 1) {
      const value = values[n];
      const row: Record<string, unknown> = (rows[n] ??= make());
      row[field] = isFree ? value : value === '' ? null : read(value as string);
    }
  }
  return rows;
}

export type Condition = Readonly<Record<string, unknown>>;

/** How the conditions that name a relation are said in SQL; null where they cannot be. */
type Related = Readonly<Record<string, (condition: Condition) => Prisma.Sql | null>>;

const comparisons: Record<string, string> = { equals: '=', lt: '<', lte: '<=', gt: '>', gte: '>=' };

/** A condition in Prisma's words as SQL; null where it has other words than those for columns, and `related`. */
export function conditionOf(
  columns: Columns,
  condition: Condition,
  related: Related = {},
): Prisma.Sql | null {
  return joined(
    Object.entries(condition).map(([key, value]) => {
      if (key === 'AND' || key === 'OR') {
        const parts = (Array.isArray(value) ? value : [value]) as Condition[];
        return joined(
          parts.map((part) => conditionOf(columns, part, related)),
          key,
        );
      }
      const relation = related[key];
      if (relation) return relation(value as Condition);
      const column = columns[key];
      return column ? comparisonOf(column, value) : null;
    }),
    'AND',
  );
}
/** No condition at all is true; what no alternatives at all mean is Prisma's to say. */
function joined(parts: readonly (Prisma.Sql | null)[], word: 'AND' | 'OR'): Prisma.Sql | null {
  const known = parts.filter((part) => part !== null);
  if (known.length < parts.length) return null;
  if (known.length === 0) return word === 'AND' ? Prisma.sql`TRUE` : null;
  return Prisma.sql`(${Prisma.join(known, ` ${word} `)})`;
}

function comparisonOf({ name, type }: Column, value: unknown): Prisma.Sql | null {
  const left = Prisma.raw(name);
  if (value === null) return Prisma.sql`${left} IS NULL`;
  if (typeof value === 'string' || typeof value === 'number' || value instanceof Date)
    return Prisma.sql`${left} = ${value}${Prisma.raw(`::${type}`)}`;
  // Undefined would be no condition at all to Prisma, and must not become one here either.
  if (typeof value !== 'object') return null;
  return joined(
    Object.entries(value).map(([comparison, right]: [string, unknown]) => {
      if (comparison === 'in' && Array.isArray(right))
        return Prisma.sql`${left} = ANY(${right}${Prisma.raw(`::${type}[]`)})`;
      const sign = comparisons[comparison];
      return sign === undefined || right == null
        ? null
        : Prisma.sql`${left} ${Prisma.raw(sign)} ${right}${Prisma.raw(`::${type}`)}`;
    }),
    'AND',
  );
}

export type Order = readonly Readonly<Record<string, unknown>>[];

/** An order in Prisma's words as SQL. */
export function orderOf(columns: Columns, order: Order): Prisma.Sql {
  const parts = order.flatMap((part) =>
    Object.entries(part).map(([field, direction]) => {
      const { sort, nulls } = (typeof direction === 'string' ? { sort: direction } : direction) as {
        sort: string;
        nulls?: string;
      };
      return `${columnOf(columns, field).name} ${sort === 'desc' ? 'DESC' : 'ASC'}${nulls ? ` NULLS ${nulls === 'first' ? 'FIRST' : 'LAST'}` : ''}`;
    }),
  );
  return Prisma.raw(parts.join(', '));
}

export function columnOf(columns: Columns, field: string): Column {
  const column = columns[field];
  if (!column) throw new TypeError(`There is no column ${field}`);
  return column;
}
