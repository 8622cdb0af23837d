import { z } from 'zod';
import { ValidationFailed } from '../server/errors.ts';

const LARGEST_PAGE = 100;
const DEFAULT_PAGE = 50;

export interface PageArguments {
  first?: number | null | undefined;
  last?: number | null | undefined;
  after?: string | null | undefined;
  before?: string | null | undefined;
}

export type Direction = 'asc' | 'desc';

/** One column of an order; the id comes last by itself, so that the order is total. */
export interface OrderBy<Field extends string> {
  field: Field;
  direction: Direction;
  /** How a cursor's value of this column is read back. */
  value: z.ZodType;
}

type Condition = Record<string, unknown>;

/** What a list's query needs to fetch one page, and how its rows become a connection. */
export interface Page<Field extends string> {
  where: Condition;
  orderBy: Record<string, Direction>[];
  take: number;
  connection<Row extends Record<Field | 'id', unknown>>(
    rows: Row[],
  ): {
    edges: { node: Row; cursor: string }[];
    pageInfo: {
      hasNextPage: boolean;
      hasPreviousPage: boolean;
      startCursor: string | null;
      endCursor: string | null;
    };
  };
}

/**
 * Pages by the values of the last row seen rather than by counting rows, so that a page stays right while
 * rows come and go, and the thousandth page costs what the first does.
 * @throws ValidationFailed for a page size or a cursor that cannot be.
 */
export function page<Field extends string>(
  args: PageArguments,
  order: readonly OrderBy<Field>[],
): Page<Field> {
  const size = pageSize(args);
  const backward = args.last != null;
  const columns = [
    ...order,
    { field: 'id' as const, direction: order.at(-1)?.direction ?? 'asc', value: z.uuid() },
  ];
  const signature = columns.map(({ field, direction }) => `${field}:${direction}`).join();

  const toCursor = (row: Record<Field | 'id', unknown>) =>
    Buffer.from(JSON.stringify([signature, ...columns.map(({ field }) => row[field])])).toString('base64url');

  const bound = (cursor: string, side: 'after' | 'before'): Condition => {
    const values = readCursor(
      cursor,
      z.tuple([z.literal(signature), ...columns.map(({ value }) => value)]),
      side,
    );
    const operators = columns.map(({ direction }) =>
      (direction === 'asc') === (side === 'after') ? 'gt' : 'lt',
    );
    const alternatives = columns.map(({ field }, depth) => ({
      ...Object.fromEntries(columns.slice(0, depth).map((earlier, i) => [earlier.field, values[i]])),
      [field]: { [operators[depth] ?? 'gt']: values[depth] },
    }));
    return { OR: alternatives };
  };

  const bounds: Condition[] = [];
  if (args.after != null) bounds.push(bound(args.after, 'after'));
  if (args.before != null) bounds.push(bound(args.before, 'before'));

  return {
    where: { AND: bounds },
    orderBy: columns.map(({ field, direction }) => ({ [field]: backward ? reverse(direction) : direction })),
    take: size + 1,
    connection(rows) {
      const more = rows.length > size;
      const seen = rows.slice(0, size);
      if (backward) seen.reverse();
      const edges = seen.map((node) => ({ node, cursor: toCursor(node) }));
      return {
        edges,
        pageInfo: {
          hasNextPage: backward ? args.before != null : more,
          hasPreviousPage: backward ? more : args.after != null,
          startCursor: edges[0]?.cursor ?? null,
          endCursor: edges.at(-1)?.cursor ?? null,
        },
      };
    },
  };
}

function pageSize({ first, last }: PageArguments): number {
  if (first != null && last != null) {
    throw new ValidationFailed('Ask for the `first` or the `last` of a list, not for both.', {
      field: 'last',
    });
  }
  const size = first ?? last ?? DEFAULT_PAGE;
  if (size < 0 || size > LARGEST_PAGE) {
    throw new ValidationFailed(
      `A page holds 0 to ${LARGEST_PAGE} objects; ask for the next page by its cursor.`,
      {
        field: last == null ? 'first' : 'last',
      },
    );
  }
  return size;
}

function reverse(direction: Direction): Direction {
  return direction === 'asc' ? 'desc' : 'asc';
}

function readCursor(cursor: string, shape: z.ZodTuple, side: 'after' | 'before'): unknown[] {
  try {
    return shape.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString())).slice(1);
  } catch {
    throw new ValidationFailed(
      'This cursor is not from this list in this order; start from the first page.',
      {
        field: side,
      },
    );
  }
}
