import type { Transaction } from '../database/transaction.ts';
import { Forbidden } from '../errors.ts';
import { can, type Person, type TeamAction, type Viewer } from '../policy.ts';
import { lockTeam } from '../sql/locks.ts';
import { viewerOf } from '../sql/viewer.ts';

type HeldAction = Exclude<TeamAction, 'team.createTask'>;

/** Locks a team. Null if the person does not see it. @throws Forbidden if they may not take the action. */
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

/** Null for people who are not members, without a wait that would reveal the team. */
export async function lockedAgain(tx: Transaction, viewer: Viewer, teamId: string): Promise<Viewer | null> {
  if (!viewer.teams.has(teamId) || !(await lockTeam(tx, teamId))) return null;
  const now = await viewerOf(tx, viewer.person);
  return now.teams.has(teamId) ? now : null;
}

export const TRANSFER_FIRST =
  'A team must have an owner. Transfer ownership to another member first, with `transferOwnership`.';

const refusals: Record<HeldAction, string> = {
  'team.update': 'Only the team’s owner and admins can change it.',
  'team.invite': 'Only the team’s owner and admins can invite people.',
  'team.transfer': 'Only the team’s owner can transfer it.',
  'team.delete': 'Only the team’s owner can delete it.',
  'team.leave': TRANSFER_FIRST,
  'team.manageViews': 'Only the team’s owner, admins and members can change its views and dashboards.',
  'team.manageWebhooks': 'Only the team’s owner and admins can manage its webhooks.',
};
