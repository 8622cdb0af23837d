import type { Task } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';

/** Writes everything that can change of tasks which exist, in one statement whatever their number. */
export async function writeTasks(tx: Transaction, tasks: readonly Task[]): Promise<void> {
  await tx.$executeRaw`
    /* writeTasks */
    UPDATE tasks SET
      title = new.title, description = new.description, status = new.status, priority = new.priority,
      due_on = left(new."dueOn", 10)::date, labels = new.labels, position = new.position,
      assignee_id = new."assigneeId", team_id = new."teamId", parent_id = new."parentId",
      started_at = new."startedAt", completed_at = new."completedAt", archived_at = new."archivedAt",
      version = new.version, updated_at = new."updatedAt"
    FROM jsonb_to_recordset(${JSON.stringify(tasks)}::jsonb) AS new(
      id uuid, title text, description text, status task_status, priority task_priority,
      "dueOn" text, labels text[], position text,
      "assigneeId" uuid, "teamId" uuid, "parentId" uuid,
      "startedAt" timestamptz, "completedAt" timestamptz, "archivedAt" timestamptz, version int, "updatedAt" timestamptz)
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
