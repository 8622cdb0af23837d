import type { Prisma, SharePermission, Task, TaskShare } from '../prisma/generated/client/client.ts';

/** Who asks: always resolved from a credential, never from an argument. */
export interface Viewer {
  userId: string;
}

/** What a viewer may want to do with a task. */
export type TaskAction = 'edit' | 'delete' | 'share';

/** The part of a task that decides rights, with the shares that `liveShares` selects. */
export type TaskSubject = Pick<Task, 'ownerId'> & { shares: Pick<TaskShare, 'permission'>[] };

/** The viewer's own shares that have not run out. */
export function liveShares(viewer: Viewer): Prisma.TaskShareWhereInput {
  return {
    sharedWithId: viewer.userId,
    OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }],
  };
}

/** The second face of the rule: what a viewer sees, as a filter that every query carries. */
export const visible = {
  task: (viewer: Viewer): Prisma.TaskWhereInput => ({
    OR: [{ ownerId: viewer.userId }, { shares: { some: liveShares(viewer) } }],
  }),

  /** Oneself, and the people on the other side of a share. */
  user: (viewer: Viewer): Prisma.UserWhereInput => ({
    OR: [
      { id: viewer.userId },
      { tasks: { some: { shares: { some: liveShares(viewer) } } } },
      { sharesReceived: { some: { task: { ownerId: viewer.userId } } } },
    ],
  }),
};

/** Rights add up: what ownership or a share allows is allowed. Only ownership deletes and shares. */
export function can(viewer: Viewer, action: TaskAction, task: TaskSubject): boolean {
  if (task.ownerId === viewer.userId) return true;
  return task.shares.some((share) => grants[share.permission].includes(action));
}

const grants: Record<SharePermission, readonly TaskAction[]> = { VIEW: [], EDIT: ['edit'] };
