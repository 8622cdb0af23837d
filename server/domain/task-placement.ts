import type { Task } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';
import { Forbidden, LimitedToTeams, NotFound, ValidationFailed } from '../errors.ts';
import { can, type TaskSubject, type Viewer } from '../policy.ts';
import { holdTeams, lockHierarchy } from '../sql/locks.ts';
import { hierarchyOf } from '../sql/task-hierarchy.ts';
import { seenPlacements } from './seen-tasks.ts';

type Placed = TaskSubject & Pick<Task, 'parentId'>;

/** `before` is null for a new task. */
export interface Placement {
  before: Placed | null;
  after: Placed;
  path: string;
}

export const ONLY_ASSIGNERS =
  'Only the task’s owner, the owner and admins of its team, and its assignee can assign it.';

export const DEEPEST = 10;

/** Checks the team, assignee and parent of tasks before they are written. Call `checkHierarchy` afterwards. */
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
      'Only the task’s owner, and the owner and admins of its team, can move it to another team.',
      before.id,
      field,
    );
  }
  if (after.teamId === null) {
    if (viewer.person.limit) throw LimitedToTeams.chooseOne(`${path}teamId`);
    if (after.ownerId === viewer.ownId) return;
    throw new Forbidden('Only the task’s owner can remove it from the team.', after.id, field);
  }
  if (!viewer.teams.has(after.teamId)) throw new NotFound('team', after.teamId, field);
  if (!can(viewer, 'team.createTask', { id: after.teamId })) {
    throw new Forbidden(
      'You can read this team’s tasks but not create any. Ask the team’s owner for the role MEMBER.',
      after.teamId,
      field,
    );
  }
}

/** Without the right to assign, viewers can only unassign themselves. */
function checkAssigner(viewer: Viewer, { before, after, path }: Placement): void {
  if (!before || before.assigneeId === after.assigneeId || can(viewer, 'task.assign', before)) return;
  if (after.assigneeId === null && before.assigneeId === viewer.actorId) return;
  throw new Forbidden(ONLY_ASSIGNERS, before.id, { field: `${path}assigneeId` });
}

/** Locks the teams, since one could be deleted concurrently. */
async function holdNewTeams(tx: Transaction, placements: readonly Placement[]): Promise<void> {
  const entering = placements.filter(({ before, after }) => after.teamId !== (before?.teamId ?? null));
  const ids = new Set(entering.flatMap(({ after }) => after.teamId ?? []));
  if (ids.size === 0) return;
  const held = await holdTeams(tx, [...ids]);
  const late = entering.find(({ after }) => after.teamId !== null && !held.has(after.teamId));
  if (late) throw new NotFound('team', late.after.teamId ?? undefined, { field: `${late.path}teamId` });
}

/** Team tasks can be assigned to members; personal tasks to their owner and receivers of shares. */
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
  const invalid = handed.find(({ after }) => !known.has(`${after.assigneeId} ${after.teamId ?? after.id}`));
  if (!invalid) return;
  throw new ValidationFailed(
    invalid.after.teamId === null
      ? 'A personal task can be assigned to its owner or to people it is shared with. Share it first.'
      : 'A team’s task can only be assigned to members of the team. Invite the person first.',
    { field: `${invalid.path}assigneeId` },
  );
}

/** The parent can be created in the same call. */
async function checkParents(
  tx: Transaction,
  viewer: Viewer,
  placements: readonly Placement[],
): Promise<void> {
  for (const { after, path } of underParents(placements))
    if (after.id === after.parentId) throw underItself(path);
  const made = new Set(placements.flatMap(({ before, after }) => (before ? [] : after.id)));
  const wanted = underParents(placements).filter(({ after }) => !made.has(after.parentId));
  if (underParents(placements).length > 0) await lockHierarchy(tx);
  if (wanted.length === 0) return;
  const ids = [...new Set(wanted.map(({ after }) => after.parentId))];
  const parents = await seenPlacements(tx, viewer, ids);
  for (const { after, path } of wanted) {
    const field = { field: `${path}parentId` };
    const parent = parents.get(after.parentId);
    if (!parent) throw new NotFound('task', after.parentId, field);
    if (!can(viewer, 'task.edit', parent)) {
      throw new Forbidden(
        'You can read the parent task but not change it, so you cannot add subtasks to it.',
        parent.id,
        field,
      );
    }
  }
}

/** Call it after writing. @throws ValidationFailed, which rolls the transaction back. */
export async function checkHierarchy(tx: Transaction, placements: readonly Placement[]): Promise<void> {
  const moved = underParents(placements);
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
      throw new ValidationFailed(`Tasks can be nested at most ${DEEPEST} levels deep.`, {
        field: `${path}parentId`,
      });
    }
  }
}

function underItself(path: string): ValidationFailed {
  return new ValidationFailed('A task cannot be its own parent or ancestor.', { field: `${path}parentId` });
}

function underParents(placements: readonly Placement[]) {
  return placements.flatMap(({ before, after, path }) => {
    const { parentId } = after;
    return parentId === null || parentId === before?.parentId
      ? []
      : [{ after: { ...after, parentId }, path }];
  });
}
