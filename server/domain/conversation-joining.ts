import type { Change } from './change.ts';
import { z } from 'zod';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { Conflict, Forbidden, NotFound } from '../errors.ts';
import { earlierRemoval } from '../log/earlier-removal.ts';
import { append, currentCursor } from '../log/append.ts';
import { can, visible, type Person } from '../policy.ts';
import { lockConversation } from '../sql/locks.ts';
import { viewerOf } from '../sql/viewer.ts';
import { eventFields, managed } from './conversation.ts';
import { MOST_PARTICIPANTS, namedPeople, offerConversation, peopleNamed } from './conversation-people.ts';
import { checkQuota } from './quota.ts';
import { idOf, parse } from './validation.ts';

const reference = z.object({ id: idOf('Conversation') });

const addition = reference
  .extend(namedPeople)
  .refine(({ participantIds, emails }) => participantIds.length > 0 || emails !== undefined, {
    message: 'Name at least one person.',
    path: ['participantIds'],
  });

/** Only for the owner, since added people can read all messages. People outside common teams get an offer. Idempotent. */
export async function addParticipants(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id, ...named } = parse(addition, input);
  await checkQuota(db, person);
  return inTransaction(db, async (tx) => {
    const conversation = await managed(tx, person, id);
    if (!conversation) throw new NotFound('conversation', id);
    const viewer = await viewerOf(tx, person);
    if (!can(viewer, 'conversation.addPeople', conversation))
      throw new Forbidden('No one can be added to a conversation with the assistant.', id);
    const { mates, others } = await peopleNamed(tx, viewer, named);
    const present = new Set(conversation.participants.map(({ userId }) => userId));
    const added = mates.filter((userId) => !present.has(userId));
    requireRoom(present.size + added.length);
    await offerConversation(
      tx,
      person,
      id,
      others.filter((other) => !present.has(other.id)),
    );
    if (added.length === 0) return { id, cursor: await currentCursor(tx) };

    await join(tx, id, added);
    const cursor = await append(
      tx,
      ...added.map((personId) => ({
        kind: 'conversation.participantAdded' as const,
        ...eventFields(person, id),
        personId,
        data: {},
      })),
    );
    return { id, cursor };
  });
}

/** Idempotent. @throws Conflict if the conversation is full. */
export async function acceptConversation(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id } = parse(reference, input);
  return inTransaction(db, async (tx) => {
    if (!(await takeOffer(tx, person, id))) {
      const where = { id, AND: visible.conversation(person) };
      if ((await tx.conversation.count({ where })) === 0) throw new NotFound('conversation offer', id);
      return { id, cursor: await currentCursor(tx) };
    }
    requireRoom((await tx.conversationParticipant.count({ where: { conversationId: id } })) + 1);
    await join(tx, id, [person.userId]);
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

function requireRoom(participants: number): void {
  if (participants > MOST_PARTICIPANTS + 1)
    throw new Conflict(`A conversation can have at most ${MOST_PARTICIPANTS + 1} participants.`);
}

/** The caller has locked the conversation. Earlier messages count as read. */
async function join(tx: Transaction, conversationId: string, userIds: readonly string[]): Promise<void> {
  const where = { conversationId, userId: { in: [...userIds] } };
  await tx.conversationOffer.deleteMany({ where });
  await tx.conversationLeaver.deleteMany({ where });
  const { updatedAt } = await tx.conversation.findUniqueOrThrow({
    where: { id: conversationId },
    select: { updatedAt: true },
  });
  await tx.conversationParticipant.createMany({
    data: userIds.map((userId) => ({ conversationId, userId, readTo: updatedAt })),
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
