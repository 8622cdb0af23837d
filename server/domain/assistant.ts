import { z } from 'zod';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { Conflict, Forbidden, NotFound, RateLimited } from '../errors.ts';
import { newId } from '../ids.ts';
import { append, currentCursor } from '../log/append.ts';
import { fingerprintOf } from '../log/idempotency.ts';
import { currentSource } from '../log/source.ts';
import { can, visible, type Person } from '../policy.ts';
import { lockAssistantReply, lockUser, type LockedReply } from '../sql/locks.ts';
import { viewerOf } from '../sql/viewer.ts';
import type { Change } from './change.ts';
import { checkQuota } from './quota.ts';
import { idOf, parse } from './validation.ts';

const TITLES: Record<string, string> = { de: 'Assistent' };

/** The person's own conversation with the assistant, which is created if there is none. Idempotent. */
export async function openAssistantConversation(db: Database, person: Person): Promise<Change> {
  const { userId } = person;
  await checkQuota(db, person);
  return inTransaction(db, async (tx) => {
    await lockUser(tx, userId);
    const where = { assistantOfId: userId, AND: visible.conversation(person) };
    const known = await tx.conversation.findFirst({ where, select: { id: true } });
    if (known) return { id: known.id, cursor: await currentCursor(tx) };
    const { locale } = await tx.user.findUniqueOrThrow({ where: { id: userId }, select: { locale: true } });
    const id = newId();
    const title = TITLES[locale ?? ''] ?? 'Assistant';
    const now = new Date();
    await tx.conversation.create({
      data: {
        id,
        title,
        ownerId: userId,
        assistantOfId: userId,
        createdAt: now,
        updatedAt: now,
        participants: { create: { userId, createdAt: now, readTo: now } },
      },
      select: { id: true },
    });
    const cursor = await append(tx, {
      kind: 'conversation.created',
      actorId: userId,
      subjectId: id,
      conversationId: id,
      data: { participants: [userId], fingerprint: fingerprintOf({ assistantOf: userId, id }) },
    });
    return { id, cursor };
  });
}

const MOST_A_MINUTE = 60;
const MINUTE_MS = 60_000;

/**
 * Asks the assistant to reply to a message that is being sent to it. What programs send gets no reply, so that they
 * cannot act as the assistant. @throws RateLimited
 */
export async function askAssistant(
  tx: Transaction,
  { userId }: Person,
  { conversationId, messageId }: { conversationId: string; messageId: string },
): Promise<void> {
  if (currentSource() !== null) return;
  const [oldest] = await tx.assistantReply.findMany({
    where: { userId, createdAt: { gt: new Date(Date.now() - MINUTE_MS) } },
    orderBy: { createdAt: 'desc' },
    skip: MOST_A_MINUTE - 1,
    take: 1,
    select: { createdAt: true },
  });
  if (oldest) {
    const left = oldest.createdAt.getTime() + MINUTE_MS - Date.now();
    throw new RateLimited(
      `You can send the assistant ${MOST_A_MINUTE} messages a minute.`,
      Math.max(1, Math.ceil(left / 1000)),
    );
  }
  const data = { messageId, conversationId, userId, replyId: newId() };
  await tx.assistantReply.create({ data, select: { messageId: true } });
}

const reference = z.object({ messageId: idOf('Message') });

/** The process that writes the reply stops within a second, and keeps what is written. Idempotent. */
export async function stopReply(db: Database, person: Person, input: unknown): Promise<Change> {
  return changeReply(db, person, input, async (tx, { messageId, state, stopRequestedAt }) => {
    if (state !== 'PENDING' || stopRequestedAt) return null;
    const data = { stopRequestedAt: new Date() };
    await tx.assistantReply.update({ where: { messageId }, data, select: { messageId: true } });
    return 'STOPPING';
  });
}

/** Has the assistant try again after a failure. Idempotent while it does. @throws Conflict if it has replied. */
export async function retryReply(db: Database, person: Person, input: unknown): Promise<Change> {
  return changeReply(db, person, input, async (tx, { messageId, state }) => {
    if (state === 'PENDING') return null;
    if (state !== 'FAILED')
      throw new Conflict('The assistant has replied to this message. Send it again to ask again.');
    const data = { state: 'PENDING', error: undefined, attempts: 0, stopRequestedAt: null } as const;
    await tx.assistantReply.update({ where: { messageId }, data, select: { messageId: true } });
    return 'RETRIED';
  });
}

async function changeReply(
  db: Database,
  person: Person,
  input: unknown,
  change: (tx: Transaction, reply: LockedReply) => Promise<'STOPPING' | 'RETRIED' | null>,
): Promise<Change> {
  const { messageId } = parse(reference, input);
  return inTransaction(db, async (tx) => {
    const where = { id: messageId, AND: visible.message(person) };
    const message = await tx.message.findFirst({ where, select: { conversationId: true } });
    const reply = message && (await lockAssistantReply(tx, messageId));
    if (!reply) throw new NotFound('message', messageId);
    if (!can(await viewerOf(tx, person), 'reply.manage', reply))
      throw new Forbidden('Only the person who asked the assistant can do this.', messageId);
    const state = await change(tx, reply);
    if (state === null) return { id: messageId, cursor: await currentCursor(tx) };
    const cursor = await append(tx, {
      kind: 'assistant.replyChanged',
      actorId: person.userId,
      subjectId: messageId,
      conversationId: message.conversationId,
      data: { state },
    });
    return { id: messageId, cursor };
  });
}
