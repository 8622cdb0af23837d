import type { Change } from './change.ts';
import { z } from 'zod';
import type { Database } from '../database/client.ts';
import { inTransaction } from '../database/transaction.ts';
import { Forbidden, NotFound } from '../errors.ts';
import { fingerprintOf, firstCreation, refuseUsedIds } from '../log/idempotency.ts';
import { append } from '../log/append.ts';
import { newId } from '../ids.ts';
import { can, visible, type Person } from '../policy.ts';
import { lockConversation } from '../sql/locks.ts';
import { viewerOf } from '../sql/viewer.ts';
import { insertMessage } from '../sql/write-text.ts';
import { askAssistant } from './assistant.ts';
import { checkQuota } from './quota.ts';
import { idOf, markdown, newIdOf, parse } from './validation.ts';

const sending = z.object({
  id: newIdOf('Message').nullish(),
  conversationId: idOf('Conversation'),
  content: markdown('The message', { min: 1, max: 10_000 }),
});

/** Times increase within a conversation. Idempotent by client-generated id. @throws Conflict */
export async function sendMessage(db: Database, person: Person, input: unknown): Promise<Change> {
  const { id: ownId, ...wanted } = parse(sending, input);
  const { conversationId, content } = wanted;
  const id = ownId ?? newId();
  const fingerprint = fingerprintOf(wanted);
  await checkQuota(db, person);
  return inTransaction(db, async (tx) => {
    const viewer = await viewerOf(tx, person);
    const where = { id: conversationId, AND: visible.conversation(viewer) };
    const select = { ownerId: true, assistantOfId: true };
    const conversation = await tx.conversation.findFirst({ where, select });
    if (!conversation) throw new NotFound('conversation', conversationId);
    if (!can(viewer, 'conversation.send', conversation))
      throw new Forbidden('You can read this conversation but not send messages in it.', conversationId);
    const moment = await lockConversation(tx, conversationId);
    if (!moment) throw new NotFound('conversation', conversationId);

    const role = 'USER' as const;
    const message = { id, conversationId, authorId: person.userId, role, content, createdAt: moment };
    const isNew = await insertMessage(tx, message);
    if (!isNew) return { id, cursor: await firstCreation(tx, 'message.sent', person, id, fingerprint) };
    if (ownId != null) await refuseUsedIds(tx, 'message.sent', [ownId]);

    if (conversation.assistantOfId === person.userId)
      await askAssistant(tx, person, { conversationId, messageId: id });
    const data = { updatedAt: moment };
    await tx.conversation.update({ where: { id: conversationId }, data, select: { id: true } });
    // A reply reads what came before it.
    await tx.conversationParticipant.updateMany({
      where: { conversationId, userId: person.userId },
      data: { readTo: moment },
    });
    const cursor = await append(tx, {
      kind: 'message.sent',
      actorId: person.userId,
      subjectId: id,
      conversationId,
      data: { conversationId, role, fingerprint },
    });
    return { id, cursor };
  });
}
