import { isDeepStrictEqual } from 'node:util';
import type { Task, TaskStatus } from '../../prisma/generated/client/client.ts';
import { databaseOf, type Transaction } from '../database/transaction.ts';
import { Forbidden, NotFound, ValidationFailed } from '../errors.ts';
import { append, currentCursor } from '../log/append.ts';
import { currentSource } from '../log/source.ts';
import { taskChanged, taskLeftTeam } from '../log/task-event.ts';
import { can, type Person, type TaskAction, type Viewer } from '../policy.ts';
import { lockTasks } from '../sql/locks.ts';
import { viewerOf } from '../sql/viewer.ts';
import { keepTaskChanges } from '../sql/run-changes.ts';
import { writeTasks, type FixedField } from '../sql/write-tasks.ts';
import { versionConflict } from './version-conflict.ts';
import { checkQuota } from './quota.ts';
import { seenTasks, type SeenTask } from './seen-tasks.ts';
import { checkHierarchy, checkPlacement, ONLY_ASSIGNERS } from './task-placement.ts';

/** Set by `withConsequences`. */
type DerivedField = 'version' | 'startedAt' | 'completedAt' | 'updatedAt';
export type Changes = Partial<Omit<Task, FixedField | DerivedField>>;

export interface ChangeRequest {
  id: string;
  version?: number | null | undefined;
  /** Prefix of field names in errors, such as `tasks.3.`. Undefined for a single task. */
  path?: string;
  changes: (task: Task) => Changes;
  /** Instead of the derived values, for an undo. */
  restored?: Partial<Pick<Task, 'startedAt' | 'completedAt'>>;
}

/** The only way to change tasks. A change without effect writes nothing. */
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
    const { path = '', restored } = requests[i] ?? {};
    return [{ before, after: { ...withConsequences(before, after, now), ...restored }, path }];
  });
  if (changed.length === 0) return { ids, cursor: await currentCursor(tx) };

  const growing = changed.filter(({ before, after }) => textOf(after) > textOf(before));
  for (const userId of new Set(growing.map(({ before }) => before.ownerId)))
    await checkQuota(databaseOf(tx), { userId });

  if (currentSource() !== null) await checkQuota(databaseOf(tx), person);
  await checkPlacement(tx, viewer, changed);
  await writeTasks(tx, changed);
  await keepTaskChanges(tx, changed);
  await checkHierarchy(tx, changed);
  const events = changed.flatMap(({ before, after }) => [
    taskChanged(kindOf(before, after), person, before, after),
    ...(before.teamId === null || before.teamId === after.teamId ? [] : [taskLeftTeam(person, before)]),
  ]);
  return { ids, cursor: await append(tx, ...events) };
}

/** Reads tasks that the caller has locked. @throws NotFound, Forbidden, or Conflict for an outdated version. */
export async function lockedFor(
  tx: Transaction,
  viewer: Viewer,
  action: TaskAction,
  wanted: readonly (Omit<ChangeRequest, 'changes'> & Partial<Pick<ChangeRequest, 'changes'>>)[],
): Promise<SeenTask[]> {
  const ids = wanted.map(({ id }) => id);
  const again = ids.findIndex((id, i) => ids.indexOf(id) < i);
  if (again >= 0) {
    throw new ValidationFailed('Each task can appear only once.', {
      field: `${wanted[again]?.path ?? ''}id`,
    });
  }
  const found = await seenTasks(tx, viewer, ids);
  return wanted.map(({ id, version, path, changes }) => {
    const task = found.get(id);
    const place = path === undefined ? {} : { field: `${path}id` };
    if (!task) throw new NotFound('task', id, place);
    if (!can(viewer, action, task)) throw new Forbidden(refusals[action], id, place);
    // A repeated request finds its values already set, which is not a conflict.
    const isApplied = changes && isDeepStrictEqual({ ...task, ...changes(task) }, task);
    if (version != null && version !== task.version && !isApplied)
      throw versionConflict(viewer, task, version, path);
    return task;
  });
}

const refusals: Record<TaskAction, string> = {
  'task.edit': 'You can read this task but not change it. Ask its owner for edit access.',
  'task.comment': 'You can read this task but not comment on it.',
  'task.delete': 'You can read this task but not delete it.',
  'task.share': 'Only the task’s owner, and the owner and admins of its team, can share it.',
  'task.assign': ONLY_ASSIGNERS,
  'task.move': 'Only the task’s owner, and the owner and admins of its team, can move it to another team.',
};

/** Characters that count towards the storage quota of the task's owner. */
function textOf({ title, description, labels }: Task): number {
  return title.length + description.length + labels.join('').length;
}

/** Derives timestamps and version. `completedAt` is kept while the task stays DONE; `startedAt` is set once. */
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
