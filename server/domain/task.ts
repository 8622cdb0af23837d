import { createHash } from 'node:crypto';
import { z } from 'zod';
import { TaskPriority, TaskStatus, type Task } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { Conflict, Forbidden, NotFound } from '../errors.ts';
import { append, currentCursor, toCursor, type EventKind } from '../events/log.ts';
import { taskEventData } from '../events/task-event.ts';
import { newId } from '../ids.ts';
import { can, liveShares, visible, type TaskAction, type TaskSubject, type Viewer } from '../policy.ts';
import { lockTask } from '../sql/lock-task.ts';
import { day, idOf, newIdOf, parse, text, version } from './validation.ts';

/** What a verb hands back: which task to re-read, and the log's cursor after the change. */
export interface TaskChange {
  id: string;
  cursor: string;
}

const LINE_BREAK = /[\n\r\v\f\u0085\u2028\u2029]/;

const title = text('The title', { min: 1, max: 200 }).refine(
  (value) => !LINE_BREAK.test(value),
  'The title must fit on one line; the description takes the rest.',
);
const description = text('The description', { min: 0, max: 10_000 });

const creation = z.object({
  id: newIdOf('Task').nullish(),
  title,
  description: description.nullish().transform((value) => value ?? ''),
  status: z
    .enum(TaskStatus)
    .nullish()
    .transform((value) => value ?? 'TODO'),
  priority: z
    .enum(TaskPriority)
    .nullish()
    .transform((value) => value ?? 'NONE'),
  dueOn: day.nullish().transform((value) => value ?? null),
});

const reference = z.object({ id: idOf('Task'), version });

/** An absent field stays as it is; null clears what can be cleared, and otherwise counts as absent. */
const edit = reference.extend({
  title: title.nullish(),
  description: description.nullish(),
  status: z.enum(TaskStatus).nullish(),
  priority: z.enum(TaskPriority).nullish(),
  dueOn: day.nullish(),
});

/**
 * Creates a task that the viewer owns.
 * The same creation sent again under the same client-made id returns the first result.
 * @throws Conflict where that id belongs to another creation.
 */
export async function createTask(db: Database, viewer: Viewer, input: unknown): Promise<TaskChange> {
  const { id: clientId, ...fields } = parse(creation, input);
  const id = clientId ?? newId();
  const fingerprint = createHash('sha256').update(JSON.stringify(fields)).digest('base64url');
  return inTransaction(db, async (tx) => {
    const task = {
      id,
      ownerId: viewer.userId,
      ...fields,
      completedAt: fields.status === 'DONE' ? new Date() : null,
    };
    const { count } = await tx.task.createMany({ data: [task], skipDuplicates: true });
    if (count === 0) return firstCreation(tx, viewer, id, fingerprint);
    if (clientId != null) await refuseUsedId(tx, id);
    const data = { ...taskEventData(null, task), fingerprint };
    return {
      id,
      cursor: await append(tx, { kind: 'task.created', actorId: viewer.userId, subjectId: id, data }),
    };
  });
}

async function firstCreation(
  tx: Transaction,
  viewer: Viewer,
  id: string,
  fingerprint: string,
): Promise<TaskChange> {
  const event = await tx.event.findFirst({
    where: {
      subjectId: id,
      kind: 'task.created',
      actorId: viewer.userId,
      data: { path: ['fingerprint'], equals: fingerprint },
    },
  });
  if (!event) throw takenId();
  return { id, cursor: toCursor(event) };
}

/** A creation that arrives late must not bring back a task that was deleted meanwhile. */
async function refuseUsedId(tx: Transaction, id: string): Promise<void> {
  const earlier = await tx.event.findFirst({
    where: { subjectId: id, kind: 'task.created' },
    select: { sequence: true },
  });
  if (earlier) throw takenId();
}

function takenId() {
  return new Conflict('This id is taken by another task; make a new one.', { field: 'id' });
}

/** Changes the given fields of a task. A field that is left out stays; `dueOn: null` takes the day away. */
export async function updateTask(db: Database, viewer: Viewer, input: unknown): Promise<TaskChange> {
  const { id, version, dueOn, ...fields } = parse(edit, input);
  return change(db, viewer, { id, version }, { ...given(fields), ...(dueOn === undefined ? {} : { dueOn }) });
}

/** Marks a task as done. One that is done already stays as it is. */
export async function completeTask(db: Database, viewer: Viewer, input: unknown): Promise<TaskChange> {
  return change(db, viewer, parse(reference, input), { status: 'DONE' });
}

