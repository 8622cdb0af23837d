import { Prisma, type Task } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';
import { Batcher } from '../database/batcher.ts';
import { committed } from '../database/transaction.ts';
import type { NewEvent } from '../log/catalogue.ts';
import { appendSql, type Appended } from '../log/append.ts';
import type { LogCursor } from '../log/cursor.ts';
import { taskVector } from '../search/vector.ts';
import type { Column } from './columns.ts';
import { taskColumns } from './tables.ts';

interface Creation {
  task: Task;
  event: NewEvent<'task.created'>;
}

const batchers = new WeakMap<Database, Batcher<Creation, LogCursor>>();

/** Batched with concurrent calls. @returns the log cursor. */
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
      INSERT INTO tasks (${columns}) SELECT ${values(task)}
      WHERE NOT EXISTS (SELECT FROM events WHERE subject_id = ${task.id}::uuid AND kind = 'task.created')
      ON CONFLICT (id) DO NOTHING
      RETURNING id
    ) ${appendSql([event], Prisma.sql`EXISTS (SELECT FROM made)`)}`;
  const [row] = await run<Appended>(db, sql);
  if (!row) return null;
  committed(db);
  return cursorAfter(row);
}

/** Fields that keep their defaults: these statements insert only personal tasks without a parent. */
const DEFAULTED: ReadonlySet<string> = new Set<keyof Task>([
  'assigneeId',
  'teamId',
  'parentId',
  'archivedAt',
  'version',
]);
const inserted = Object.entries<Column>(taskColumns)
  .filter(([field]) => !DEFAULTED.has(field))
  .map(([field, column]) => ({ ...column, field: field as keyof Task }));
const columns = Prisma.raw([...inserted.map(({ name }) => name), 'words'].join(', '));
const CASTS = ['', ...inserted.map(({ type }) => `::${type}, `), '::tsvector'];

function values(task: Task): Prisma.Sql {
  const given: unknown[] = inserted.map(({ field, way }) =>
    way === 'day' ? ((task[field] as Date | null)?.toISOString().slice(0, 10) ?? null) : task[field],
  );
  given.push(taskVector(task));
  return new Prisma.Sql(CASTS, given);
}

function cursorAfter({ transactionId, sequence, horizon, nonce }: Appended): LogCursor {
  return {
    transactionId: BigInt(transactionId),
    sequence: BigInt(sequence),
    horizon: BigInt(horizon),
    nonce,
  };
}
