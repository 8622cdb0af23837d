import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';
import type { Viewer } from '../policy.ts';
import { visibleSql } from './visible.ts';

export interface Place {
  id: string;
  position: string;
}

/** The next visible tasks in one direction, nearest first, without the moved one. */
export async function neighboursOf(
  tx: Transaction,
  viewer: Viewer,
  moved: string,
  { id, position }: Place,
  direction: 'asc' | 'desc',
  limit: number,
): Promise<Place[]> {
  const isAscending = direction === 'asc';
  const further = isAscending ? Prisma.sql`>` : Prisma.sql`<`;
  const order = isAscending ? Prisma.sql`position, id` : Prisma.sql`position DESC, id DESC`;
  return tx.$queryRaw<Place[]>`
    /* neighboursOf */
    SELECT id, position FROM ${visibleSql.tasks(viewer)} AS tasks
    WHERE (position, id) ${further} (${position}, ${id}::uuid) AND id <> ${moved}::uuid
    ORDER BY ${order} LIMIT ${limit}`;
}
