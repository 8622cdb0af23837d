import type { Task } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';
import { Forbidden, NotFound, ValidationFailed } from '../errors.ts';
import { can, type TaskSubject, type Viewer } from '../policy.ts';
import { holdTeams, lockHierarchy } from '../sql/locks.ts';
import { hierarchyOf } from '../sql/task-hierarchy.ts';
import { seenPlacements } from './seen-tasks.ts';

type Placed = TaskSubject & Pick<Task, 'parentId'>;

/** Where a task was, nowhere if it is new, and where it goes. */
export interface Placement {
  before: Placed | null;
  after: Placed;
  /** What comes ahead of a field's name in an error, as in `tasks.3.`. */
  path: string;
}

export const ONLY_ASSIGNERS =
  'Only the owner of this task, its team’s owner and admins, and the member it is assigned to can assign it.';

/** How many tasks may lie one under the other. */
const DEEPEST = 10;

/**
 * Checks where tasks are put: into teams that the viewer may put them, under tasks that they may change, and
 * assigned, by a viewer who may assign them, to people who see them. `checkHierarchy` has to follow once they are written.
 */
export async function checkPlacement(
  tx: Transaction,
  viewer: Viewer,
  placements: readonly Placement[],
): Promise<void> {
  for (const placement of placements) {
    checkTeam(viewer, placement);
    checkAssigner(viewer, placement);
  }
  await holdNewTeams(tx, placements);
  await checkAssignees(tx, placements);
  await checkParents(tx, viewer, placements);
}

function checkTeam(viewer: Viewer, { before, after, path }: Placement): void {
  if ((before?.teamId ?? null) === after.teamId) return;
  const field = { field: `${path}teamId` };
  if (before && !can(viewer, 'task.move', before)) {
    throw new Forbidden(
      'Only its owner, and who leads its team, may move this task to another team.',
      before.id,
      field,
    );
  }
  if (after.teamId === null) {
    if (after.ownerId === viewer.userId) return;
    throw new Forbidden('Only its owner can take this task out of the team.', after.id, field);
  }
  if (!viewer.teams.has(after.teamId)) throw new NotFound('team', after.teamId, field);
  if (!can(viewer, 'team.createTask', { id: after.teamId })) {
    throw new Forbidden(
      'You may see this team’s tasks, but not add any; ask its owner for the role MEMBER.',
      after.teamId,
      field,
    );
  }
}

/** Without the right to assign, a viewer can only take the task off themselves. */
function checkAssigner(viewer: Viewer, { before, after, path }: Placement): void {
  if (!before || before.assigneeId === after.assigneeId || can(viewer, 'task.assign', before)) return;
  if (after.assigneeId === null && before.assigneeId === viewer.userId) return;
  throw new Forbidden(ONLY_ASSIGNERS, before.id, { field: `${path}assigneeId` });
}

/** A team that is deleted meanwhile takes no more tasks. */
async function holdNewTeams(tx: Transaction, placements: readonly Placement[]): Promise<void> {
  const entering = placements.filter(({ before, after }) => after.teamId !== (before?.teamId ?? null));
  const ids = new Set(entering.flatMap(({ after }) => after.teamId ?? []));
  if (ids.size === 0) return;
  const held = await holdTeams(tx, [...ids]);
  const late = entering.find(({ after }) => after.teamId !== null && !held.has(after.teamId));
  if (late) throw new NotFound('team', late.after.teamId ?? undefined, { field: `${late.path}teamId` });
}

/** A team's task goes to its members; a personal one to its owner, or to whoever it is shared with. */
async function checkAssignees(tx: Transaction, placements: readonly Placement[]): Promise<void> {
  const handed = placements.filter(
    ({ before, after: { assigneeId, teamId, ownerId } }) =>
      (assigneeId !== before?.assigneeId || teamId !== before.teamId) &&
      assigneeId !== null &&
      (teamId !== null || assigneeId !== ownerId),
  );
  const inTeams = handed.flatMap(({ after: { assigneeId, teamId } }) =>
    assigneeId && teamId ? [{ userId: assigneeId, teamId }] : [],
  );
  const personal = handed.flatMap(({ after: { id, assigneeId, teamId } }) =>
    assigneeId && !teamId ? [{ taskId: id, sharedWithId: assigneeId }] : [],
  );
  const live = { OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] };
  const members = inTeams.length === 0 ? [] : await tx.membership.findMany({ where: { OR: inTeams } });
  const shares =
    personal.length === 0 ? [] : await tx.taskShare.findMany({ where: { OR: personal, AND: live } });
  const known = new Set([
    ...members.map(({ userId, teamId }) => `${userId} ${teamId}`),
    ...shares.map(({ taskId, sharedWithId }) => `${sharedWithId} ${taskId}`),
  ]);
  const stranger = handed.find(({ after }) => !known.has(`${after.assigneeId} ${after.teamId ?? after.id}`));
  if (!stranger) return;
  throw new ValidationFailed(
    stranger.after.teamId === null
      ? 'A task of your own can be assigned to you, or to somebody it is shared with; share it first.'
      : 'A team’s task can be assigned to members of that team only; invite them first.',
    { field: `${stranger.path}assigneeId` },
  );
}

/** A task may lie under one that is made along with it, too. */
async function checkParents(
  tx: Transaction,
  viewer: Viewer,
  placements: readonly Placement[],
): Promise<void> {
  for (const { after, path } of hung(placements)) if (after.id === after.parentId) throw underItself(path);
  const made = new Set(placements.flatMap(({ before, after }) => (before ? [] : after.id)));
  const wanted = hung(placements).filter(({ after }) => !made.has(after.parentId));
  if (hung(placements).length > 0) await lockHierarchy(tx);
  if (wanted.length === 0) return;
  const ids = [...new Set(wanted.map(({ after }) => after.parentId))];
  const parents = await seenPlacements(tx, viewer, ids);
  for (const { after, path } of wanted) {
    const field = { field: `${path}parentId` };
    const parent = parents.get(after.parentId);
    if (!parent) throw new NotFound('task', after.parentId, field);
    if (!can(viewer, 'task.edit', parent)) {
      throw new Forbidden(
        'You may see the task above, but not change it, so nothing can be put under it.',
        parent.id,
        field,
      );
    }
  }
}

/**
 * Checks, once they are written, that tasks lie neither under themselves nor too deep, those below them included.
 * @throws ValidationFailed, upon which the transaction undoes what was written.
 */
export async function checkHierarchy(tx: Transaction, placements: readonly Placement[]): Promise<void> {
  const moved = hung(placements);
  if (moved.length === 0) return;
  const hierarchy = await hierarchyOf(
    tx,
    moved.map(({ after }) => after.id),
    DEEPEST,
  );
  for (const { after, path } of moved) {
    const { circular, depth } = hierarchy.get(after.id) ?? { circular: false, depth: 1 };
    if (circular) throw underItself(path);
    if (depth > DEEPEST) {
      throw new ValidationFailed(`Tasks can lie at most ${DEEPEST} deep under one another.`, {
        field: `${path}parentId`,
      });
    }
  }
}

function underItself(path: string): ValidationFailed {
  return new ValidationFailed('A task cannot lie under itself.', { field: `${path}parentId` });
}

/** Those that come under another task. */
function hung(placements: readonly Placement[]) {
  return placements.flatMap(({ before, after, path }) => {
    const { parentId } = after;
    return parentId === null || parentId === before?.parentId
      ? []
      : [{ after: { ...after, parentId }, path }];
  });
}
