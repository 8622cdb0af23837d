import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';
import { appendEachSql } from './append.ts';

type Invitations = { id: string } | { teamId: string };

/**
 * Appends an event for each verified account with an open invitation. Call it while the invitations exist. The events
 * have no team and no actor, so that the sender cannot learn whether an address has an account.
 */
export async function appendInvitationEvents(
  tx: Transaction,
  kind: 'team.memberInvited' | 'team.invitationRevoked',
  which: Invitations,
): Promise<void> {
  const wanted =
    'id' in which
      ? Prisma.sql`invitation.id = ${which.id}::uuid`
      : Prisma.sql`invitation.team_id = ${which.teamId}::uuid`;
  const data =
    kind === 'team.memberInvited'
      ? Prisma.sql`jsonb_build_object('role', invitation.role)`
      : Prisma.sql`'{}'::jsonb`;
  await tx.$executeRaw`
    /* appendInvitationEvents */
    ${appendEachSql(
      kind,
      { subjectId: Prisma.sql`invitation.id`, personId: Prisma.sql`users.id`, data },
      Prisma.sql`team_invitations AS invitation
        JOIN users ON users.email = invitation.email AND users.email_verified
        WHERE ${wanted} AND invitation.expires_at > now()`,
    )}`;
}
