import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Transaction } from '../database/transaction.ts';
import { appendEachSql } from '../log/append.ts';
import type { Actor, Person } from '../policy.ts';
import { keepSql } from './run-changes.ts';
import { orphansOf } from './trash.ts';

/** For parents that are deleted. Their subtasks among them do not change. */
export async function clearParents(
  tx: Transaction,
  actor: Actor,
  parentIds: readonly string[],
): Promise<void> {
  const which = Prisma.sql`parent_id = ANY(${parentIds}::uuid[]) AND id <> ALL(${parentIds}::uuid[])`;
  await changeAlong(tx, actor, which, Prisma.sql`parent_id = NULL`);
}

/** For a parent that is restored. */
export async function linkOrphans(
  tx: Transaction,
  actor: Person,
  parentId: string,
  deepest: number,
): Promise<void> {
  const which = orphansOf(actor, parentId, deepest);
  await changeAlong(tx, actor, which, Prisma.sql`parent_id = ${parentId}::uuid`);
}

/** Assignees who can no longer see a task are cleared. */
export async function clearTeam(tx: Transaction, actor: Actor, teamId: string): Promise<void> {
  await changeAlong(
    tx,
    actor,
    Prisma.sql`team_id = ${teamId}::uuid`,
    Prisma.sql`team_id = NULL, assignee_id = CASE
      WHEN before.assignee_id = before.owner_id OR EXISTS (
        SELECT FROM task_shares
        WHERE task_id = before.id AND shared_with_id = before.assignee_id
          AND (expires_at IS NULL OR expires_at > now())) THEN before.assignee_id END`,
  );
}

export async function clearAssigneeInTeam(
  tx: Transaction,
  actor: Actor,
  { userId, teamId }: { userId: string; teamId: string },
): Promise<void> {
  const which = Prisma.sql`team_id = ${teamId}::uuid AND assignee_id = ${userId}::uuid`;
  await changeAlong(tx, actor, which, Prisma.sql`assignee_id = NULL`);
}

/** For a personal task that is no longer shared with its assignee. */
export async function clearAssigneeOfShare(
  tx: Transaction,
  actor: Actor,
  { taskId, userId }: { taskId: string; userId: string },
): Promise<void> {
  const which = Prisma.sql`id = ${taskId}::uuid AND team_id IS NULL AND assignee_id = ${userId}::uuid`;
  await changeAlong(tx, actor, which, Prisma.sql`assignee_id = NULL`);
}

/** Changes many tasks in one statement, each with a new version and an event. */
async function changeAlong(
  tx: Transaction,
  { userId }: Actor,
  which: Prisma.Sql,
  changes: Prisma.Sql,
): Promise<void> {
  const kept = keepSql(
    'task_id',
    Prisma.sql`LATERAL (
      SELECT id AS subject, ${placement('before')} AS before, ${placement('after')} AS after
      FROM after JOIN before USING (id)) AS new`,
  );
  await tx.$executeRaw`
    /* changeAlong */
    WITH before AS (SELECT * FROM tasks WHERE ${which} ORDER BY id FOR NO KEY UPDATE),
    after AS (
      UPDATE tasks SET ${changes}, version = tasks.version + 1, updated_at = now()
      FROM before WHERE tasks.id = before.id
      RETURNING tasks.*
    )
    ${kept === null ? Prisma.empty : Prisma.sql`, kept AS (${kept})`}
    ${appendEachSql(
      'task.updated',
      {
        actorId: Prisma.sql`${userId}::uuid`,
        subjectId: Prisma.sql`after.id`,
        teamId: Prisma.sql`after.team_id`,
        personId: Prisma.sql`after.owner_id`,
        data: Prisma.sql`jsonb_build_object('before', ${facts('before')}, 'after', ${facts('after')})`,
      },
      Prisma.sql`after JOIN before USING (id) ORDER BY id`,
    )}`;
}

/** What these changes can change, with the names of `Task`. */
function placement(row: 'before' | 'after'): Prisma.Sql {
  return Prisma.raw(
    `jsonb_build_object('parentId', ${row}.parent_id, 'teamId', ${row}.team_id, 'assigneeId', ${row}.assignee_id)`,
  );
}

function facts(row: 'before' | 'after'): Prisma.Sql {
  const moment = (column: string) =>
    `to_char(${row}.${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
  return Prisma.raw(`jsonb_build_object(
    'owner', ${row}.owner_id, 'assignee', ${row}.assignee_id, 'team', ${row}.team_id, 'status', ${row}.status,
    'priority', ${row}.priority, 'dueOn', to_char(${row}.due_on, 'YYYY-MM-DD'),
    'archived', ${row}.archived_at IS NOT NULL, 'createdAt', ${moment('created_at')},
    'startedAt', ${moment('started_at')}, 'completedAt', ${moment('completed_at')})`);
}
