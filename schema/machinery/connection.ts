import { z } from 'zod';
import { ValidationFailed } from '../../server/errors.ts';
import type { Bound, TotalOrder } from '../../server/sql/ordered-tasks.ts';

export const LARGEST_PAGE = 100;
const DEFAULT_PAGE = 50;

export interface PageArguments {
  first?: number | null | undefined;
  last?: number | null | undefined;
  after?: string | null | undefined;
  before?: string | null | undefined;
}

export type Direction = 'asc' | 'desc';

/**
 * A sortable column. The id is added as the last criterion unless the column is unique, so every order is
 * total.
 */
export interface Column<Field extends string = string> {
  field: Field;
  /** Parses the column's value from a cursor. */
  value: z.ZodType;
  /** Null values come last in both directions. */
  nullable?: boolean;
  unique?: boolean;
  /** The direction of the id among equal values. Default: that of the column. */
  ties?: Direction;
  /** Enum values from lowest to highest, as PostgreSQL orders them. */
  ranks?: readonly string[];
}

export type OrderBy<Field extends string = string> = Column<Field> & { direction: Direction };

/** Parses a time from a cursor. */
export const moment = z.iso
  .datetime()
  .transform((value) => new Date(value))
  .refine((value) => value.getTime() >= Date.parse('0001-01-01'), 'PostgreSQL has no year 0.');

/** Parses an integer beyond 2^53 from a cursor. */
export const bigNumber = z
  .string()
  .regex(/^\d{1,19}$/)
  .transform(BigInt);

const idColumn: Column<'id'> = { field: 'id', value: z.uuid() };

type Condition = Record<string, unknown>;

interface Selection {
  select?: Record<string, unknown> | undefined;
}

export interface Page<Field extends string> {
  /** The order and the cursors, for lists that are read by SQL. */
  order: TotalOrder;
  where: Condition;
  orderBy: Record<string, unknown>[];
  take: number;
  /** Adds the columns of the cursor to a selection. */
  withCursor: <Query extends Selection>(query: Query) => Query;
  connection<Row extends Record<Field, unknown>>(rows: Row[]): Connection<Row>;
}

export interface Connection<Row> {
  edges: { node: Row; cursor: string }[];
  pageInfo: PageInfo;
}

/** Encodes its cursor only when it is selected. */
class Edge<Row extends object> {
  readonly node: Row;
  readonly #encodeCursor: (row: Row) => string;

  constructor(node: Row, encodeCursor: (row: Row) => string) {
    this.node = node;
    this.#encodeCursor = encodeCursor;
  }

  get cursor(): string {
    return this.#encodeCursor(this.node);
  }
}

/**
 * A class, since object literals with getters get a hidden class per instance, which keeps the page in
 * memory.
 */
class PageInfo {
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
  readonly #edges: readonly { cursor: string }[];

  constructor(edges: readonly { cursor: string }[], hasNextPage: boolean, hasPreviousPage: boolean) {
    this.#edges = edges;
    this.hasNextPage = hasNextPage;
    this.hasPreviousPage = hasPreviousPage;
  }

  get startCursor(): string | null {
    return this.#edges[0]?.cursor ?? null;
  }

  get endCursor(): string | null {
    return this.#edges.at(-1)?.cursor ?? null;
  }
}

/**
 * Keyset pagination: pages stay correct while rows are added or removed, and every page costs the same.
 * @throws ValidationFailed for an invalid page size or cursor.
 */
