import { Prisma, type Task } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';
import { Batcher } from '../database/batcher.ts';
import { committed, type Transaction } from '../database/transaction.ts';
import type { NewEvent } from '../log/catalogue.ts';
import { appendSql, type Appended } from '../log/append.ts';
import type { LogCursor } from '../log/cursor.ts';
import { currentSource, through } from '../log/source.ts';
import { insertSql } from './write-tasks.ts';

export interface Creation {
  task: Task;
  event: NewEvent<'task.created'>;
}

const batchers = new WeakMap<Database, Batcher<Creation, LogCursor>>();

/** Batched with concurrent calls. @returns the log cursor. */
export async function insertTask(db: Database, creation: Creation): Promise<LogCursor> {
  // Items of other people run in the context of the first one.
  const batcher = batchers.get(db) ?? new Batcher((some) => through(null, () => insertTasks(db, some)));
  batchers.set(db, batcher);
  const { task, event } = creation;
  return batcher.add({ task, event: { ...event, source: currentSource() } });
}

/** Inserts tasks and their events in one statement. @returns the log cursor of each. */
export async function insertTasks(db: Database, creations: readonly Creation[]): Promise<LogCursor[]> {
  const sql = Prisma.sql`
    /* insertTasks */
    WITH made AS (${await insertSql(creations.map(({ task }) => task))})
    ${appendSql(creations.map(({ event }) => event))}`;
  const cursors = new Map((await run<Appended>(db, sql)).map((row) => [row.subjectId, cursorAfter(row)]));
  committed(db);
  return creations.map(({ task }) => cursors.get(task.id) as LogCursor);
}

/** @returns null, without changes, if a task has or had this client-generated id. */
export async function insertTaskUnlessTaken(
  db: Database,
  { task, event }: Creation,
): Promise<LogCursor | null> {
  const sql = Prisma.sql`
    /* insertTaskUnlessTaken */
    WITH made AS (
      ${await insertSql([task])}
      WHERE NOT EXISTS (SELECT FROM events WHERE subject_id = ${task.id}::uuid AND kind = 'task.created')
        AND NOT EXISTS (SELECT FROM trashed_tasks WHERE id = ${task.id}::uuid)
      ON CONFLICT (id) DO NOTHING
      RETURNING id
    ) ${appendSql([event], Prisma.sql`EXISTS (SELECT FROM made)`)}`;
  const [row] = await run<Appended>(db, sql);
  if (!row) return null;
  committed(db);
  return cursorAfter(row);
}

/** Inserts tasks without their events, except those with an existing id. @returns the number of inserted tasks. */
export async function insertNewTasks(tx: Transaction, tasks: readonly Task[]): Promise<number> {
  return tx.$executeRaw`/* insertNewTasks */ ${await insertSql(tasks)} ON CONFLICT DO NOTHING`;
}

function cursorAfter({ transactionId, sequence, horizon, nonce }: Appended): LogCursor {
  return {
    transactionId: BigInt(transactionId),
    sequence: BigInt(sequence),
    horizon: BigInt(horizon),
    nonce,
  };
}
