import type { Change } from './change.ts';
import { z } from 'zod';
import type { Prisma, SharePermission, Task } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { Conflict, Forbidden, NotFound } from '../errors.ts';
import { earlierRemoval } from '../log/earlier-removal.ts';
import type { NewEvent } from '../log/catalogue.ts';
import { append, currentCursor } from '../log/append.ts';
import { appendShareOfferEvent } from '../log/offer-event.ts';
import { newId } from '../ids.ts';
import {
  can,
  offeredTo,
  openTo,
  placement,
  visible,
  type Person,
  type TaskPlacement,
  type Viewer,
} from '../policy.ts';
import { hashOfSecret, newSecret } from '../secrets.ts';
import { lockOfferedTask, lockTasks, lockUser } from '../sql/locks.ts';
import { viewerOf } from '../sql/viewer.ts';
import { idOf, parse } from './validation.ts';

export const OFFERED_FOR_DAYS = 30;
const OFFERED_FOR_MS = OFFERED_FOR_DAYS * 24 * 60 * 60_000;

export const MOST_OFFERS = 100;

const LONGEST_SECRET = 100;

/** The receiver as named by the sender. Responses must not depend on whether an address has an account. */
export type OfferReceiver = { userId: string; email: null } | { userId: null; email: string };

export interface OfferTerms {
  permission: SharePermission;
  expiresAt: Date | null;
}

export interface Offered {
  id: string;
  secret: string | null;
  cursor: string;
}

const byId = z.object({ id: idOf('ShareOffer') });

export const secretOf = z.string().max(LONGEST_SECRET, 'Enter the secret of a link.');

const offerReference = z
  .object({ id: idOf('ShareOffer').nullish(), secret: secretOf.nullish() })
  .refine(({ id, secret }) => (id == null) !== (secret == null), {
    message: 'Specify either `id` or `secret`.',
    path: ['id'],
  });
type OfferReference = z.output<typeof offerReference>;

/** The caller has locked the task. @throws Conflict if the sender has 100 open offers to the receiver. */
export async function offerShare(
  tx: Transaction,
  sender: Viewer,
  task: TaskPlacement & Pick<Task, 'title'>,
  receiver: OfferReceiver,
  { permission, expiresAt: shareExpiresAt }: OfferTerms,
): Promise<Offered> {
  await lockUser(tx, sender.actorId);
  const earlier = await tx.shareOffer.findFirst({
    where: { taskId: task.id, ...receiver },
    select: { id: true, offeredById: true, expiresAt: true },
  });
  const renews = earlier?.offeredById === sender.actorId && earlier.expiresAt > new Date();
  if (!renews) await checkRoom(tx, sender, receiver);

  const id = earlier?.id ?? newId();
  const secret = receiver.email === null ? null : newSecret();
  const lasts = Date.now() + OFFERED_FOR_MS;
  const terms = {
    offeredById: sender.actorId,
    title: task.title,
    permission,
    shareExpiresAt,
    secretHash: secret === null ? null : hashOfSecret(secret),
    expiresAt: new Date(Math.min(lasts, shareExpiresAt?.getTime() ?? lasts)),
  };
  await tx.shareOffer.upsert({
    where: { id },
    create: { id, taskId: task.id, ...receiver, ...terms },
    update: terms,
    select: { id: true },
  });
  await appendShareOfferEvent(tx, 'task.shareOffered', id);
  // The sender's event does not name the receiver, so it is the same for every address.
  const cursor = await append(tx, {
    kind: 'task.shareOffered',
    actorId: sender.actorId,
    subjectId: id,
    teamId: task.teamId,
    data: { taskId: task.id, permission },
  });
  return { id, secret, cursor };
}

async function checkRoom(tx: Transaction, { actorId }: Viewer, receiver: OfferReceiver): Promise<void> {
  const where = { offeredById: actorId, ...receiver, expiresAt: { gt: new Date() } };
  if ((await tx.shareOffer.count({ where })) < MOST_OFFERS) return;
  throw new Conflict(
    `This person has ${MOST_OFFERS} unanswered offers from you. Revoke an offer, or wait for an answer.`,
  );
}

/** The share keeps the offer's id. @throws Conflict if the person has a share, or may share themselves. */
export async function acceptShare(db: Database, person: Person, input: unknown): Promise<Change> {
  const reference = parse(offerReference, input);
  return inTransaction(db, async (tx) => {
    const { viewer, offer } = await heldOffer(tx, person, reference);
    if (!offer) {
      const id = reference.id ?? undefined;
      const where = { id: id ?? '', sharedWithId: person.userId, AND: visible.share(viewer) };
      const accepted = id !== undefined && (await tx.taskShare.count({ where })) > 0;
      if (!accepted) throw new NotFound('share offer', id);
      return { id, cursor: await currentCursor(tx) };
    }
    const { id, task, permission } = offer;
    if (!(await mayStillShare(tx, offer.offeredById, task))) throw new NotFound('share offer', id);
    if (can(viewer, 'task.share', task)) {
      throw new Conflict('You can already share this task, so there is nothing to accept.');
    }
    const { actorId: userId } = viewer;
    const earlier = await tx.taskShare.findFirst({
      where: { taskId: task.id, sharedWithId: userId },
      select: { id: true, expiresAt: true },
    });
    if (earlier && (earlier.expiresAt === null || earlier.expiresAt > new Date())) {
      throw new Conflict('This task is already shared with you. Decline this offer.');
    }
    if (earlier) await tx.taskShare.delete({ where: { id: earlier.id }, select: { id: true } });
    await dropOffers(tx, task.id, { id, userId, email: viewer.verifiedEmail });
    const share = { id, taskId: task.id, sharedWithId: userId, sharedById: offer.offeredById, permission };
    await tx.taskShare.create({ data: { ...share, expiresAt: offer.shareExpiresAt }, select: { id: true } });
    const data = { taskId: task.id, permission };
    return {
      id,
      cursor: await appendAnswer(tx, viewer, task, { kind: 'task.shareAccepted', subjectId: id, data }),
    };
  });
}

