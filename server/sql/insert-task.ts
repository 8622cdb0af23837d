import { Prisma, type Task } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';
import type { NewEvent } from '../events/kinds.ts';
import { appendedTo } from '../events/log.ts';
import type { Mark, Position } from '../events/position.ts';
import { committed } from '../database/transaction.ts';

/**
 * Makes a task and appends its event in one statement, which is a transaction by itself.
 * @param mayBeTaken whether the id came from outside; one of ours is new, and looking for it is an eighth of the work.
 * @returns where the log stands after it; null, and nothing is made, where a task has or had this id.
 */
export async function insertTask(
  db: Database,
  task: Task,
  event: NewEvent<'task.created'>,
  mayBeTaken: boolean,
): Promise<Mark | null> {
  const { id, title, description, status, priority, labels, position, ownerId } = task;
  const { createdAt, startedAt, completedAt } = task;
  const dueOn = task.dueOn?.toISOString().slice(0, 10) ?? null;
  const unlessTaken = mayBeTaken
    ? Prisma.sql`
      WHERE NOT EXISTS (SELECT FROM events WHERE subject_id = ${id}::uuid AND kind = 'task.created')
      ON CONFLICT (id) DO NOTHING`
    : Prisma.empty;
  const sql = Prisma.sql`
    /* insertTask */
    WITH made AS (
      INSERT INTO tasks (id, title, description, status, priority, due_on, labels, position, owner_id, started_at,
                         completed_at, created_at, updated_at)
      SELECT ${id}::uuid, ${title}, ${description}, ${status}::task_status, ${priority}::task_priority, ${dueOn}::date,
             ${labels}::text[], ${position}, ${ownerId}::uuid, ${startedAt}::timestamptz,
             ${completedAt}::timestamptz, ${createdAt}::timestamptz, ${createdAt}::timestamptz
      ${unlessTaken}
      RETURNING id
    ) ${appendedTo('made', event)}`;
  const [mark] = await run<Record<keyof Position | 'horizon', string>>(db, sql);
  if (!mark) return null;
  committed(db);
  return {
    transactionId: BigInt(mark.transactionId),
    sequence: BigInt(mark.sequence),
    horizon: BigInt(mark.horizon),
  };
}
