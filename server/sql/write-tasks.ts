import { Prisma, type Task } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';
import { paced } from '../search/paced.ts';
import { taskVector } from '../search/vector.ts';

/** Tasks as JSON, and what PostgreSQL reads of it. */
const record = Prisma.sql`AS new(
  id uuid, title text, description text, status task_status, priority task_priority,
  "dueOn" text, labels text[], position text,
  "ownerId" uuid, "assigneeId" uuid, "teamId" uuid, "parentId" uuid,
  "startedAt" timestamptz, "completedAt" timestamptz, "archivedAt" timestamptz, version int,
  "createdAt" timestamptz, "updatedAt" timestamptz, words tsvector)`;

/**
 * Inserts tasks in one statement whatever their number, and leaves out those whose id is taken.
 * @returns how many it inserted.
 */
export async function insertNewTasks(tx: Transaction, tasks: readonly Task[]): Promise<number> {
  const rows = await Promise.all(
    tasks.map((task) => paced(() => JSON.stringify({ ...task, words: taskVector(task) }))),
  );
  return tx.$executeRaw`
    /* insertNewTasks */
    INSERT INTO tasks (
      id, title, description, status, priority, due_on, labels, position, owner_id, assignee_id, team_id, parent_id,
      started_at, completed_at, archived_at, version, created_at, updated_at, words)
    SELECT
      id, title, description, status, priority, left("dueOn", 10)::date, labels, position, "ownerId", "assigneeId",
      "teamId", "parentId", "startedAt", "completedAt", "archivedAt", version, "createdAt", "updatedAt", words
    FROM jsonb_to_recordset(${`[${rows.join()}]`}::jsonb) ${record}
    ON CONFLICT DO NOTHING`;
}

/** Writes everything that can change of tasks which exist, in one statement whatever their number. */
export async function writeTasks(
  tx: Transaction,
  changed: readonly { before: Task; after: Task }[],
): Promise<void> {
  const rows = await Promise.all(
    changed.map(({ before, after }) =>
      paced(() => {
        const isSameText = before.title === after.title && before.description === after.description;
        return JSON.stringify(isSameText ? after : { ...after, words: taskVector(after) });
      }),
    ),
  );
  await tx.$executeRaw`
    /* writeTasks */
    UPDATE tasks SET
      title = new.title, description = new.description, status = new.status, priority = new.priority,
      due_on = left(new."dueOn", 10)::date, labels = new.labels, position = new.position,
      assignee_id = new."assigneeId", team_id = new."teamId", parent_id = new."parentId",
      started_at = new."startedAt", completed_at = new."completedAt", archived_at = new."archivedAt",
      version = new.version, updated_at = new."updatedAt", words = coalesce(new.words, tasks.words)
    FROM jsonb_to_recordset(${`[${rows.join()}]`}::jsonb) ${record}
    WHERE tasks.id = new.id`;
}

/** Writes positions alone: for tasks that make room for another, and otherwise stay as they are. */
export async function writePositions(
  tx: Transaction,
  places: readonly Pick<Task, 'id' | 'position'>[],
): Promise<void> {
  await tx.$executeRaw`
    /* writePositions */
    UPDATE tasks SET position = new.position
    FROM jsonb_to_recordset(${JSON.stringify(places)}::jsonb) AS new(id uuid, position text)
    WHERE tasks.id = new.id`;
}
