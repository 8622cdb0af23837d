import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';
import { appendEachSql } from './append.ts';

/**
 * Appends an event for the receiver, unless they block the sender. Call it while the offer exists. The event has no
 * task and no actor, so that the sender cannot learn whether an address has an account.
 */
export async function appendShareOfferEvent(
  tx: Transaction,
  kind: 'task.shareOffered' | 'task.shareOfferRevoked',
  offerId: string,
): Promise<void> {
  const data =
    kind === 'task.shareOffered'
      ? Prisma.sql`jsonb_build_object('permission', offer.permission)`
      : Prisma.sql`'{}'::jsonb`;
  await tx.$executeRaw`
    /* appendShareOfferEvent */
    ${appendEachSql(
      kind,
      { subjectId: Prisma.sql`offer.id`, personId: Prisma.sql`receiver.id`, data },
      Prisma.sql`share_offers AS offer
        JOIN users AS receiver
          ON receiver.id = coalesce(offer.user_id, (SELECT id FROM users WHERE email = offer.email AND email_verified))
        WHERE offer.id = ${offerId}::uuid AND offer.expires_at > now()
          AND NOT EXISTS (SELECT FROM blocks WHERE blocker_id = receiver.id AND blocked_id = offer.offered_by_id)`,
    )}`;
}
