import type { Change } from './change.ts';
import { z } from 'zod';
import { SharePermission, type TaskShare } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { Conflict, Forbidden, NotFound, ValidationFailed } from '../errors.ts';
import { earlierRemoval } from '../log/earlier-removal.ts';
import { append, currentCursor } from '../log/append.ts';
import { newId } from '../ids.ts';
import {
  can,
  placement,
  unexpired,
  visible,
  type Person,
  type TaskPlacement,
  type Viewer,
} from '../policy.ts';
import { lockTasks } from '../sql/locks.ts';
import { clearAssigneeOfShare } from '../sql/tasks-along.ts';
import { viewerOf } from '../sql/viewer.ts';
import { checkQuota } from './quota.ts';
import { dropOffers, offerShare, type OfferReceiver } from './share-offer.ts';
import { emailAddress } from './email-address.ts';
import { idOf, NOT_NULL, parse } from './validation.ts';

export interface Sharing {
  shareId: string | null;
  offerId: string | null;
  secret: string | null;
  cursor: string;
}

const ONLY_LEADERS = 'Only the task’s owner, and the owner and admins of its team, can share it.';

const expiry = z
  .date('Enter a time in the form 2026-12-31T18:00:00Z.')
  .refine((at) => at > new Date(), '`expiresAt` must be in the future. To end the share now, revoke it.');

const sharing = z
  .object({
    taskId: idOf('Task'),
    userId: idOf('User').nullish(),
    email: emailAddress.nullish(),
    permission: z
      .enum(SharePermission)
      .nullish()
      .transform((value) => value ?? 'VIEW'),
    expiresAt: expiry.nullish().transform((value) => value ?? null),
  })
  .refine(({ userId, email }) => (userId == null) !== (email == null), {
    message: 'Specify either `userId` or `email`.',
    path: ['userId'],
  });

const edit = z.object({
  id: idOf('TaskShare'),
  permission: z.enum(SharePermission, NOT_NULL).optional(),
  expiresAt: expiry.nullish(),
});

/** Members of a common team get access; others get an offer. Idempotent. @throws Conflict on other terms. */
export async function shareTask(db: Database, person: Person, input: unknown): Promise<Sharing> {
  const { taskId, permission, expiresAt, ...named } = parse(sharing, input);
  await checkQuota(db, person);
  return inTransaction(db, async (tx) => {
    await lockTasks(tx, person, [taskId]);
    const viewer = await viewerOf(tx, person);
    const where = { id: taskId, AND: visible.task(viewer) };
    const task = await tx.task.findFirst({ where, select: { ...placement, title: true } });
    if (!task) throw new NotFound('task', taskId);
    if (!can(viewer, 'task.share', task)) throw new Forbidden(ONLY_LEADERS, taskId);
    const receiver = await receiverOf(tx, viewer, named);
    const known = await knownReceiver(tx, viewer, task, receiver);
    if (!known) {
      const { id, ...offered } = await offerShare(tx, viewer, task, receiver, { permission, expiresAt });
      return { shareId: null, offerId: id, ...offered };
    }
    const sharedWithId = known.id;

    const earlier = await tx.taskShare.findFirst({
      where: { taskId, sharedWithId },
      select: { id: true, permission: true, expiresAt: true },
    });
    if (earlier && isLive(earlier)) {
      if (earlier.permission !== permission || earlier.expiresAt?.getTime() !== expiresAt?.getTime())
        throw new Conflict(
          'This task is already shared with this person on other terms. Change that share instead.',
        );
      return made(earlier.id, await currentCursor(tx));
    }
    if (earlier) await tx.taskShare.delete({ where: { id: earlier.id }, select: { id: true } });

    const share = { id: newId(), taskId, sharedWithId, sharedById: person.userId, permission, expiresAt };
    await tx.taskShare.create({ data: share, select: { id: true } });
    await dropOffers(tx, taskId, { userId: known.id, email: known.email });
    const cursor = await append(tx, {
      kind: 'task.shared',
      ...eventFields(person, share, task),
      data: { taskId, permission },
    });
    return made(share.id, cursor);
  });
}

function made(shareId: string, cursor: string): Sharing {
  return { shareId, offerId: null, secret: null, cursor };
}

