import { isDeepStrictEqual } from 'node:util';
import type { Task, TaskStatus } from '../../prisma/generated/client/client.ts';
import { databaseOf, type Transaction } from '../database/transaction.ts';
import { Forbidden, NotFound, ValidationFailed } from '../errors.ts';
import { append, appendAll, currentCursor } from '../log/append.ts';
import { taskChanged, taskLeftTeam } from '../log/task-event.ts';
import { can, type Person, type TaskAction, type Viewer } from '../policy.ts';
import { lockTasks } from '../sql/locks.ts';
import { viewerOf } from '../sql/viewer.ts';
import { writeTasks } from '../sql/write-tasks.ts';
import { versionConflict } from './version-conflict.ts';
import { checkQuota } from './quota.ts';
import { seenTasks, type SeenTask } from './seen-tasks.ts';
import { checkHierarchy, checkPlacement, ONLY_ASSIGNERS } from './task-placement.ts';

/** The fields that a verb may change; the rest follows from them. */
export type Changes = Partial<
  Pick<
    Task,
    | 'title'
    | 'description'
    | 'status'
    | 'priority'
    | 'dueOn'
    | 'labels'
    | 'assigneeId'
    | 'teamId'
    | 'parentId'
    | 'position'
    | 'archivedAt'
  >
>;

export interface ChangeRequest {
  id: string;
  /** The version that the change is based on; unchecked without one. */
  version?: number | null | undefined;
  /** What comes ahead of a field's name in an error, as in `tasks.3.`; nothing where there is one task only. */
  path?: string;
  changes: (task: Task) => Changes;
}

/**
 * The one way in which tasks change: locked, allowed, on the expected version, written in one statement, each with
 * its event. A change that changes nothing leaves no trace.
 */
export async function changeTasks(
  tx: Transaction,
  person: Person,
  requests: readonly ChangeRequest[],
): Promise<{ ids: string[]; cursor: string }> {
  const ids = requests.map(({ id }) => id);
  await lockTasks(tx, person, ids);
  const viewer = await viewerOf(tx, person);
  const tasks = await lockedFor(tx, viewer, 'task.edit', requests);
  const now = new Date();
  const changed = tasks.flatMap((before, i) => {
    const after = { ...before, ...requests[i]?.changes(before) };
    if (isDeepStrictEqual(before, after)) return [];
    return [{ before, after: withConsequences(before, after, now), path: requests[i]?.path ?? '' }];
  });
  if (changed.length === 0) return { ids, cursor: await currentCursor(tx) };

  const growing = changed.filter(({ before, after }) => textOf(after) > textOf(before));
  for (const userId of new Set(growing.map(({ before }) => before.ownerId)))
    await checkQuota(databaseOf(tx), { userId });

  await checkPlacement(tx, viewer, changed);
  await writeTasks(tx, changed);
  await checkHierarchy(tx, changed);
  const events = changed.flatMap(({ before, after }) => [
    taskChanged(kindOf(before, after), person, before, after),
    ...(before.teamId === null || before.teamId === after.teamId ? [] : [taskLeftTeam(person, before)]),
  ]);
  const [only] = events;
  return { ids, cursor: only && events.length === 1 ? await append(tx, only) : await appendAll(tx, events) };
}

/**
 * Reads tasks that are locked for a change, with the rights that the viewer had once they were.
 * @throws NotFound, Forbidden, or Conflict where the viewer's version is outdated.
 */
export async function lockedFor(
  tx: Transaction,
  viewer: Viewer,
  action: TaskAction,
  wanted: readonly (Omit<ChangeRequest, 'changes'> & Partial<Pick<ChangeRequest, 'changes'>>)[],
): Promise<SeenTask[]> {
  const ids = wanted.map(({ id }) => id);
  const again = ids.findIndex((id, i) => ids.indexOf(id) < i);
  if (again >= 0) {
    throw new ValidationFailed('One call can change a task only once.', {
      field: `${wanted[again]?.path ?? ''}id`,
    });
  }
  const found = await seenTasks(tx, viewer, ids);
  return wanted.map(({ id, version, path, changes }) => {
    const task = found.get(id);
    const place = path === undefined ? {} : { field: `${path}id` };
    if (!task) throw new NotFound('task', id, place);
    if (!can(viewer, action, task)) throw new Forbidden(refusals[action], id, place);
    // A change that was sent twice finds what it asks for, and is no conflict.
    const saysSo = changes && isDeepStrictEqual({ ...task, ...changes(task) }, task);
    if (version != null && version !== task.version && !saysSo)
      throw versionConflict(viewer, task, version, path);
    return task;
  });
}

const refusals: Record<TaskAction, string> = {
  'task.edit': 'You may see this task, but not change it; ask its owner for a share that lets you.',
  'task.comment': 'You may see this task, but not comment on it.',
  'task.delete': 'You may see this task, but not delete it.',
  'task.share': 'Only its owner, and who leads its team, may share this task.',
  'task.assign': ONLY_ASSIGNERS,
  'task.move': 'Only its owner, and who leads its team, may move this task to another team.',
};

/** Characters of text, which count to the storage of the task's owner. */
function textOf({ title, description, labels }: Task): number {
  return title.length + description.length + labels.join('').length;
}

/** A task is completed when it becomes DONE, and stays so on the day it did; it is started once and for all. */
function withConsequences(before: Task, after: SeenTask, now: Date): SeenTask {
  const completedAt = after.status !== 'DONE' ? null : before.status === 'DONE' ? before.completedAt : now;
  const startedAt = before.startedAt ?? (after.status === 'IN_PROGRESS' ? now : null);
  return { ...after, startedAt, completedAt, updatedAt: now, version: before.version + 1 };
}

function kindOf(before: Task, after: Task) {
  if (before.status !== 'DONE' && after.status === 'DONE') return 'task.completed';
  return !isOpen(before.status) && isOpen(after.status) ? 'task.reopened' : 'task.updated';
}

function isOpen(status: TaskStatus): boolean {
  return status === 'TODO' || status === 'IN_PROGRESS';
}
