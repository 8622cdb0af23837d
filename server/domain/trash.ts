import { z } from 'zod';
import type { Event } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { Conflict, NotFound } from '../errors.ts';
import { append, currentCursor } from '../log/append.ts';
import type { EventKind } from '../log/catalogue.ts';
import { encodeCursor } from '../log/cursor.ts';
import { taskChanged, taskPurged, taskRestored } from '../log/task-event.ts';
import { ownChanges, visible, type Person } from '../policy.ts';
import { lockHierarchy, lockTasksToDelete } from '../sql/locks.ts';
import { receiversOfTasks } from '../sql/shares.ts';
import { clearParents, linkOrphans } from '../sql/tasks-along.ts';
import { hierarchyOf } from '../sql/task-hierarchy.ts';
import { copyToTrash, kindsBelow, lockLinked, lockTrash, putBack, rememberLinks } from '../sql/trash.ts';
import { viewerOf } from '../sql/viewer.ts';
import { seenPlacements } from './seen-tasks.ts';
import { batchOf, inBatch, reference, type TaskChange, type TasksChange } from './task.ts';
import { lockedFor } from './task-change.ts';
import { DEEPEST } from './task-placement.ts';
import { idOf, parse } from './validation.ts';

/** Each of these tasks is moved with all that hangs below it. */
export const LARGEST_DELETION = 100;

const MOST_RECEIVERS_IN_EVENT = 1_000;

const deletion = z.object({ tasks: batchOf(reference, LARGEST_DELETION) });
const trashed = z.object({ id: idOf('Task') });
const manyTrashed = z.object({ tasks: batchOf(trashed, LARGEST_DELETION) });

interface Wanted {
  id: string;
  version?: number | null | undefined;
  /** Prefix of field names in errors, such as `tasks.3.`. Undefined for a single task. */
  path?: string;
}

/** Moves a task to the trash. The subtasks remain. Idempotent. */
export async function deleteTask(db: Database, person: Person, input: unknown): Promise<TaskChange> {
  const wanted = parse(reference, input);
  return inTransaction(db, async (tx) => ({ id: wanted.id, cursor: await remove(tx, person, [wanted]) }));
}

/** All or none. The subtasks remain. Idempotent. */
export async function deleteTasks(db: Database, person: Person, input: unknown): Promise<TasksChange> {
  const wanted = placed(parse(deletion, input).tasks);
  return inTransaction(db, async (tx) => ({ ids: idsOf(wanted), cursor: await remove(tx, person, wanted) }));
}

/** @returns the log cursor. */
async function remove(tx: Transaction, person: Person, wanted: readonly Wanted[]): Promise<string> {
  const there = await lockTasksToDelete(tx, person, idsOf(wanted));
  const gone = wanted.filter(({ id }) => !there.has(id));
  const earlier = await earlierChange(tx, 'task.deleted', person, gone);
  const viewer = await viewerOf(tx, person);
  const tasks = await lockedFor(
    tx,
    viewer,
    'task.delete',
    wanted.filter(({ id }) => there.has(id)),
  );
  if (tasks.length === 0) return earlier ? encodeCursor(tx, earlier) : currentCursor(tx);

  const ids = idsOf(tasks);
  const receivers = await receiversOfTasks(tx, ids, MOST_RECEIVERS_IN_EVENT);
  await copyToTrash(tx, person, ids);
  await clearParents(tx, person, ids);
  await tx.task.deleteMany({ where: { id: { in: ids } } });
  const events = tasks.map((task) =>
    named(taskChanged('task.deleted', person, task, null), receivers.get(task.id)),
  );
  return append(tx, ...events);
}

/** Puts a task back as it was. No effect on a task that is not in the trash. */
export async function restoreTask(db: Database, person: Person, input: unknown): Promise<TaskChange> {
  const { id } = parse(trashed, input);
  return inTransaction(db, async (tx) => ({ id, cursor: await restore(tx, person, [{ id }]) }));
}

/** All or none. */
export async function restoreTasks(db: Database, person: Person, input: unknown): Promise<TasksChange> {
  const wanted = placed(parse(manyTrashed, input).tasks);
  return inTransaction(db, async (tx) => ({ ids: idsOf(wanted), cursor: await restore(tx, person, wanted) }));
}

