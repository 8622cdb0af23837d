import { Prisma, type AssistantReply } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction } from '../database/transaction.ts';
import type { ReplyFault, ToolCall } from '../domain/tool-call.ts';
import { append } from '../log/append.ts';
import type { ToolCallState } from '../log/catalogue.ts';
import { fingerprintOf } from '../log/idempotency.ts';
import type { EventSource } from '../log/source.ts';
import { lockConversation } from '../sql/locks.ts';
import { insertMessage } from '../sql/write-text.ts';

/** Extended twice a second while a reply is written. After a crash, another process continues when it ends. */
const LEASE = Prisma.sql`now() + interval '10 seconds'`;
/** Then the server gives up: something about the message ends its processes. */
const MOST_ATTEMPTS = 5;

export interface Held {
  messageId: string;
  lease: string;
}

export interface LeasedReply
  extends Held, Pick<AssistantReply, 'replyId' | 'conversationId' | 'userId' | 'toolCalls' | 'attempts'> {
  content: string;
  sentAt: Date;
}

/** Leases replies that wait, the oldest first, and one of each conversation: its messages are answered in order. */
export async function claimReplies(db: Database, lease: string, most: number): Promise<LeasedReply[]> {
  return db.$queryRaw<LeasedReply[]>`
    /* claimReplies */
    WITH chosen AS (
      SELECT message_id FROM assistant_replies AS waiting
      WHERE state = 'PENDING' AND (leased_until IS NULL OR leased_until < now()) AND NOT EXISTS (
        SELECT FROM assistant_replies AS earlier
        WHERE earlier.conversation_id = waiting.conversation_id AND earlier.state = 'PENDING'
          AND earlier.place < waiting.place)
      ORDER BY place LIMIT ${most} FOR UPDATE SKIP LOCKED
    ), claimed AS (
      UPDATE assistant_replies AS reply SET lease = ${lease}::uuid, leased_until = ${LEASE}, attempts = attempts + 1
      FROM chosen WHERE reply.message_id = chosen.message_id
      RETURNING reply.*
    )
    SELECT message_id AS "messageId", claimed.lease, reply_id AS "replyId", claimed.conversation_id AS "conversationId",
           user_id AS "userId", claimed.tool_calls AS "toolCalls", attempts, messages.content, messages.created_at AS "sentAt"
    FROM claimed JOIN messages ON messages.id = message_id ORDER BY place`;
}

export function hasTriedTooOften({ attempts }: LeasedReply): boolean {
  return attempts > MOST_ATTEMPTS;
}

/** Extends the lease, and stores the text so far. @returns whether to go on. */
export async function keepReply(
  db: Database,
  { messageId, lease }: Held,
  content: string,
): Promise<'GO_ON' | 'STOP' | 'LOST'> {
  const [row] = await db.$queryRaw<{ stops: boolean }[]>`
    /* keepReply */
    UPDATE assistant_replies SET leased_until = ${LEASE}, content = ${content}
    WHERE message_id = ${messageId}::uuid AND lease = ${lease}::uuid AND state = 'PENDING'
    RETURNING stop_requested_at IS NOT NULL AS stops`;
  if (!row) return 'LOST';
  return row.stops ? 'STOP' : 'GO_ON';
}

/** Lets another process write the reply at once. */
export async function releaseReply(db: Database, { messageId, lease }: Held): Promise<void> {
  await db.$executeRaw`
    /* releaseReply */
    UPDATE assistant_replies SET lease = NULL, leased_until = NULL
    WHERE message_id = ${messageId}::uuid AND lease = ${lease}::uuid`;
}

