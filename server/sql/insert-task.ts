import { Prisma, type Task } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';
import { Batcher } from '../database/batcher.ts';
import { committed } from '../database/transaction.ts';
import type { NewEvent } from '../log/catalogue.ts';
import { appended, appendedTo, type Appended } from '../log/append.ts';
import type { LogCursor } from '../log/cursor.ts';
import { taskVector } from '../search/vector.ts';

/** A new task with the event that tells of it. */
interface Creation {
  task: Task;
  event: NewEvent<'task.created'>;
}

const batchers = new WeakMap<Database, Batcher<Creation, LogCursor>>();

/**
 * Makes a task under a new id of ours and appends its event, in one statement, which is a transaction by itself; those
 * of other callers that wait at the same time are a part of it.
 * @returns where the log stands after it.
 */
export async function insertTask(db: Database, creation: Creation): Promise<LogCursor> {
  const batcher = batchers.get(db) ?? new Batcher((creations) => insertTasks(db, creations));
  batchers.set(db, batcher);
  return batcher.add(creation);
}

async function insertTasks(db: Database, creations: Creation[]): Promise<LogCursor[]> {
  const rows = creations.map(({ task }) => Prisma.sql`(${values(task)})`);
  const sql = Prisma.sql`
    /* insertTasks */
    WITH made AS (INSERT INTO tasks (${columns}) VALUES ${Prisma.join(rows)})
    ${appended(creations.map(({ event }) => event))}`;
  const marks = new Map((await run<Appended>(db, sql)).map((row) => [row.subjectId, cursorAfter(row)]));
  committed(db);
  return creations.map(({ task }) => marks.get(task.id) as LogCursor);
}

/**
 * The same under an id that came from outside: looking whether it is taken is an eighth of the work.
 * @returns null, and nothing is made, where a task has or had this id.
 */
export async function insertTaskUnlessTaken(
  db: Database,
  { task, event }: Creation,
): Promise<LogCursor | null> {
  const sql = Prisma.sql`
    /* insertTaskUnlessTaken */
    WITH made AS (
      INSERT INTO tasks (${columns}) SELECT ${values(task)}
      WHERE NOT EXISTS (SELECT FROM events WHERE subject_id = ${task.id}::uuid AND kind = 'task.created')
      ON CONFLICT (id) DO NOTHING
      RETURNING id
    ) ${appendedTo('made', event)}`;
  const [row] = await run<Appended>(db, sql);
  if (!row) return null;
  committed(db);
  return cursorAfter(row);
}

const columns = Prisma.sql`
  id, title, description, status, priority, due_on, labels, position, owner_id, started_at, completed_at, created_at,
  updated_at, words`;

function values(task: Task): Prisma.Sql {
  const { id, title, description, status, priority, labels, position, ownerId } = task;
  const { createdAt, startedAt, completedAt } = task;
  const dueOn = task.dueOn?.toISOString().slice(0, 10) ?? null;
  return Prisma.sql`
    ${id}::uuid, ${title}, ${description}, ${status}::task_status, ${priority}::task_priority, ${dueOn}::date,
    ${labels}::text[], ${position}, ${ownerId}::uuid, ${startedAt}::timestamptz, ${completedAt}::timestamptz,
    ${createdAt}::timestamptz, ${createdAt}::timestamptz, ${taskVector(task)}::tsvector`;
}

function cursorAfter({ transactionId, sequence, horizon, nonce }: Appended): LogCursor {
  return {
    transactionId: BigInt(transactionId),
    sequence: BigInt(sequence),
    horizon: BigInt(horizon),
    nonce,
  };
}
