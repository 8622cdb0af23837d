import type { Transaction } from '../database/transaction.ts';
import { Forbidden } from '../errors.ts';
import { can, type Person, type TeamAction, type Viewer } from '../policy.ts';
import { lockTeam } from '../sql/locks.ts';
import { viewerOf } from '../sql/viewer.ts';

/** What somebody may do only while nobody else changes the team. */
type HeldAction = Exclude<TeamAction, 'team.createTask'>;

/**
 * Keeps a team and its members as they are until the transaction ends, and reads what the person may do in it then.
 * @returns null where there is no such team that they see.
 * @throws Forbidden where they may not do it.
 */
export async function lockedTeam(
  tx: Transaction,
  person: Person,
  action: HeldAction,
  id: string,
): Promise<Viewer | null> {
  const viewer = await lockedAgain(tx, await viewerOf(tx, person), id);
  if (viewer && !can(viewer, action, { id })) throw new Forbidden(refusals[action], id);
  return viewer;
}

/**
 * The rights of a viewer once a team of theirs is held; null where it is theirs no longer. Only who sees a team gets
 * to wait for it, so that the wait tells nobody else that it is there.
 */
export async function lockedAgain(tx: Transaction, viewer: Viewer, teamId: string): Promise<Viewer | null> {
  if (!viewer.teams.has(teamId) || !(await lockTeam(tx, teamId))) return null;
  const now = await viewerOf(tx, viewer);
  return now.teams.has(teamId) ? now : null;
}

export const TRANSFER_FIRST =
  'A team always has an owner: hand the ownership to another member first, with `transferOwnership`.';

const refusals: Record<HeldAction, string> = {
  'team.update': 'Only the team’s owner and admins may change it.',
  'team.invite': 'Only the team’s owner and admins may invite people.',
  'team.transfer': 'Only the team’s owner may hand it over.',
  'team.delete': 'Only the team’s owner may delete it.',
  'team.leave': TRANSFER_FIRST,
};
