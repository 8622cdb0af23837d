import { Prisma, type Team } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';
import type { Actor } from '../policy.ts';
import { append, appendEachSql } from './append.ts';

/** One event for the owner, and one without team and actor per other member. Call it while the memberships exist. */
export async function appendTeamDeletedEvents(
  tx: Transaction,
  { userId }: Actor,
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
