import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';
import { appendEachSql } from './append.ts';

/**
 * Appends events for the receivers, except people who block the sender. Call it while the offers exist.
 * @param receivers default: all.
 */
export async function appendConversationOfferEvents(
  tx: Transaction,
  kind: 'conversation.offered' | 'conversation.offerRevoked',
  conversationId: string,
  receivers: readonly string[] | null = null,
): Promise<void> {
  await tx.$executeRaw`
    /* appendConversationOfferEvents */
    ${appendEachSql(
      kind,
      { subjectId: Prisma.sql`conversation_id`, personId: Prisma.sql`user_id` },
      Prisma.sql`conversation_offers
        WHERE conversation_id = ${conversationId}::uuid AND (${receivers}::uuid[] IS NULL OR user_id = ANY(${receivers}))
          AND NOT EXISTS (SELECT FROM blocks WHERE blocker_id = user_id AND blocked_id = offered_by_id)`,
    )}`;
}
