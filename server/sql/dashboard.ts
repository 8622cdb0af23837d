import { Prisma, type TaskPriority, type TaskStatus } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { toCursor } from '../events/log.ts';
import type { Viewer } from '../policy.ts';
import { visibleSql } from './visible.ts';

/** Whose tasks are counted: those of a team that the viewer is in, or, without one, the viewer's own. */
export interface Scope {
  teamId: string | null;
}

/** The numbers of a dashboard, exact for one moment of the database. */
export interface DashboardCounts {
  byStatus: Record<TaskStatus, number>;
  byPriority: Record<TaskPriority, number>;
  overdue: number;
  dueToday: number;
  dueThisWeek: number;
  createdToday: number;
  createdThisWeek: number;
  completedToday: number;
  completedThisWeek: number;
  sharedToView: number;
  sharedToEdit: number;
  /** Everything up to this place of the log is counted. */
  cursor: string;
}

interface Row extends Omit<DashboardCounts, 'byStatus' | 'byPriority' | 'cursor'> {
  byStatus: Partial<DashboardCounts['byStatus']> | null;
  byPriority: Partial<DashboardCounts['byPriority']> | null;
  horizon: bigint;
}

/**
 * Counts the tasks of a scope and the shares of them that are addressed to the viewer, in one statement and so at
 * one moment. The viewer's own scope has all shares addressed to them. A day, and a week from Monday, are those of
 * the viewer's timezone.
 */
export async function countDashboard(db: Database, viewer: Viewer, scope: Scope): Promise<DashboardCounts> {
  const [row] = await db.$queryRaw<Row[]>`
    /* countDashboard */
    WITH days AS (
      SELECT timezone, today, date_trunc('week', today)::date AS monday
      FROM (SELECT timezone, (now() AT TIME ZONE timezone)::date AS today
            FROM users WHERE id = ${viewer.userId}::uuid) AS here
    ), bounds AS (
      SELECT today, monday,
             today::timestamp AT TIME ZONE timezone AS day_start,
             monday::timestamp AT TIME ZONE timezone AS week_start
      FROM days
    ), own AS (
      SELECT status, priority, due_on, created_at, completed_at,
             status IN ('TODO', 'IN_PROGRESS') AS pending
      FROM tasks WHERE ${within(viewer, scope)} AND archived_at IS NULL
    ), counted AS (
      SELECT count(*) FILTER (WHERE pending AND due_on < today)::int AS "overdue",
             count(*) FILTER (WHERE pending AND due_on = today)::int AS "dueToday",
             count(*) FILTER (WHERE pending AND due_on BETWEEN monday AND monday + 6)::int AS "dueThisWeek",
             count(*) FILTER (WHERE created_at >= day_start)::int AS "createdToday",
             count(*) FILTER (WHERE created_at >= week_start)::int AS "createdThisWeek",
             count(*) FILTER (WHERE completed_at >= day_start)::int AS "completedToday",
             count(*) FILTER (WHERE completed_at >= week_start)::int AS "completedThisWeek"
      FROM bounds LEFT JOIN own ON true
    ), received AS (
      SELECT count(*) FILTER (WHERE permission = 'VIEW')::int AS "sharedToView",
             count(*) FILTER (WHERE permission = 'EDIT')::int AS "sharedToEdit"
      FROM task_shares JOIN tasks ON tasks.id = task_id
      WHERE shared_with_id = ${viewer.userId}::uuid AND (expires_at IS NULL OR expires_at > now())
        AND (${scope.teamId}::uuid IS NULL OR team_id = ${scope.teamId}::uuid)
    )
    SELECT counted.*, received.*,
           (SELECT json_object_agg(status, n) FROM (SELECT status, count(*) AS n FROM own GROUP BY 1) AS s) AS "byStatus",
           (SELECT json_object_agg(priority, n) FROM (SELECT priority, count(*) AS n FROM own WHERE pending GROUP BY 1) AS p) AS "byPriority",
           pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon
    FROM counted, received`;
  if (!row) throw new Error('counting always gives one row');
  const { horizon, byStatus, byPriority, ...counts } = row;
  return {
    ...counts,
    byStatus: { TODO: 0, IN_PROGRESS: 0, DONE: 0, CANCELLED: 0, ...byStatus },
    byPriority: { NONE: 0, LOW: 0, MEDIUM: 0, HIGH: 0, URGENT: 0, ...byPriority },
    cursor: toCursor({ transactionId: horizon, sequence: 0n }),
  };
}

export interface DayCount {
  /** Midnight UTC of the day's name. */
  day: Date;
  count: number;
}

const moments = {
  createdAt: Prisma.sql`created_at`,
  completedAt: Prisma.sql`completed_at`,
};

/**
 * How many tasks of a scope were created, or became DONE, on each of the last `days` days of the viewer's timezone:
 * the earliest first, today last, days without any included.
 */
export async function countPerDay(
  db: Database,
  viewer: Viewer,
  scope: Scope,
  moment: keyof typeof moments,
  days: number,
): Promise<DayCount[]> {
  return db.$queryRaw<DayCount[]>`
    /* countPerDay */
    WITH here AS (
      SELECT timezone, (now() AT TIME ZONE timezone)::date AS today
      FROM users WHERE id = ${viewer.userId}::uuid
    ), counted AS (
      SELECT (${moments[moment]} AT TIME ZONE timezone)::date AS day, count(*)::int AS count
      FROM here JOIN tasks
        ON ${moments[moment]} >= (today - ${days}::int + 1)::timestamp AT TIME ZONE timezone
      WHERE ${within(viewer, scope)} AND archived_at IS NULL
      GROUP BY 1
    )
    SELECT today - ago AS day, coalesce(count, 0) AS count
    FROM here CROSS JOIN generate_series(0, ${days}::int - 1) AS ago
    LEFT JOIN counted ON day = today - ago
    ORDER BY day`;
}

function within(viewer: Viewer, { teamId }: Scope): Prisma.Sql {
  return teamId === null
    ? Prisma.sql`(owner_id = ${viewer.userId}::uuid AND ${visibleSql.task(viewer)})`
    : Prisma.sql`team_id = ${teamId}::uuid`;
}
