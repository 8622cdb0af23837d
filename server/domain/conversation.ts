import type { Change } from './change.ts';
import { z } from 'zod';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { Conflict, Forbidden, NotFound } from '../errors.ts';
import { earlierRemoval } from '../log/earlier-removal.ts';
import { fingerprintOf, firstCreation, refuseUsedIds } from '../log/idempotency.ts';
import { append, currentCursor } from '../log/append.ts';
import { appendConversationOfferEvents } from '../log/conversation-event.ts';
import { newId } from '../ids.ts';
import { can, visible, type Person, type Viewer } from '../policy.ts';
import { lockConversation, lockUser } from '../sql/locks.ts';
import { visibleUsers } from '../sql/visible-users.ts';
import { viewerOf } from '../sql/viewer.ts';
import { checkQuota } from './quota.ts';
import { idOf, line, newIdOf, parse } from './validation.ts';

export const MOST_PARTICIPANTS = 50;

const MOST_CONVERSATION_OFFERS = 100;

const title = line('The title', { min: 1, max: 200 });

const creation = z.object({
  id: newIdOf('Conversation').nullish(),
  title,
  participantIds: z
    .array(idOf('User'))
    .max(MOST_PARTICIPANTS, `A conversation can start with at most ${MOST_PARTICIPANTS} people.`)
    .nullish()
    .transform((given) => [...new Set(given)].sort()),
});

const reference = z.object({ id: idOf('Conversation') });
const renaming = reference.extend({ title });

/** People outside common teams get an offer. Idempotent by client-generated id. @throws Conflict */
export async function createConversation(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id: ownId, ...wanted } = parse(creation, input);
  const { title, participantIds } = wanted;
  const id = ownId ?? newId();
  const fingerprint = fingerprintOf(wanted);
  const now = new Date();
  await checkQuota(db, person);
  return inTransaction(db, async (tx) => {
    const conversation = { id, title, ownerId: person.userId, createdAt: now, updatedAt: now };
    const { count } = await tx.conversation.createMany({ data: [conversation], skipDuplicates: true });
    if (count === 0)
      return { id, cursor: await firstCreation(tx, 'conversation.created', person, id, fingerprint) };
    if (ownId != null) await refuseUsedIds(tx, 'conversation.created', [ownId]);

    const viewer = await viewerOf(tx, person);
    await checkParticipants(tx, viewer, participantIds);
    const mates = await matesAmong(tx, viewer, participantIds);
    const participants = [...new Set([person.userId, ...mates])];
    await tx.conversationParticipant.createMany({
      data: participants.map((userId) => ({ conversationId: id, userId, createdAt: now })),
    });
    const cursor = await append(tx, {
      kind: 'conversation.created',
      ...eventFields(person, id),
      data: { participants, fingerprint },
    });
    const others = participantIds.filter((userId) => !participants.includes(userId));
    if (others.length > 0) await offer(tx, person, id, others);
    return { id, cursor };
  });
}

async function matesAmong(tx: Transaction, viewer: Viewer, ids: readonly string[]): Promise<string[]> {
  const where = { id: { in: [...ids] }, memberships: { some: visible.membership(viewer) } };
  const mates = await tx.user.findMany({ where, select: { id: true } });
  return mates.map(({ id }) => id);
}

/** Also stores offers to people who block the sender, unseen, so that the sender cannot detect a block. */
async function offer(
  tx: Transaction,
  { userId: offeredById }: Person,
  id: string,
  to: string[],
): Promise<void> {
  await lockUser(tx, offeredById);
  const open = await tx.conversationOffer.groupBy({
    by: 'userId',
    where: { offeredById, userId: { in: to } },
    _count: true,
  });
  if (open.some(({ _count }) => _count >= MOST_CONVERSATION_OFFERS))
    throw new Conflict(
      `One of these people has ${MOST_CONVERSATION_OFFERS} unanswered conversation offers from you. Delete some conversations, or wait for an answer.`,
      { field: 'participantIds' },
    );
  await tx.conversationOffer.createMany({
    data: to.map((userId) => ({ conversationId: id, userId, offeredById })),
  });
  await appendConversationOfferEvents(tx, 'conversation.offered', id);
}

async function checkParticipants(tx: Transaction, viewer: Viewer, ids: readonly string[]): Promise<void> {
  const known = await visibleUsers(tx, viewer, ids);
  const missing = ids.find((id) => !known.has(id));
  if (missing !== undefined) throw new NotFound('person', missing);
}

/** Only for the owner. */
export async function renameConversation(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id, title } = parse(renaming, input);
  return inTransaction(db, async (tx) => {
    const conversation = await managed(tx, person, id);
    if (!conversation) throw new NotFound('conversation', id);
    if (conversation.title === title) return { id, cursor: await currentCursor(tx) };

    const data = { title, updatedAt: conversation.moment };
    await tx.conversation.update({ where: { id }, data, select: { id: true } });
    const cursor = await append(tx, { kind: 'conversation.renamed', ...eventFields(person, id), data: {} });
    return { id, cursor };
  });
}

/** Only for the owner. Idempotent. */
export async function deleteConversation(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id } = parse(reference, input);
  return inTransaction(db, async (tx) => {
    const conversation = await managed(tx, person, id);
    if (!conversation) {
      const earlier = await earlierRemoval(tx, 'conversation.deleted', person, id);
      if (earlier === null) throw new NotFound('conversation', id);
      return { id, cursor: earlier };
    }
    const participants = conversation.participants.map(({ userId }) => userId);
    return { id, cursor: await remove(tx, person, id, participants) };
  });
}

