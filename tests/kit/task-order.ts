import { expect } from 'vitest';
import { TaskPriority, TaskStatus, type Task } from '../../prisma/generated/client/client.ts';
import { publicId } from '../../server/ids.ts';
import type { Dice } from './dice.ts';
import type { Person } from './world.ts';

export interface OrderPart {
  field: string;
  direction: 'ASC' | 'DESC';
}

/** The value of each order field in a row; text that every collation sorts in the same way. */
export const orderColumns: Record<string, (task: Task) => number | string | null> = {
  CREATED_AT: (task) => task.createdAt.getTime(),
  UPDATED_AT: (task) => task.updatedAt.getTime(),
  DUE_ON: (task) => task.dueOn?.getTime() ?? null,
  PRIORITY: (task) => Object.values(TaskPriority).indexOf(task.priority),
  STATUS: (task) => Object.values(TaskStatus).indexOf(task.status),
  TITLE: (task) => task.title,
  POSITION: (task) => task.position,
  COMPLETED_AT: (task) => task.completedAt?.getTime() ?? null,
};

export function someOrder({ roll, pick }: Dice, fields = Object.keys(orderColumns)): OrderPart[] {
  const shuffled = [...fields].sort(() => roll(3) - 1);
  return shuffled.slice(0, 1 + roll(3)).map((field) => ({ field, direction: pick(['ASC', 'DESC']) }));
}

/**
 * Public ids in the documented order: by each field in turn, rows without a value last, then by id in the direction of the
 * last field; after the due date, the newest first.
 */
export function sorted(tasks: readonly Task[], order: readonly OrderPart[]): string[] {
  const compare = (a: Task, b: Task) => {
    for (const { field, direction } of order) {
      const [x, y] = [orderColumns[field]?.(a) ?? null, orderColumns[field]?.(b) ?? null];
      if (x === y) continue;
      if (x === null) return 1;
      if (y === null) return -1;
      return x < y === (direction === 'ASC') ? -1 : 1;
    }
    const last = order.at(-1);
    return a.id < b.id === (last?.direction === 'ASC' && last.field !== 'DUE_ON') ? -1 : 1;
  };
  return [...tasks].sort(compare).map(({ id }) => publicId('Task', id));
}

interface Answer {
  tasks: {
    edges: { cursor: string; node: { id: string } }[];
    pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string; endCursor: string };
  };
}

export const LIST = `query ($filter: TaskFilter, $orderBy: [TaskOrder!], $first: Int, $after: String, $last: Int, $before: String) {
  tasks(filter: $filter, orderBy: $orderBy, first: $first, after: $after, last: $last, before: $before) {
    edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }`;

export interface Pages {
  size: number;
  forward: boolean;
  filter?: object;
  between?: () => Promise<unknown>;
}

/** Reads a whole list page by page, forward or backward. @returns the ids in order. */
export async function walk(person: Person, orderBy: readonly OrderPart[], pages: Pages): Promise<string[]> {
  const { size, forward, filter, between } = pages;
  const seen: string[] = [];
  let cursor: string | null = null;
  for (let turn = 0; turn < 200; turn++) {
    const window: object = forward ? { first: size, after: cursor } : { last: size, before: cursor };
    const { tasks }: Answer = await person.query<Answer>(LIST, { filter, orderBy, ...window });
    const ids = tasks.edges.map(({ node }) => node.id);
    expect(ids.length).toBeLessThanOrEqual(size);
    expect([tasks.pageInfo.startCursor, tasks.pageInfo.endCursor]).toEqual([
      tasks.edges[0]?.cursor ?? null,
      tasks.edges.at(-1)?.cursor ?? null,
    ]);
    if (forward) seen.push(...ids);
    else seen.unshift(...ids);
    const more = forward ? tasks.pageInfo.hasNextPage : tasks.pageInfo.hasPreviousPage;
    if (!more) return seen;
    cursor = forward ? tasks.pageInfo.endCursor : tasks.pageInfo.startCursor;
    await between?.();
  }
  throw new Error('the list has no end');
}
