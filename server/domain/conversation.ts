import { z } from 'zod';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { Forbidden, NotFound } from '../errors.ts';
import { earlierRemoval } from '../events/earlier-removal.ts';
import { fingerprintOf, firstCreation, refuseUsedIds } from '../events/first-creation.ts';
import { append, currentCursor } from '../events/log.ts';
import { newId } from '../ids.ts';
import { can, visible, type Person, type Viewer } from '../policy.ts';
import { lockConversation } from '../sql/lock-conversation.ts';
import { seenPeople } from '../sql/seen-people.ts';
import { viewerOf } from '../sql/viewer.ts';
import { checkQuota } from './quota.ts';
import { idOf, line, newIdOf, parse } from './validation.ts';

/** What a verb hands back: which conversation to re-read, and the log's cursor after the change. */
export interface ConversationChange {
  id: string;
  cursor: string;
}

/** The most people that an owner can begin a conversation with. */
export const MOST_PARTICIPANTS = 50;

const title = line('The title', { min: 1, max: 200 });

const creation = z.object({
  id: newIdOf('Conversation').nullish(),
  title,
  participantIds: z
    .array(idOf('User'))
    .max(MOST_PARTICIPANTS, `Name at most ${MOST_PARTICIPANTS} people.`)
    .nullish()
    .transform((given) => [...new Set(given)].sort()),
});

const reference = z.object({ id: idOf('Conversation') });
const renaming = reference.extend({ title });

/**
 * Begins a conversation that the person owns, with people whom they may see. The same creation sent again under the
 * same client-made id returns the first result.
 * @throws Conflict where that id belongs to another creation.
 */
export async function createConversation(
  db: Database,
  person: Person,
  input: unknown,
): Promise<ConversationChange> {
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

    await checkParticipants(tx, await viewerOf(tx, person), participantIds);
    const participants = [...new Set([person.userId, ...participantIds])];
    await tx.conversationParticipant.createMany({
      data: participants.map((userId) => ({ conversationId: id, userId, createdAt: now })),
    });
    const cursor = await append(tx, {
      kind: 'conversation.created',
      ...addressOf(person, id),
      data: { participants, fingerprint },
    });
    return { id, cursor };
  });
}

async function checkParticipants(tx: Transaction, viewer: Viewer, ids: readonly string[]): Promise<void> {
  const known = await seenPeople(tx, viewer, ids);
  const missing = ids.find((id) => !known.has(id));
  if (missing !== undefined) throw new NotFound('person', missing);
}

/** Gives a conversation another title; its owner only. */
export async function renameConversation(
  db: Database,
  person: Person,
  input: unknown,
): Promise<ConversationChange> {
  const { id, title } = parse(renaming, input);
  return inTransaction(db, async (tx) => {
    const conversation = await managed(tx, person, id);
    if (!conversation) throw new NotFound('conversation', id);
    if (conversation.title === title) return { id, cursor: await currentCursor(tx) };

    const data = { title, updatedAt: conversation.moment };
    await tx.conversation.update({ where: { id }, data, select: { id: true } });
    const cursor = await append(tx, { kind: 'conversation.renamed', ...addressOf(person, id), data: {} });
    return { id, cursor };
  });
}

/** Deletes a conversation with its messages; its owner only. Deleting it again is harmless. */
export async function deleteConversation(
  db: Database,
  person: Person,
  input: unknown,
): Promise<ConversationChange> {
  const { id } = parse(reference, input);
  return inTransaction(db, async (tx) => {
    const conversation = await managed(tx, person, id);
    if (!conversation) {
      const earlier = await earlierRemoval(tx, 'conversation.deleted', person, id);
      if (earlier === null) throw new NotFound('conversation', id);
      return { id, cursor: earlier };
    }
    await tx.conversation.delete({ where: { id }, select: { id: true } });
    const participants = conversation.participants.map(({ userId }) => userId);
    const cursor = await append(tx, {
      kind: 'conversation.deleted',
      ...addressOf(person, id),
      data: { participants },
    });
    return { id, cursor };
  });
}

/**
 * Reads a conversation for a change, and keeps others from changing it until the transaction ends. Null where there
 * is none that the person may see.
 * @throws Forbidden where they may only take part.
 */
async function managed(tx: Transaction, person: Person, id: string) {
  const viewer = await viewerOf(tx, person);
  const where = { id, AND: visible.conversation(viewer) };
  const seen = await tx.conversation.findFirst({ where, select: { ownerId: true } });
  if (seen && !can(viewer, 'conversation.manage', seen))
    throw new Forbidden('Only its owner gives a conversation another title, or deletes it.', id);
  const moment = seen && (await lockConversation(tx, id));
  if (!moment) return null;
  const { title, participants } = await tx.conversation.findUniqueOrThrow({
    where: { id },
    select: { title: true, participants: { select: { userId: true } } },
  });
  return { title, participants, moment };
}

function addressOf({ userId }: Person, id: string) {
  return { actorId: userId, subjectId: id, conversationId: id };
}