async function restore(tx: Transaction, person: Person, wanted: readonly Wanted[]): Promise<string> {
  const { viewer, tasks, others } = await lockedTrash(tx, person, wanted);
  const there = await seenPlacements(tx, viewer, idsOf(others));
  const missing = others.find(({ id }) => !there.has(id));
  if (missing) throw notFound(missing);
  if (tasks.length === 0) return currentCursor(tx);

  const ids = idsOf(tasks);
  const below = await kindsBelow(tx, ids);
  const parents = below.filter(({ kind }) => kind === 'subtasks').map(({ taskId }) => taskId);
  const isLinked = parents.length > 0 || tasks.some(({ parentId }) => parentId !== null);
  if (isLinked) {
    await lockLinked(tx, person, ids);
    await lockHierarchy(tx);
  }
  await putBack(tx, person, ids, new Set(below.map(({ kind }) => kind)));
  if (isLinked) await link(tx, person, ids, parents);
  await tx.trashedTask.deleteMany({ where: { id: { in: ids } } });

  const receivers = await receiversOfTasks(tx, ids, MOST_RECEIVERS_IN_EVENT);
  const restored = await tx.task.findMany({ where: { id: { in: ids } } });
  return append(tx, ...restored.map((task) => named(taskRestored(person, task), receivers.get(task.id))));
}

/** Links restored tasks and their subtasks, where the hierarchy has not changed too much. */
async function link(tx: Transaction, person: Person, ids: string[], parents: readonly string[]) {
  const places = await hierarchyOf(tx, ids, DEEPEST);
  const tooDeep = [...places.values()].filter(({ depth, circular }) => circular || depth > DEEPEST);
  if (tooDeep.length > 0)
    await tx.task.updateMany({ where: { id: { in: idsOf(tooDeep) } }, data: { parentId: null } });
  for (const id of parents) await linkOrphans(tx, person, id, DEEPEST);
  await rememberLinks(tx, ids);
}

/** Deletes a task in the trash permanently. Idempotent. */
export async function purgeTask(db: Database, person: Person, input: unknown): Promise<TaskChange> {
  const { id } = parse(trashed, input);
  return inTransaction(db, async (tx) => ({ id, cursor: await purge(tx, person, [{ id }]) }));
}

/** All or none. */
export async function purgeTasks(db: Database, person: Person, input: unknown): Promise<TasksChange> {
  const wanted = placed(parse(manyTrashed, input).tasks);
  return inTransaction(db, async (tx) => ({ ids: idsOf(wanted), cursor: await purge(tx, person, wanted) }));
}

async function purge(tx: Transaction, person: Person, wanted: readonly Wanted[]): Promise<string> {
  const { viewer, tasks, others } = await lockedTrash(tx, person, wanted);
  const there = await seenPlacements(tx, viewer, idsOf(others));
  if (there.size > 0) throw new Conflict('Only tasks in the trash can be purged. Delete the task first.');
  const earlier = await earlierChange(tx, 'task.purged', person, others);
  if (tasks.length === 0) return earlier ? encodeCursor(tx, earlier) : currentCursor(tx);
  await tx.trashedTask.deleteMany({ where: { id: { in: idsOf(tasks) } } });
  return append(tx, ...tasks.map((task) => taskPurged(person, task)));
}

/** Locks the tasks that are in the trash, and that the person may restore or purge. `others` are not. */
async function lockedTrash(tx: Transaction, person: Person, wanted: readonly Wanted[]) {
  await lockTrash(tx, person, idsOf(wanted));
  const viewer = await viewerOf(tx, person);
  const tasks = await tx.trashedTask.findMany({
    where: { id: { in: idsOf(wanted) }, AND: visible.trashedTask(viewer) },
    select: { id: true, ownerId: true, teamId: true, parentId: true },
  });
  const found = new Set(idsOf(tasks));
  return { viewer, tasks, others: wanted.filter(({ id }) => !found.has(id)) };
}

function idsOf(some: readonly { id: string }[]): string[] {
  return some.map(({ id }) => id);
}

/** The person's own last change of this kind to one of the tasks. @throws NotFound if there is none to one of them. */
async function earlierChange(
  tx: Transaction,
  kind: EventKind,
  person: Person,
  wanted: readonly Wanted[],
): Promise<Event | undefined> {
  if (wanted.length === 0) return undefined;
  const events = await tx.event.findMany({
    where: { subjectId: { in: idsOf(wanted) }, kind, ...ownChanges(person) },
    orderBy: { sequence: 'desc' },
  });
  const missing = wanted.find(({ id }) => !events.some(({ subjectId }) => subjectId === id));
  if (missing) throw notFound(missing);
  return events[0];
}

function notFound({ id, path }: Wanted): NotFound {
  return new NotFound('task', id, path === undefined ? {} : { field: `${path}id` });
}

function placed<Task extends { id: string }>(tasks: readonly Task[]): (Task & Wanted)[] {
  return tasks.map((task, index) => ({ ...task, path: inBatch(index) }));
}

/** The receivers of shares read the event, too. */
function named<E extends { data: object }>(event: E, sharedWith: readonly string[] | undefined): E {
  return sharedWith ? { ...event, data: { ...event.data, sharedWith } } : event;
}