export function page<Field extends string>(
  args: PageArguments,
  order: readonly OrderBy<Field>[],
): Page<Field> {
  const size = pageSize(args);
  const backward = args.last != null;
  const last = order.at(-1);
  const columns: OrderBy[] = last?.unique
    ? [...order]
    : [...order, { ...idColumn, direction: last?.ties ?? last?.direction ?? 'asc' }];
  const signature = columns.map(({ field, direction }) => `${field}:${direction}`).join();
  // Created only for requests with a cursor.
  const shape = () =>
    z.tuple([
      z.literal(signature),
      ...columns.map(({ value, nullable }) => (nullable ? value.nullable() : value)),
    ]);

  const encodeCursor = (row: Record<string, unknown>) =>
    Buffer.from(JSON.stringify([signature, ...columns.map(({ field }) => written(row[field]))])).toString(
      'base64url',
    );
  const bounds = (['after', 'before'] as const).flatMap((side): Bound[] => {
    const cursor = args[side];
    return cursor == null ? [] : [{ values: readCursor(cursor, shape(), side), side }];
  });

  return {
    order: { criteria: columns, bounds, isBackward: backward },
    where: { AND: bounds.map(({ values, side }) => beyond(columns, values, side === 'after')) },
    orderBy: columns.map((column) => ({ [column.field]: sortOf(column, backward) })),
    take: size + 1,
    withCursor(query) {
      if (!query.select) return query;
      const ofCursor = Object.fromEntries(columns.map(({ field }) => [field, true]));
      return { ...query, select: { ...query.select, ...ofCursor } };
    },
    connection(rows) {
      const more = rows.length > size;
      const seen = rows.slice(0, size);
      if (backward) seen.reverse();
      const edges = seen.map((node) => new Edge(node, encodeCursor));
      return {
        edges,
        pageInfo: new PageInfo(
          edges,
          backward ? args.before != null : more,
          backward ? more : args.after != null,
        ),
      };
    },
  };
}

/** JSON has no large integers. */
function written(value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function pageSize({ first, last }: PageArguments): number {
  if (first != null && last != null) {
    throw new ValidationFailed('Specify either `first` or `last`, not both.', {
      field: 'last',
    });
  }
  const size = first ?? last ?? DEFAULT_PAGE;
  if (size < 0 || size > LARGEST_PAGE) {
    throw new ValidationFailed(
      `A page can have 0 to ${LARGEST_PAGE} objects. Use \`after\` to get the next page.`,
      { field: last == null ? 'first' : 'last' },
    );
  }
  return size;
}

function sortOf({ direction, nullable }: OrderBy, backward: boolean): unknown {
  const sort = backward ? reverse(direction) : direction;
  return nullable ? { sort, nulls: backward ? 'first' : 'last' } : sort;
}

function reverse(direction: Direction): Direction {
  return direction === 'asc' ? 'desc' : 'asc';
}

/** Rows beyond the given values: equal in the first columns, and beyond them in the next one. */
function beyond(columns: readonly OrderBy[], values: readonly unknown[], after: boolean): Condition {
  const alternatives = columns.flatMap((column, depth) => {
    const next = beyondIn(column, values[depth], after);
    if (!next) return [];
    const equal = columns.slice(0, depth).map(({ field }, i) => ({ [field]: values[i] }));
    return [{ AND: [...equal, next] }];
  });
  return { OR: alternatives };
}

/** Null if no row can be beyond: null values are last. */
function beyondIn(
  { field, direction, nullable, ranks }: OrderBy,
  value: unknown,
  after: boolean,
): Condition | null {
  if (value === null) return after ? null : { [field]: { not: null } };
  const greater = (direction === 'asc') === after;
  const rank = ranks?.indexOf(value as string) ?? 0;
  const condition = ranks
    ? { in: greater ? ranks.slice(rank + 1) : ranks.slice(0, rank) }
    : { [greater ? 'gt' : 'lt']: value };
  return nullable && after ? { OR: [{ [field]: condition }, { [field]: null }] } : { [field]: condition };
}

function readCursor(cursor: string, shape: z.ZodTuple, side: 'after' | 'before'): unknown[] {
  try {
    return shape.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString())).slice(1);
  } catch {
    throw new ValidationFailed(
      'The cursor does not belong to this list and order. Start again without a cursor.',
      {
        field: side,
      },
    );
  }
}
