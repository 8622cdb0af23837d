import type { Change } from './change.ts';
import { z } from 'zod';
import { TaskPriority, TaskStatus, type Task } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { LimitedToTeams } from '../errors.ts';
import { inTransaction, type Transaction } from '../database/transaction.ts';
import { fingerprintOf, firstCreations, refuseUsedIds, takenId } from '../log/idempotency.ts';
import { append } from '../log/append.ts';
import { encodeCursor, type LogCursor } from '../log/cursor.ts';
import { taskCreated } from '../log/task-event.ts';
import { newId } from '../ids.ts';
import type { Person } from '../policy.ts';
import {
  insertNewTasks,
  insertTask,
  insertTasks,
  insertTaskUnlessTaken,
  type Creation,
} from '../sql/insert-task.ts';
import { viewerOf } from '../sql/viewer.ts';
import { checkQuota } from './quota.ts';
import { changeTasks, type ChangeRequest } from './task-change.ts';
import { endOfList, positionFor } from './task-position.ts';
import { checkHierarchy, checkPlacement } from './task-placement.ts';
import { day, idOf, line, markdown, newIdOf, NOT_NULL, parse, version } from './validation.ts';

export interface TaskChange extends Change {
  /** The written row, if the function has it, for responses that need nothing else. */
  task?: Task;
}

export interface TasksChange {
  ids: string[];
  cursor: string;
  /** The written rows, if the function has them, for responses that need nothing else. */
  tasks?: Task[];
}

/** Limited because log readers wait for the transaction. */
export const LARGEST_BATCH = 500;

const title = line('The title', { min: 1, max: 200 });
const description = markdown('The description', { min: 0, max: 10_000 });
const labels = z
  .array(line('A label', { min: 1, max: 50 }), NOT_NULL)
  .transform((given) => [...new Set(given)])
  .refine((given) => given.length <= 20, 'A task can have at most 20 labels.');

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
  labels: labels.nullish().transform((value) => value ?? []),
  assigneeId: idOf('User')
    .nullish()
    .transform((value) => value ?? null),
  teamId: idOf('Team')
    .nullish()
    .transform((value) => value ?? null),
  parentId: idOf('Task')
    .nullish()
    .transform((value) => value ?? null),
});

export type TaskCreation = z.output<typeof creation>;
type GivenField = Exclude<keyof TaskCreation, 'id'>;

export const reference = z.object({ id: idOf('Task'), version });

/** Omitted fields do not change. Null clears nullable fields and is rejected for others. */
const edit = reference.extend({
  archived: z.boolean(NOT_NULL).optional(),
  ...({
    title: title.optional(),
    description: description.optional(),
    status: z.enum(TaskStatus, NOT_NULL).optional(),
    priority: z.enum(TaskPriority, NOT_NULL).optional(),
    labels: labels.optional(),
    dueOn: day.nullish(),
    assigneeId: idOf('User').nullish(),
    teamId: idOf('Team').nullish(),
    parentId: idOf('Task').nullish(),
  } satisfies Record<GivenField, z.ZodType>),
});

export type TaskEdit = z.output<typeof edit>;

const move = reference.extend({
  status: z.enum(TaskStatus, NOT_NULL).optional(),
  after: idOf('Task').nullish(),
  before: idOf('Task').nullish(),
});

export function batchOf<Item extends z.ZodType>(item: Item, most = LARGEST_BATCH) {
  return z
    .array(item)
    .min(1, 'Specify at least one task.')
    .max(most, `A request can have at most ${most} tasks. Send the rest in another request.`);
}

/** Idempotent by client-generated id. @throws Conflict if the id belongs to another task. */
export async function createTask(db: Database, person: Person, input: unknown): Promise<TaskChange> {
  const wanted = parse(creation, input);
  requireTeams(person, [wanted], () => '');
  await checkQuota(db, person);
  if (!isPlaced(wanted)) {
    const creation = creationOf(person, wanted, new Date());
    const insert = wanted.id == null ? insertTask : insertTaskUnlessTaken;
    const position = await insert(db, creation);
    const { task } = creation;
    if (position) return { id: task.id, cursor: await encodeCursor(db, position), task };
  }
  return inTransaction(db, async (tx) => {
    const { ids, cursor } = await create(tx, person, [wanted], () => '');
    return { id: ids[0] ?? '', cursor };
  });
}

/** All or none. */
export async function createTasks(db: Database, person: Person, input: unknown): Promise<TasksChange> {
  const { tasks: wanted } = parse(z.object({ tasks: batchOf(creation) }), input);
  requireTeams(person, wanted, inBatch);
  await checkQuota(db, person);
  if (wanted.some((one) => isPlaced(one) || one.id != null))
    return inTransaction(db, (tx) => create(tx, person, wanted, inBatch));
  const now = new Date();
  const creations = wanted.map((one, index) => creationOf(person, one, now, index));
  const tasks = creations.map(({ task }) => task);
  const latest = (await insertTasks(db, creations)).at(-1) as LogCursor;
  return { ids: tasks.map(({ id }) => id), cursor: await encodeCursor(db, latest), tasks };
}

/** @throws LimitedToTeams for a personal task. */
function requireTeams(
  { limit }: Person,
  wanted: readonly TaskCreation[],
  pathOf: (index: number) => string,
): void {
  const personal = limit ? wanted.findIndex(({ teamId }) => teamId === null) : -1;
  if (personal >= 0) throw LimitedToTeams.chooseOne(`${pathOf(personal)}teamId`);
}

