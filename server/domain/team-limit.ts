import { z } from 'zod';
import type { Database } from '../database/client.ts';
import type { Transaction } from '../database/transaction.ts';
import { NotFound } from '../errors.ts';
import type { Person, TeamLimit } from '../policy.ts';
import { viewerOf } from '../sql/viewer.ts';
import { idOf } from './validation.ts';

/** Of one credential. */
export const MOST_TEAMS = 50;

export const limitedTo = z
  .array(idOf('Team'))
  .min(1, 'Choose at least one team. Omit `teamIds` for access to everything.')
  .max(MOST_TEAMS, `A limit can have at most ${MOST_TEAMS} teams.`)
  .nullish()
  .transform((ids) => (ids == null ? null : [...new Set(ids)]));

/** Either of the two. */
type Credential = { apiTokenId: string } | { applicationId: string };

/** @throws NotFound for a team that the person is not in. */
export async function limitCredential(
  tx: Transaction,
  person: Person,
  credential: Credential,
  teamIds: readonly string[],
): Promise<void> {
  const { teams } = await viewerOf(tx, person);
  const missing = teamIds.findIndex((id) => !teams.has(id));
  if (missing >= 0) throw new NotFound('team', teamIds[missing], { field: `teamIds.${missing}` });
  const { userId } = person;
  await tx.credentialTeam.createMany({ data: teamIds.map((teamId) => ({ ...credential, teamId, userId })) });
}

/** The limit of a credential as it is now: without teams that the person has left. */
export async function limitOf(
  db: Database | Transaction,
  { id, isLimited }: { id: string; isLimited: boolean },
): Promise<TeamLimit | null> {
  if (!isLimited) return null;
  const where = { OR: [{ apiTokenId: id }, { applicationId: id }] };
  const teams = await db.credentialTeam.findMany({ where, select: { teamId: true } });
  return { id, teamIds: new Set(teams.map(({ teamId }) => teamId)) };
}
