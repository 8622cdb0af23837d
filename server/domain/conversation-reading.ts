import type { Change } from './change.ts';
import { z } from 'zod';
import type { Database } from '../database/client.ts';
import { inTransaction } from '../database/transaction.ts';
import { NotFound } from '../errors.ts';
import { append, currentCursor } from '../log/append.ts';
import type { Person } from '../policy.ts';
import { idOf, parse } from './validation.ts';

const reading = z.object({ id: idOf('Conversation'), messageId: idOf('Message').nullish() });

/** Up to a message, or to the latest one. Never marks messages as unread again. Idempotent. */
export async function markConversationRead(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id, messageId } = parse(reading, input);
  const { userId } = person;
  return inTransaction(db, async (tx) => {
    const mine = { conversationId: id, userId };
    if ((await tx.conversationParticipant.count({ where: mine })) === 0)
      throw new NotFound('conversation', id);
    const message = await tx.message.findFirst({
      where: { conversationId: id, ...(messageId == null ? {} : { id: messageId }) },
      orderBy: { createdAt: 'desc' },
      select: { createdAt: true },
    });
    if (!message && messageId != null) throw new NotFound('message', messageId);
    const readTo = message?.createdAt ?? new Date(0);
    const where = { ...mine, readTo: { lt: readTo } };
    const { count } = await tx.conversationParticipant.updateMany({ where, data: { readTo } });
    if (count === 0) return { id, cursor: await currentCursor(tx) };
    // Without `conversationId`, so that other participants cannot read it.
    const event = { kind: 'conversation.read', actorId: userId, subjectId: id, data: {} } as const;
    return { id, cursor: await append(tx, event) };
  });
}
