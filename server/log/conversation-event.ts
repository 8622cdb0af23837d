import type { Transaction } from '../database/transaction.ts';

/** Call it while the offers exist. Events for the receivers, without an actor; none for people who block. */
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