/** Takes a done or cancelled task back to the open ones. An open one stays as it is. */
export async function reopenTask(db: Database, viewer: Viewer, input: unknown): Promise<TaskChange> {
  return change(db, viewer, parse(reference, input), (task) =>
    isOpen(task.status) ? {} : { status: 'TODO' },
  );
}

/** Deletes a task for good. Deleting what the viewer has deleted before is harmless. */
export async function deleteTask(db: Database, viewer: Viewer, input: unknown): Promise<TaskChange> {
  const wanted = parse(reference, input);
  const { id } = wanted;
  return inTransaction(db, async (tx) => {
    const task = await locked(tx, viewer, id);
    if (!task) return firstDeletion(tx, viewer, id);
    checkRight(viewer, 'delete', task, wanted);
    await tx.task.delete({ where: { id } });
    const data = taskEventData(task, null);
    return {
      id,
      cursor: await append(tx, { kind: 'task.deleted', actorId: viewer.userId, subjectId: id, data }),
    };
  });
}

async function firstDeletion(tx: Transaction, viewer: Viewer, id: string): Promise<TaskChange> {
  const event = await tx.event.findFirst({
    where: { subjectId: id, kind: 'task.deleted', actorId: viewer.userId },
  });
  if (!event) throw new NotFound('task');
  return { id, cursor: toCursor(event) };
}

type Reference = z.output<typeof reference>;
type Changes = Partial<Pick<Task, 'title' | 'description' | 'status' | 'priority' | 'dueOn'>>;

/** The one way in which a task's fields change: locked, allowed, on the expected version, with its event. */
async function change(
  db: Database,
  viewer: Viewer,
  wanted: Reference,
  changes: Changes | ((task: Task) => Changes),
): Promise<TaskChange> {
  const { id } = wanted;
  return inTransaction(db, async (tx) => {
    const before = await locked(tx, viewer, id);
    if (!before) throw new NotFound('task');
    checkRight(viewer, 'edit', before, wanted);
    const asked = typeof changes === 'function' ? changes(before) : changes;
    const after = { ...before, ...asked };
    if (same(before, after)) return { id, cursor: await currentCursor(tx) };
    const now = new Date();
    const completedAt = after.status !== 'DONE' ? null : before.status === 'DONE' ? before.completedAt : now;
    await tx.task.update({
      where: { id },
      data: { ...asked, completedAt, updatedAt: now, version: { increment: 1 } },
      select: { id: true },
    });
    const data = taskEventData(before, after);
    return {
      id,
      cursor: await append(tx, { kind: kindOf(before, after), actorId: viewer.userId, subjectId: id, data }),
    };
  });
}

/** Reads a task that the viewer may see, and keeps others from changing it until the transaction ends. */
async function locked(tx: Transaction, viewer: Viewer, id: string) {
  await lockTask(tx, id);
  return tx.task.findFirst({
    where: { id, AND: visible.task(viewer) },
    include: { shares: { where: liveShares(viewer) } },
  });
}

/** @throws Forbidden, or Conflict where the viewer's version is outdated. */
function checkRight(
  viewer: Viewer,
  action: TaskAction,
  task: Task & TaskSubject,
  { version }: Pick<Reference, 'version'>,
): void {
  if (!can(viewer, action, task)) throw new Forbidden(`You may see this task, but not ${action} it.`);
  if (version != null && version !== task.version) {
    throw new Conflict(
      `Somebody changed this task: it is at version ${task.version}, and your change is based on ${version}. Load it again, and repeat your change.`,
      { field: 'version', currentVersion: task.version },
    );
  }
}

function isOpen(status: TaskStatus): boolean {
  return status === 'TODO' || status === 'IN_PROGRESS';
}

function kindOf(before: Task, after: Task): EventKind & `task.${string}` {
  if (before.status !== 'DONE' && after.status === 'DONE') return 'task.completed';
  if (!isOpen(before.status) && isOpen(after.status)) return 'task.reopened';
  return 'task.updated';
}

function same(before: Task, after: Task): boolean {
  return (Object.keys(after) as (keyof Task)[]).every(
    (field) => String(after[field]) === String(before[field]),
  );
}

/** Only what the input really gives; null counts as left out where a field cannot be cleared. */
function given<Fields extends object>(fields: Fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null)) as {
    [Field in keyof Fields]?: NonNullable<Fields[Field]>;
  };
}
