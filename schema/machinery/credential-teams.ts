import type { GraphQLResolveInfo } from 'graphql';
import type { Context } from '../../server/graphql/context.ts';
import { batched } from './loaders.ts';
import { findVisible } from './nodes.ts';

interface Limited {
  isLimited: boolean;
  teams: readonly { teamId: string }[];
}

export const credentialTeams = {
  isLimited: true,
  teams: { select: { teamId: true }, orderBy: { teamId: 'asc' } },
} as const;

/** The teams that a credential is limited to; null without a limit. */
export async function teamsOfCredential(
  { isLimited, teams }: Limited,
  context: Context,
  info: GraphQLResolveInfo,
): Promise<{ id: string }[] | null> {
  if (!isLimited) return null;
  const found = await Promise.all(
    teams.map(({ teamId }) =>
      batched(context, info, teamId, (ids) => findVisible('Team', ids, context, info)),
    ),
  );
  return found.filter((team) => team !== undefined);
}