/** Whether rights must be checked before it can be created. */
function isPlaced({ assigneeId, teamId, parentId }: TaskCreation): boolean {
  return (assigneeId ?? teamId ?? parentId) !== null;
}

export function inBatch(index: number): string {
  return `tasks.${index}.`;
}

async function create(
  tx: Transaction,
  person: Person,
  wanted: readonly TaskCreation[],
  pathOf: (index: number) => string,
): Promise<TasksChange> {
  const now = new Date();
  const creations = wanted.map((one, index) => creationOf(person, one, now, index));
  const tasks = creations.map(({ task }) => task);
  const ids = tasks.map(({ id }) => id);
  const placements = tasks.map((task, i) => ({
    before: null,
    after: { ...task, share: null },
    path: pathOf(i),
  }));
  if (wanted.some(isPlaced)) await checkPlacement(tx, await viewerOf(tx, person), placements);

  const count = await insertNewTasks(tx, tasks);
  if (count < tasks.length) {
    const given = creations.map(({ task: { id }, event: { data } }, i) => ({
      id,
      fingerprint: data.fingerprint,
      path: pathOf(i),
    }));
    return { ids, cursor: await firstCreations(tx, 'task.created', person, given, count) };
  }
  const ownIds = wanted.flatMap(({ id }) => id ?? []);
  if (ownIds.length > 0) {
    await refuseUsedIds(tx, 'task.created', ownIds);
    if ((await tx.trashedTask.count({ where: { id: { in: ownIds } } })) > 0) throw takenId();
  }
  await checkHierarchy(tx, placements);
  return { ids, cursor: await append(tx, ...creations.map(({ event }) => event)), tasks };
}

function creationOf(person: Person, wanted: TaskCreation, now: Date, index = 0): Creation {
  const { id, ...fields } = wanted;
  const task: Task = {
    id: id ?? newId(),
    ownerId: person.userId,
    archivedAt: null,
    version: 1,
    ...fields,
    position: endOfList(now, index),
    startedAt: fields.status === 'IN_PROGRESS' ? now : null,
    completedAt: fields.status === 'DONE' ? now : null,
    createdAt: now,
    updatedAt: now,
  };
  return { task, event: taskCreated(person, task, taskFingerprint(wanted)) };
}

const givenFields = Object.keys(creation.shape).filter((field) => field !== 'id') as GivenField[];

/** Of the fields that the creator gives, without the id. A repeated creation has the same one. */
export function taskFingerprint(task: Pick<TaskCreation, GivenField>): string {
  return fingerprintOf(Object.fromEntries(givenFields.map((field) => [field, task[field]])));
}

/** Omitted fields do not change. Null clears due date, assignee, team and parent. */
export async function updateTask(db: Database, person: Person, input: unknown): Promise<TaskChange> {
  return changeOne(db, person, editRequest(parse(edit, input)));
}

/** All or none. */
export async function updateTasks(db: Database, person: Person, input: unknown): Promise<TasksChange> {
  const { tasks } = parse(z.object({ tasks: batchOf(edit) }), input);
  return inTransaction(db, (tx) =>
    changeTasks(
      tx,
      person,
      tasks.map((task, i) => ({ ...editRequest(task), path: inBatch(i) })),
    ),
  );
}

/** No effect on a DONE task. */
export async function completeTask(db: Database, person: Person, input: unknown): Promise<TaskChange> {
  return changeOne(db, person, { ...parse(reference, input), changes: () => ({ status: 'DONE' }) });
}

/** No effect on an open task. */
export async function reopenTask(db: Database, person: Person, input: unknown): Promise<TaskChange> {
  return changeOne(db, person, {
    ...parse(reference, input),
    changes: ({ status }) => (status === 'DONE' || status === 'CANCELLED' ? { status: 'TODO' } : {}),
  });
}

export async function archiveTask(db: Database, person: Person, input: unknown): Promise<TaskChange> {
  const { archived = true, ...wanted } = parse(edit.pick({ id: true, version: true, archived: true }), input);
  return changeOne(db, person, editRequest({ ...wanted, archived }));
}

/** Moves a task in the manual order, and to another status if given. */
export async function moveTask(db: Database, person: Person, input: unknown): Promise<TaskChange> {
  const { after, before, status, ...wanted } = parse(move, input);
  return inTransaction(db, async (tx) => {
    const viewer = await viewerOf(tx, person);
    const target = { after: after ?? null, before: before ?? null };
    const position = await positionFor(tx, viewer, wanted.id, target);
    const changes = () => ({
      ...(position === null ? {} : { position }),
      ...(status === undefined ? {} : { status }),
    });
    const { cursor } = await changeTasks(tx, person, [{ ...wanted, changes }]);
    return { id: wanted.id, cursor };
  });
}

async function changeOne(db: Database, person: Person, request: ChangeRequest): Promise<TaskChange> {
  return inTransaction(db, async (tx) => {
    const { cursor } = await changeTasks(tx, person, [request]);
    return { id: request.id, cursor };
  });
}

function editRequest({ id, version, archived, ...fields }: TaskEdit): ChangeRequest {
  const given = Object.entries<unknown>(fields).filter(([, value]) => value !== undefined);
  const changes = Object.fromEntries(given) as typeof fields;
  const now = new Date();
  return {
    id,
    version,
    changes: ({ archivedAt }) => ({
      ...changes,
      ...(archived === undefined ? {} : { archivedAt: archived ? (archivedAt ?? now) : null }),
    }),
  };
}
