import { Prisma } from '../../prisma/generated/client/client.ts';
import { momentText } from './moment-text.ts';

/** How values are read from PostgreSQL as text, converted to Prisma's types, and written as JSON. */
const ways = {
  /** Ids and enums: nothing to escape in JSON. */
  word: {
    sql: (column: string) => `${column}::text`,
    read: (word: string): unknown => word,
    json: (word: string) => `"${word}"`,
  },
  number: { sql: (column: string) => `${column}::text`, read: Number, json: (digits: string) => digits },
  moment: {
    sql: (column: string) => `(date_part('epoch', ${column}) * 1000)::bigint::text`,
    read: (milliseconds: string) => new Date(Number(milliseconds)),
    json: (milliseconds: string) => `"${momentText(Number(milliseconds))}"`,
  },
  day: {
    sql: (column: string) => `${column}::text`,
    read: (day: string) => new Date(day),
    json: (day: string) => `"${day}"`,
  },
  json: {
    sql: (column: string) => `to_json(${column})::text`,
    read: JSON.parse as (json: string) => unknown,
    json: (json: string) => json,
  },
} as const;

/** Never part of a value, since JSON escapes it. */
const SEPARATOR = '\u001f';

export interface Column {
  name: string;
  way: keyof typeof ways;
  /** The PostgreSQL type, for comparisons. */
  type: string;
}

/** By field name of the model. */
export type Columns<Field extends string = string> = Readonly<Record<Field, Column>>;

export const id = (name: string): Column => ({ name, way: 'word', type: 'uuid' });
export const word = (name: string, type: string): Column => ({ name, way: 'word', type });
export const text = (name: string): Column => ({ name, way: 'json', type: 'text' });
export const moment = (name: string): Column => ({ name, way: 'moment', type: 'timestamptz' });

/** The same columns, qualified with the table's name. */
export function within<Field extends string>(table: string, columns: Columns<Field>): Columns<Field> {
  const named = Object.entries<Column>(columns).map(([field, column]) => [
    field,
    { ...column, name: `${table}.${column.name}` },
  ]);
  return Object.fromEntries(named) as Columns<Field>;
}

export type Texts = readonly (string | null)[];

export function single({ name, way }: Column): string {
  return ways[way].sql(name);
}

/** SQL that joins a column's values of many rows into one text, which is cheaper than rows. */
export function packed({ name, way }: Column): string {
  return `string_agg(coalesce(${ways[way].sql(name)}, ''), E'\\x1f')`;
}

/** The rows in texts from `packed`. */
export function unpacked(texts: Texts): Texts[] {
  const rows: (string | null)[][] = [];
  for (let i = 0; i < texts.length; i += 1) {
    const values = texts[i]?.split(SEPARATOR) ?? [];
    for (let n = 0; n < values.length; n += 1) {
      const value = values[n];
      const row = (rows[n] ??= new Array<string | null>(texts.length).fill(null));
      if (value) row[i] = value;
    }
  }
  return rows;
}

/** A column's text as Prisma's type. */
export function valueOf({ way }: Column, text: string): unknown {
  return ways[way].read(text);
}

export function jsonOf({ way }: Column, text: string): string {
  return ways[way].json(text);
}

export type Condition = Readonly<Record<string, unknown>>;

/** Conditions on relations; null if they have no SQL. */
type Related = Readonly<Record<string, (condition: Condition) => Prisma.Sql | null>>;

const comparisons: Record<string, string> = {
  equals: '=',
  lt: '<',
  gt: '>',
  hasSome: '&&',
  hasEvery: '@>',
};

/** Converts a Prisma condition to SQL; null if it uses anything but columns and `related`. */
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
      if (key === 'NOT') {
        const part = Array.isArray(value) ? null : conditionOf(columns, value as Condition, related);
        return part && Prisma.sql`NOT ${part}`;
      }
      const relation = related[key];
      if (relation) return relation(value as Condition);
      const column = columns[key];
      return column ? comparisonOf(column, value) : null;
    }),
    'AND',
  );
}

/** An empty AND is true. An empty OR is left to Prisma. */
function joined(parts: readonly (Prisma.Sql | null)[], word: 'AND' | 'OR'): Prisma.Sql | null {
  const known = parts.filter((part) => part !== null);
  if (known.length < parts.length) return null;
  if (known.length === 0) return word === 'AND' ? Prisma.sql`TRUE` : null;
  return Prisma.sql`(${Prisma.join(known, ` ${word} `)})`;
}

function comparisonOf(column: Column, value: unknown): Prisma.Sql | null {
  if (value === null || typeof value !== 'object' || value instanceof Date)
    return operated(column, 'equals', value);
  const { mode, ...operations } = value as Condition;
  if (mode !== undefined && (mode !== 'insensitive' || !Object.hasOwn(operations, 'contains'))) return null;
  return joined(
    Object.entries(operations).map(([operation, right]) =>
      operation === 'contains' && mode
        ? operated(column, 'containsInAnyCase', right)
        : operated(column, operation, right),
    ),
    'AND',
  );
}

function operated({ name, type }: Column, operation: string, right: unknown): Prisma.Sql | null {
  const left = Prisma.raw(name);
  if (right === null) {
    if (operation === 'equals') return Prisma.sql`${left} IS NULL`;
    return operation === 'not' ? Prisma.sql`${left} IS NOT NULL` : null;
  }
  // Prisma would ignore the condition.
  if (right === undefined) return null;
  const typed = Prisma.raw(`::${type}`);
  switch (operation) {
    case 'in':
      if (right instanceof Prisma.Sql) return Prisma.sql`${left} = ANY(ARRAY(${right}))`;
      return Array.isArray(right)
        ? Prisma.sql`${left} = ANY(${arrayOf(type, right)}${Prisma.raw(`::${type}[]`)})`
        : null;
    case 'not':
      return Prisma.sql`${left} <> ${right}${typed}`;
    case 'contains':
      return typeof right === 'string' ? Prisma.sql`${left} LIKE ${`%${right}%`}` : null;
    case 'containsInAnyCase':
      return typeof right === 'string' ? Prisma.sql`${left} ILIKE ${`%${right}%`}` : null;
    case 'has':
      return Prisma.sql`${left} @> ${[right]}${typed}`;
    case 'isEmpty':
      return right === true ? Prisma.sql`${left} = '{}'` : Prisma.sql`${left} <> '{}'`;
    default: {
      const sign = comparisons[operation];
      return sign === undefined ? null : Prisma.sql`${left} ${Prisma.raw(sign)} ${right}${typed}`;
    }
  }
}

/** The driver would check each element for quotes. */
function arrayOf(type: string, elements: unknown[]): unknown {
  return type === 'uuid' ? `{${elements.join(',')}}` : elements;
}

export type Order = readonly Readonly<Record<string, unknown>>[];

/** Converts a Prisma order to SQL. */
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