/** The lease was lost: another process writes the reply, or the conversation was deleted. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
}

/** Stores the calls of a reply, before one of them runs. @throws LeaseLost */
export async function noteCalls(
  db: Database,
  { messageId, lease }: Held,
  calls: readonly ToolCall[],
): Promise<void> {
  const count = await db.$executeRaw`
    /* noteCalls */
    UPDATE assistant_replies SET leased_until = ${LEASE}, tool_calls = ${JSON.stringify(calls)}::jsonb
    WHERE message_id = ${messageId}::uuid AND lease = ${lease}::uuid AND state = 'PENDING'`;
  if (count === 0) throw new LeaseLost('The lease was lost');
}

/** Stores the outcome of a call, and its event. @throws LeaseLost */
export async function noteOutcome(
  db: Database,
  reply: LeasedReply,
  calls: readonly ToolCall[],
  { name, state }: ToolCall & { state: ToolCallState },
  source: EventSource,
): Promise<void> {
  const { messageId, conversationId, userId, lease } = reply;
  await inTransaction(db, async (tx) => {
    const count = await tx.$executeRaw`
      /* noteOutcome */
      UPDATE assistant_replies SET leased_until = ${LEASE}, tool_calls = ${JSON.stringify(calls)}::jsonb
      WHERE message_id = ${messageId}::uuid AND lease = ${lease}::uuid AND state = 'PENDING'`;
    if (count === 0) throw new LeaseLost('The lease was lost');
    await append(tx, {
      kind: 'assistant.toolCalled',
      actorId: userId,
      subjectId: messageId,
      conversationId,
      data: { tool: name, state },
      source,
    });
  });
}

/** Saves the message, once. @returns false if the lease was lost. */
export async function finishReply(
  db: Database,
  reply: LeasedReply,
  { content, calls, state }: { content: string; calls: readonly ToolCall[]; state: 'DONE' | 'STOPPED' },
): Promise<boolean> {
  const { messageId, conversationId, replyId, lease } = reply;
  const kept = calls.map(({ result: _result, ...call }) => call);
  const toolCalls = kept.length === 0 ? null : JSON.stringify(kept);
  return inTransaction(db, async (tx) => {
    const moment = await lockConversation(tx, conversationId);
    if (!moment) return false;
    const bytes = Buffer.byteLength(content) + Buffer.byteLength(toolCalls ?? '');
    const count = await tx.$executeRaw`
      /* finishReply */
      UPDATE assistant_replies SET state = ${state}::assistant_reply_state, lease = NULL, leased_until = NULL,
        content = '', tool_calls = '[]', error = NULL, bytes = ${bytes}
      WHERE message_id = ${messageId}::uuid AND lease = ${lease}::uuid AND state = 'PENDING'`;
    if (count === 0) return false;
    const role = 'ASSISTANT' as const;
    const message = { id: replyId, conversationId, authorId: null, role, content, createdAt: moment };
    await insertMessage(tx, { ...message, toolCalls });
    await tx.conversation.update({
      where: { id: conversationId },
      data: { updatedAt: moment },
      select: { id: true },
    });
    await append(tx, {
      kind: 'message.sent',
      actorId: null,
      subjectId: replyId,
      conversationId,
      data: { conversationId, role, fingerprint: fingerprintOf({ content }) },
    });
    return true;
  });
}

/** The reply has no message; the person can have it tried again. */
export async function failReply(db: Database, reply: LeasedReply, fault: ReplyFault): Promise<void> {
  const { messageId, conversationId, userId, lease } = reply;
  await inTransaction(db, async (tx) => {
    const count = await tx.$executeRaw`
      /* failReply */
      UPDATE assistant_replies SET state = 'FAILED', lease = NULL, leased_until = NULL,
        error = ${JSON.stringify(fault)}::jsonb
      WHERE message_id = ${messageId}::uuid AND lease = ${lease}::uuid AND state = 'PENDING'`;
    if (count === 0) return;
    await append(tx, {
      kind: 'assistant.replyChanged',
      actorId: null,
      subjectId: messageId,
      personId: userId,
      conversationId,
      data: { state: 'FAILED' },
    });
  });
}