/** Idempotent by id. */
export async function refuseShare(db: Database, person: Person, input: unknown): Promise<Change> {
  const reference = parse(offerReference, input);
  return inTransaction(db, async (tx) => {
    const { viewer, offer } = await heldOffer(tx, person, reference);
    if (!offer) return removedEarlier(tx, 'task.shareRefused', person, reference.id ?? undefined);
    const { id, task } = offer;
    await tx.shareOffer.delete({ where: { id }, select: { id: true } });
    const data = { taskId: task.id };
    return {
      id,
      cursor: await appendAnswer(tx, viewer, task, { kind: 'task.shareRefused', subjectId: id, data }),
    };
  });
}

/** Idempotent. */
export async function revokeShareOffer(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id } = parse(byId, input);
  return inTransaction(db, async (tx) => {
    const found = await tx.shareOffer.findUnique({ where: { id }, select: { taskId: true } });
    if (found) await lockTasks(tx, person, [found.taskId]);
    const viewer = await viewerOf(tx, person);
    const offer = await tx.shareOffer.findFirst({
      where: { id, AND: visible.shareOffer(viewer) },
      select: { task: { select: placement } },
    });
    if (!offer) return removedEarlier(tx, 'task.shareOfferRevoked', person, id);
    const { task } = offer;
    if (!can(viewer, 'task.share', task)) {
      throw new Forbidden(
        'Only people who can share the task can revoke its offers. Decline the offer instead.',
        id,
      );
    }
    await appendShareOfferEvent(tx, 'task.shareOfferRevoked', id);
    await tx.shareOffer.delete({ where: { id }, select: { id: true } });
    const event = { kind: 'task.shareOfferRevoked', actorId: person.userId, subjectId: id } as const;
    return { id, cursor: await append(tx, { ...event, teamId: task.teamId, data: { taskId: task.id } }) };
  });
}

/** The offers that a person may answer, by id or by a link's secret. */
export function answerable(viewer: Viewer, { id, secret }: OfferReference): Prisma.ShareOfferWhereInput {
  return id == null
    ? { secretHash: hashOfSecret(secret ?? ''), AND: openTo(viewer) }
    : { id, AND: offeredTo(viewer) };
}

/** Deletes the open offers of a task to a person who now has a share of it. */
export async function dropOffers(
  tx: Transaction,
  taskId: string,
  { id, userId, email }: { id?: string; userId: string; email: string | null },
): Promise<void> {
  const to = [{ userId }, ...(id === undefined ? [] : [{ id }]), ...(email === null ? [] : [{ email }])];
  await tx.shareOffer.deleteMany({ where: { taskId, OR: to } });
}

async function heldOffer(tx: Transaction, person: Person, reference: OfferReference) {
  const before = await viewerOf(tx, person);
  const where = answerable(before, reference);
  const found = await tx.shareOffer.findFirst({ where, select: { taskId: true } });
  if (!found) return { viewer: before, offer: null };
  await lockOfferedTask(tx, found.taskId);
  const viewer = await viewerOf(tx, person);
  const offer = await tx.shareOffer.findFirst({
    where: answerable(viewer, reference),
    select: {
      id: true,
      offeredById: true,
      permission: true,
      shareExpiresAt: true,
      task: { select: placement },
    },
  });
  return { viewer, offer };
}

async function mayStillShare(tx: Transaction, userId: string, task: TaskPlacement): Promise<boolean> {
  return can(await viewerOf(tx, { userId, limit: null }), 'task.share', task);
}

async function removedEarlier(
  tx: Transaction,
  kind: 'task.shareRefused' | 'task.shareOfferRevoked',
  person: Person,
  id: string | undefined,
): Promise<Change> {
  const cursor = id === undefined ? null : await earlierRemoval(tx, kind, person, id);
  if (id === undefined || cursor === null) throw new NotFound('share offer', id);
  return { id, cursor };
}

/** The receiver is not in the task's team and gets a separate event. */
async function appendAnswer<Kind extends 'task.shareAccepted' | 'task.shareRefused'>(
  tx: Transaction,
  { actorId }: Viewer,
  { ownerId, teamId }: TaskPlacement,
  answer: Pick<NewEvent<Kind>, 'kind' | 'subjectId' | 'data'>,
): Promise<string> {
  const own = { ...answer, actorId };
  return teamId === null ? append(tx, { ...own, personId: ownerId }) : append(tx, own, { ...own, teamId });
}
