import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';
import type { Viewer } from '../policy.ts';
import { orderedTasks, type TotalOrder } from './ordered-tasks.ts';

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
  const criteria = ['position', 'id'].map((field) => ({ field, direction }));
  const order: TotalOrder = {
    criteria,
    bounds: [{ values: [position, id], side: 'after' }],
    isBackward: false,
  };
  const wanted = { where: { NOT: { id: moved } }, order, take: limit };
  return tx.$queryRaw<Place[]>(
    Prisma.sql`/* neighboursOf */ ${orderedTasks(viewer, null, wanted, Prisma.sql`tasks.id, tasks.position`)}`,
  );
}
