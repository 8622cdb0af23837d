import type { Task, TaskShare } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';
import { liveShareOf, placement, visible, type TaskSubject, type Viewer } from '../policy.ts';

export type SeenTask = Task & TaskSubject;

/** The visible ones of some tasks by id, each with the viewer's share. */
export async function seenTasks(
  tx: Transaction,
  viewer: Viewer,
  ids: readonly string[],
): Promise<Map<string, SeenTask>> {
  const include = { shares: heldBy(viewer) };
  return byId(await tx.task.findMany({ ...seenBy(viewer, ids), include }));
}

/** Like `seenTasks`, but only with the fields that decide rights. */
export async function seenPlacements(
  tx: Transaction,
  viewer: Viewer,
  ids: readonly string[],
): Promise<Map<string, TaskSubject>> {
  const select = { ...placement, shares: heldBy(viewer) };
  return byId(await tx.task.findMany({ ...seenBy(viewer, ids), select }));
}

function seenBy(viewer: Viewer, ids: readonly string[]) {
  const where = { id: { in: [...ids] }, AND: visible.task(viewer) };
  return { where, relationLoadStrategy: 'join' } as const;
}

function heldBy(viewer: Viewer) {
  return { where: liveShareOf(viewer), select: { permission: true } } as const;
}

function byId<Row extends { id: string; shares: Pick<TaskShare, 'permission'>[] }>(rows: readonly Row[]) {
  return new Map(
    rows.map(({ shares: [share], ...task }) => [task.id, { ...task, share: share?.permission ?? null }]),
  );
}
