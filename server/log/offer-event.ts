import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';

/**
 * Appends, for the person or the verified account that a share is offered to, that it was offered or is withdrawn, while
 * the offer is still there; nothing where they block the person who offers it. The event names neither task nor actor:
 * only the receiver reads it, and the sender does not learn from the log whether an address has an account.
 */
export async function tellOffered(
  tx: Transaction,
  kind: 'task.shareOffered' | 'task.shareOfferRevoked',
  offerId: string,
): Promise<void> {
  const data =
    kind === 'task.shareOffered'
      ? Prisma.sql`jsonb_build_object('permission', offer.permission)`
      : Prisma.sql`'{}'::jsonb`;
  await tx.$executeRaw`
    /* tellOffered */
    INSERT INTO events (kind, subject_id, person_id, data)
    SELECT ${kind}, offer.id, receiver.id, ${data}
    FROM share_offers AS offer
    JOIN users AS receiver
      ON receiver.id = coalesce(offer.user_id, (SELECT id FROM users WHERE email = offer.email AND email_verified))
    WHERE offer.id = ${offerId}::uuid AND offer.expires_at > now()
      AND NOT EXISTS (SELECT FROM blocks WHERE blocker_id = receiver.id AND blocked_id = offer.offered_by_id)`;
}
