import type { Change } from './change.ts';
import { z } from 'zod';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { Forbidden, NotFound } from '../errors.ts';
import { earlierRemoval } from '../log/earlier-removal.ts';
import { fingerprintOf, firstCreation, refuseUsedIds } from '../log/idempotency.ts';
import { append, currentCursor } from '../log/append.ts';
import { appendConversationOfferEvents } from '../log/conversation-event.ts';
import { newId } from '../ids.ts';
import { can, visible, type Person } from '../policy.ts';
import { lockConversation } from '../sql/locks.ts';
import { viewerOf } from '../sql/viewer.ts';
import { namedPeople, offerConversation, peopleNamed } from './conversation-people.ts';
import { checkQuota } from './quota.ts';
import { idOf, line, newIdOf, parse } from './validation.ts';

const title = line('The title', { min: 1, max: 200 });

const creation = z.object({
  id: newIdOf('Conversation').nullish(),
  title,
  ...namedPeople,
});

const reference = z.object({ id: idOf('Conversation') });
const renaming = reference.extend({ title });

/** People outside common teams get an offer. Idempotent by client-generated id. @throws Conflict */
export async function createConversation(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id: ownId, ...wanted } = parse(creation, input);
  const { title, ...named } = wanted;
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

    const { mates, others } = await peopleNamed(tx, await viewerOf(tx, person), named);
    const participants = [person.userId, ...mates];
    await tx.conversationParticipant.createMany({
      data: participants.map((userId) => ({ conversationId: id, userId, createdAt: now, readTo: now })),
    });
    const cursor = await append(tx, {
      kind: 'conversation.created',
      ...eventFields(person, id),
      data: { participants, fingerprint },
    });
    await offerConversation(tx, person, id, others);
    return { id, cursor };
  });
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
  const event = { kind: 'conversation.deleted', ...eventFields(person, id) } as const;
  // Without an actor, who would read each of them.
  const others = participants
    .filter((userId) => userId !== person.userId)
    .map((personId) => ({ ...event, actorId: null, personId, data: { participants: [] } }));
  return append(tx, ...others, { ...event, data: { participants } });
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

/** Reads and locks a conversation. Null if the person cannot see it. @throws Forbidden if they are not its owner. */
export async function managed(tx: Transaction, person: Person, id: string) {
  const viewer = await viewerOf(tx, person);
  const where = { id, AND: visible.conversation(viewer) };
  const seen = await tx.conversation.findFirst({ where, select: { ownerId: true } });
  if (seen && !can(viewer, 'conversation.manage', seen))
    throw new Forbidden('Only its owner can rename or delete this conversation, or add people.', id);
  const moment = seen && (await lockConversation(tx, id));
  if (!moment) return null;
  const { title, assistantOfId, participants } = await tx.conversation.findUniqueOrThrow({
    where: { id },
    select: { title: true, assistantOfId: true, participants: { select: { userId: true } } },
  });
  return { title, ownerId: seen.ownerId, assistantOfId, participants, moment };
}

export function eventFields({ userId }: Person, id: string) {
  return { actorId: userId, subjectId: id, conversationId: id };
}
