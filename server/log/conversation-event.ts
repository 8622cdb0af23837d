import type { Transaction } from '../database/transaction.ts';

/**
 * Appends an event for each receiver of an open offer of a conversation, except those who block the sender. Call it
 * while the offers exist. Only the receivers read the events, which have no actor.
 */
export async function tellOfConversation(
  tx: Transaction,
  kind: 'conversation.offered' | 'conversation.offerRevoked',
  conversationId: string,
): Promise<void> {
  await tx.$executeRaw`
    /* tellOfConversation */
    INSERT INTO events (kind, subject_id, person_id)
    SELECT ${kind}, conversation_id, user_id FROM conversation_offers AS offer
    WHERE conversation_id = ${conversationId}::uuid
      AND NOT EXISTS (SELECT FROM blocks WHERE blocker_id = user_id AND blocked_id = offered_by_id)`;
}
