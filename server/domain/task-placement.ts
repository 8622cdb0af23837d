import type { Task } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';
import { Forbidden, NotFound, ValidationFailed } from '../errors.ts';
import { can, visible, type Viewer } from '../policy.ts';
import { ancestorsOf, lockHierarchy } from '../sql/task-ancestors.ts';

type Placed = Pick<Task, 'id' | 'ownerId' | 'assigneeId' | 'teamId' | 'parentId'>;

/** A task before and after; a new one has no before. */
type Placement = readonly [before: Placed | null, after: Placed];

/** How many tasks may lie one under the other. */
const DEEPEST = 10;

/**
 * Checks where tasks are put: into teams that the viewer may put them, under tasks that they may change, in the
 * hands of people who see them.
 */
export async function checkPlacement(
  tx: Transaction,
  viewer: Viewer,
  placements: readonly Placement[],
): Promise<void> {
  for (const [before, after] of placements) checkTeam(viewer, before, after);
  await checkAssignees(tx, placements);
  for (const [before, after] of placements) {
    if (after.parentId !== null && after.parentId !== before?.parentId)
      await checkParent(tx, viewer, after, after.parentId);
  }
}

function checkTeam(viewer: Viewer, before: Placed | null, after: Placed): void {
  if ((before?.teamId ?? null) === after.teamId) return;
  if (before && !can(viewer, 'task.move', before)) {
    throw new Forbidden(
      'Only its owner, and who leads its team, may move this task to another team.',
      before.id,
    );
  }
  if (after.teamId === null) return;
  if (!viewer.teams.has(after.teamId)) throw new NotFound('team', after.teamId);
  if (!can(viewer, 'team.createTask', { id: after.teamId })) {
    throw new Forbidden(
      'You may see this team’s tasks, but not add any; ask its owner for the role MEMBER.',
      after.teamId,
    );
  }
}

/** A team's task goes to its members; a personal one to its owner, or to whoever it is shared with. */
async function checkAssignees(tx: Transaction, placements: readonly Placement[]): Promise<void> {
  const handed = placements
    .filter(([before, after]) => after.assigneeId !== before?.assigneeId || after.teamId !== before.teamId)
    .map(([, after]) => after)
    .filter(
      ({ assigneeId, teamId, ownerId }) => assigneeId !== null && (teamId !== null || assigneeId !== ownerId),
    );
  const inTeams = handed.flatMap(({ assigneeId, teamId }) =>
    assigneeId && teamId ? [{ userId: assigneeId, teamId }] : [],
  );
  const personal = handed.flatMap(({ id, assigneeId, teamId }) =>
    assigneeId && !teamId ? [{ taskId: id, sharedWithId: assigneeId }] : [],
  );
  const members = inTeams.length === 0 ? [] : await tx.membership.findMany({ where: { OR: inTeams } });
  const shares = personal.length === 0 ? [] : await tx.taskShare.findMany({ where: { OR: personal } });
  const known = new Set([
    ...members.map(({ userId, teamId }) => `${userId} ${teamId}`),
    ...shares.map(({ taskId, sharedWithId }) => `${sharedWithId} ${taskId}`),
  ]);
  const stranger = handed.find(({ id, assigneeId, teamId }) => !known.has(`${assigneeId} ${teamId ?? id}`));
  if (!stranger) return;
  throw new ValidationFailed(
    stranger.teamId === null
      ? 'A task of your own can be assigned to you, or to somebody it is shared with; share it first.'
      : 'A team’s task can be assigned to members of that team only; invite them first.',
    { field: 'assigneeId' },
  );
}

async function checkParent(tx: Transaction, viewer: Viewer, task: Placed, parentId: string): Promise<void> {
  await lockHierarchy(tx);
  const parent = await tx.task.findFirst({ where: { id: parentId, AND: visible.task(viewer) } });
  if (!parent) throw new NotFound('task', parentId);
  if (!can(viewer, 'task.edit', parent)) {
    throw new Forbidden(
      'You may see the task above, but not change it, so nothing can be put under it.',
      parentId,
    );
  }
  const above = await ancestorsOf(tx, parentId, DEEPEST);
  if (above.includes(task.id)) {
    throw new ValidationFailed('A task cannot lie under itself.', { field: 'parentId' });
  }
  if (above.length >= DEEPEST) {
    throw new ValidationFailed(`Tasks can lie at most ${DEEPEST} deep under one another.`, {
      field: 'parentId',
    });
  }
}
