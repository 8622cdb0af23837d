import type { Task } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';
import { liveShareOf, visible, type TaskSubject, type Viewer } from '../policy.ts';

/** A task with everything that decides the viewer's rights on it. */
export type SeenTask = Task & TaskSubject;

/** Those of some tasks that a viewer sees, by their ids, each with the share that the viewer holds of it. */
export async function seenTasks(
  tx: Transaction,
  viewer: Viewer,
  ids: readonly string[],
): Promise<Map<string, SeenTask>> {
  const rows = await tx.task.findMany({
    where: { id: { in: [...ids] }, AND: visible.task(viewer) },
    include: { shares: { where: liveShareOf(viewer), select: { permission: true } } },
    relationLoadStrategy: 'join',
  });
  return new Map(
    rows.map(({ shares: [share], ...task }) => [task.id, { ...task, share: share?.permission ?? null }]),
  );
}
