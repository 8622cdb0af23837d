import type { Team } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';
import type { Person } from '../policy.ts';
import { append } from './append.ts';

/**
 * Appends that a team is gone, while its memberships are still there: one event that is the owner's, and one for each
 * other member to read, in one statement however many they are. Those name neither team nor actor, or its members would
 * be told as often as they are many, and so would the owner.
 * @returns the log's cursor after them.
 */
export async function teamDeleted(
  tx: Transaction,
  { userId }: Person,
  { id, name }: Pick<Team, 'id' | 'name'>,
): Promise<string> {
  await tx.$executeRaw`
    /* tellMembers */
    INSERT INTO events (kind, subject_id, person_id, data)
    SELECT 'team.deleted', team_id, user_id, jsonb_build_object('name', ${name}::text)
    FROM memberships WHERE team_id = ${id}::uuid AND user_id <> ${userId}::uuid`;
  return append(tx, {
    kind: 'team.deleted',
    actorId: userId,
    personId: userId,
    subjectId: id,
    teamId: id,
    data: { name },
  });
}
