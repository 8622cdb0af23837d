import type { Transaction } from '../database/transaction.ts';

/**
 * Appends, for each person that a conversation is offered to, that it is, or is no longer, while the offers are there;
 * nothing for those who block the person who offers it. The events name no actor: only the receivers read them.
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