/** Omitted fields do not change. A null `expiresAt` removes the expiry. */
export async function updateShare(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id, ...wanted } = parse(edit, input);
  return inTransaction(db, async (tx) => {
    const { viewer, share } = await lockedShare(tx, person, id);
    if (!share) throw new NotFound('share', id);
    if (!can(viewer, 'task.share', share.task)) throw new Forbidden(ONLY_LEADERS, id);

    const permission = wanted.permission ?? share.permission;
    const expiresAt = wanted.expiresAt === undefined ? share.expiresAt : wanted.expiresAt;
    if (permission === share.permission && expiresAt?.getTime() === share.expiresAt?.getTime())
      return { id, cursor: await currentCursor(tx) };

    await tx.taskShare.update({ where: { id }, data: { permission, expiresAt }, select: { id: true } });
    const cursor = await append(tx, {
      kind: 'task.shareUpdated',
      ...eventFields(person, share, share.task),
      data: { taskId: share.taskId, permission },
    });
    return { id, cursor };
  });
}

/** Ends a share, also for its receiver. Idempotent. */
export async function revokeShare(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id } = parse(z.object({ id: idOf('TaskShare') }), input);
  return inTransaction(db, async (tx) => {
    const { viewer, share } = await lockedShare(tx, person, id);
    if (!share) {
      const cursor = await earlierRemoval(tx, 'task.shareRevoked', person, id);
      if (cursor === null) throw new NotFound('share', id);
      return { id, cursor };
    }
    if (share.sharedWithId !== viewer.ownId && !can(viewer, 'task.share', share.task))
      throw new Forbidden(ONLY_LEADERS, id);

    await tx.taskShare.delete({ where: { id }, select: { id: true } });
    await clearAssigneeOfShare(tx, person, { taskId: share.taskId, userId: share.sharedWithId });
    const cursor = await append(tx, {
      kind: 'task.shareRevoked',
      ...eventFields(person, share, share.task),
      data: { taskId: share.taskId },
    });
    return { id, cursor };
  });
}

/** People outside a task's team who see it through a share. 0 for viewers who must not learn it. */
export async function outsidersOf(db: Database, viewer: Viewer, taskId: string): Promise<number> {
  const where = { id: taskId, AND: visible.task(viewer) };
  const task = await db.task.findFirst({ where, select: { teamId: true } });
  if (!task?.teamId || !viewer.teams.has(task.teamId)) return 0;
  return db.taskShare.count({
    where: {
      taskId,
      OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }],
      sharedWith: { memberships: { none: { teamId: task.teamId } } },
    },
  });
}

async function lockedShare(tx: Transaction, person: Person, id: string) {
  const found = await tx.taskShare.findUnique({ where: { id }, select: { taskId: true } });
  if (found) await lockTasks(tx, person, [found.taskId]);
  const viewer = await viewerOf(tx, person);
  const share = await tx.taskShare.findFirst({
    where: { id, AND: visible.share(viewer) },
    include: { task: { select: placement } },
  });
  return { viewer, share };
}

interface Named {
  userId?: string | null | undefined;
  email?: string | null | undefined;
}

/** Any address can be named; an id only of people the viewer sees. */
async function receiverOf(tx: Transaction, viewer: Viewer, { userId, email }: Named): Promise<OfferReceiver> {
  if (email != null) return { userId: null, email };
  const id = userId ?? '';
  const seen = await tx.user.count({ where: { id, AND: visible.user(viewer) } });
  if (seen === 0) throw new NotFound('person', id);
  return { userId: id, email: null };
}

/** Members of common teams, and receivers of a share, need no offer. The viewer sees all of them. */
async function knownReceiver(
  tx: Transaction,
  viewer: Viewer,
  task: TaskPlacement,
  { userId, email }: OfferReceiver,
) {
  const known = await tx.user.findFirst({
    where: {
      ...(email === null ? { id: userId } : { email }),
      OR: [
        { id: { in: [viewer.actorId, task.ownerId] } },
        { memberships: { some: visible.membership(viewer) } },
        { sharesReceived: { some: { taskId: task.id, AND: unexpired() } } },
      ],
    },
    select: { id: true, email: true },
  });
  const field = email === null ? 'userId' : 'email';
  if (known?.id === viewer.actorId) {
    throw new ValidationFailed('You cannot share a task with yourself.', { field });
  }
  if (known?.id === task.ownerId) {
    throw new ValidationFailed('This person owns the task. Choose someone else.', { field });
  }
  return known;
}

function isLive({ expiresAt }: Pick<TaskShare, 'expiresAt'>): boolean {
  return expiresAt === null || expiresAt > new Date();
}

/** The receiver reads the event; if they gave up the share themselves, the task's owner does. */
function eventFields({ userId }: Person, share: Pick<TaskShare, 'id' | 'sharedWithId'>, task: TaskPlacement) {
  return {
    actorId: userId,
    subjectId: share.id,
    teamId: task.teamId,
    personId: share.sharedWithId === userId ? task.ownerId : share.sharedWithId,
  };
}
