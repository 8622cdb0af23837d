import { Prisma, type Team } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';
import type { Person } from '../policy.ts';
import { append, appendEachSql } from './append.ts';

/**
 * Appends the event of a deleted team: one for its owner, and one per other member, in one statement. Call it while
 * the memberships exist. The members' events have no team and no actor; otherwise each member would receive all of
 * them.
 * @returns the log cursor after them.
 */
export async function appendTeamDeletedEvents(
  tx: Transaction,
  { userId }: Person,
  { id, name }: Pick<Team, 'id' | 'name'>,
): Promise<string> {
  await tx.$executeRaw`
    /* appendTeamDeletedEvents */
    ${appendEachSql(
      'team.deleted',
      {
        subjectId: Prisma.sql`team_id`,
        personId: Prisma.sql`user_id`,
        data: Prisma.sql`jsonb_build_object('name', ${name}::text)`,
      },
      Prisma.sql`memberships WHERE team_id = ${id}::uuid AND user_id <> ${userId}::uuid`,
    )}`;
  return append(tx, {
    kind: 'team.deleted',
    actorId: userId,
    personId: userId,
    subjectId: id,
    teamId: id,
    data: { name },
  });
}