async function remove(tx: Transaction, person: Person, id: string, participants: string[]): Promise<string> {
  await appendConversationOfferEvents(tx, 'conversation.offerRevoked', id);
  await tx.conversation.delete({ where: { id }, select: { id: true } });
  return append(tx, { kind: 'conversation.deleted', ...eventFields(person, id), data: { participants } });
}

/** The owner is succeeded by the longest-standing participant; the last one deletes it. Idempotent. */
export async function leaveConversation(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id } = parse(reference, input);
  const { userId } = person;
  return inTransaction(db, async (tx) => {
    const mine = { conversationId_userId: { conversationId: id, userId } };
    const takesPart = (await tx.conversationParticipant.count({ where: { conversationId: id, userId } })) > 0;
    if (!takesPart || !(await lockConversation(tx, id))) return goneEarlier(tx, person, id);
    const conversation = await tx.conversation.findFirst({
      where: { id, AND: visible.conversation(person) },
      select: {
        ownerId: true,
        updatedAt: true,
        participants: {
          where: { userId: { not: userId } },
          orderBy: [{ createdAt: 'asc' }, { userId: 'asc' }],
          take: 1,
          select: { userId: true },
        },
      },
    });
    if (!conversation) return goneEarlier(tx, person, id);
    const [heir] = conversation.participants;
    if (!heir) return { id, cursor: await remove(tx, person, id, [userId]) };

    const isOwner = conversation.ownerId === userId;
    if (isOwner) {
      await appendConversationOfferEvents(tx, 'conversation.offerRevoked', id);
      await tx.conversationOffer.deleteMany({ where: { conversationId: id } });
      const data = { ownerId: heir.userId, updatedAt: conversation.updatedAt };
      await tx.conversation.update({ where: { id }, data, select: { id: true } });
    }
    await tx.conversationParticipant.delete({ where: mine, select: { userId: true } });
    const wrote = await tx.message.findFirst({
      where: { conversationId: id, authorId: userId },
      select: { id: true },
    });
    if (wrote)
      await tx.conversationLeaver.create({ data: { conversationId: id, userId }, select: { userId: true } });
    const cursor = await append(tx, {
      kind: 'conversation.left',
      ...eventFields(person, id),
      personId: isOwner ? heir.userId : null,
      data: {},
    });
    return { id, cursor };
  });
}

async function goneEarlier(tx: Transaction, person: Person, id: string): Promise<Change> {
  const cursor =
    (await earlierRemoval(tx, 'conversation.left', person, id)) ??
    (await earlierRemoval(tx, 'conversation.deleted', person, id));
  if (cursor === null) throw new NotFound('conversation', id);
  return { id, cursor };
}

/** Idempotent. */
export async function acceptConversation(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id } = parse(reference, input);
  const { userId } = person;
  return inTransaction(db, async (tx) => {
    if (!(await takeOffer(tx, person, id))) {
      const where = { id, AND: visible.conversation(person) };
      if ((await tx.conversation.count({ where })) === 0) throw new NotFound('conversation offer', id);
      return { id, cursor: await currentCursor(tx) };
    }
    await tx.conversationParticipant.create({
      data: { conversationId: id, userId },
      select: { userId: true },
    });
    const cursor = await append(tx, { kind: 'conversation.accepted', ...eventFields(person, id), data: {} });
    return { id, cursor };
  });
}

/** Idempotent. */
export async function refuseConversation(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id } = parse(reference, input);
  return inTransaction(db, async (tx) => {
    const offer = await takeOffer(tx, person, id);
    if (!offer) {
      const earlier = await earlierRemoval(tx, 'conversation.refused', person, id);
      if (earlier === null) throw new NotFound('conversation offer', id);
      return { id, cursor: earlier };
    }
    const event = { kind: 'conversation.refused', actorId: person.userId, subjectId: id } as const;
    return { id, cursor: await append(tx, { ...event, personId: offer.offeredById, data: {} }) };
  });
}

/** Deletes the person's offer, with the conversation locked. Null if there is none. */
async function takeOffer(tx: Transaction, person: Person, conversationId: string) {
  const where = { conversationId, AND: visible.conversationOffer(person) };
  if ((await tx.conversationOffer.count({ where })) === 0) return null;
  await lockConversation(tx, conversationId);
  const offer = await tx.conversationOffer.findFirst({ where, select: { offeredById: true } });
  const mine = { conversationId, userId: person.userId };
  if (offer) await tx.conversationOffer.deleteMany({ where: mine });
  return offer;
}

/** Reads and locks a conversation. Null if the person cannot see it. @throws Forbidden if they are not its owner. */
async function managed(tx: Transaction, person: Person, id: string) {
  const viewer = await viewerOf(tx, person);
  const where = { id, AND: visible.conversation(viewer) };
  const seen = await tx.conversation.findFirst({ where, select: { ownerId: true } });
  if (seen && !can(viewer, 'conversation.manage', seen))
    throw new Forbidden('Only its owner can rename or delete this conversation.', id);
  const moment = seen && (await lockConversation(tx, id));
  if (!moment) return null;
  const { title, participants } = await tx.conversation.findUniqueOrThrow({
    where: { id },
    select: { title: true, participants: { select: { userId: true } } },
  });
  return { title, participants, moment };
}

function eventFields({ userId }: Person, id: string) {
  return { actorId: userId, subjectId: id, conversationId: id };
}
