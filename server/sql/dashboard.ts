import { Prisma, type TaskPriority, type TaskStatus } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';
import { cursorAt, SNAPSHOT, encodeCursor } from '../log/cursor.ts';
import type { Viewer } from '../policy.ts';
import { counterScope, type Scope } from './counter-scope.ts';
import { grown, localDays } from './local-days.ts';
import { isOpen } from './task-facts.ts';
import { unseen } from './unseen.ts';

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
  perDay: PerDay[];
  /** The numbers include every change up to this log cursor. */
  cursor: string;
}

export interface PerDay {
  day: string;
  created: number;
  completed: number;
}

export interface CountsRow extends Omit<DashboardCounts, 'byStatus' | 'byPriority' | 'perDay' | 'cursor'> {
  counts: { status: TaskStatus; priority: TaskPriority; count: number }[] | null;
  perDay: PerDay[] | null;
  seen: string;
}

/**
 * Sums the counters of a scope, the later events, and the viewer's shares in one statement. The cost does not grow with
 * the number of tasks. Days and weeks (from Monday) are in the viewer's time zone.
 * @param days number of days in `perDay`, including today; 0 for none.
 */
export async function countDashboard(
  db: Database,
  viewer: Viewer,
  scope: Scope,
  days = 0,
): Promise<DashboardCounts> {
  const [row] = await run<CountsRow>(db, countsSql(viewer, scope, days));
  if (!row) throw new Error('counting always gives one row');
  const { seen, counts, perDay: given, ...others } = row;
  return {
    ...others,
    ...byStatusAndPriority(counts ?? []),
    perDay: given ?? [],
    cursor: await encodeCursor(db, cursorAt(seen)),
  };
}

/** The statement of `countDashboard`, which gives one row. */
export function countsSql(viewer: Viewer, scope: Scope, days: number): Prisma.Sql {
  const { parts, seenByShare, shares } = counterScope(viewer, scope);
  return Prisma.sql`
    /* countDashboard */
    -- OFFSET makes PostgreSQL evaluate an expression only once.
    WITH here AS MATERIALIZED (
      SELECT timezone, today, monday, begins, week_begins,
             (begins AT TIME ZONE 'UTC')::date AS first_day, quarter_of(begins) - 1 AS first_quarter,
             (week_begins AT TIME ZONE 'UTC')::date AS week_day, quarter_of(week_begins) - 1 AS week_quarter
      FROM (SELECT timezone, (now() AT TIME ZONE timezone)::date AS today
            FROM (SELECT timezone_or_utc(timezone) AS timezone FROM users
                  WHERE id = ${unseen(viewer.actorId, 'uuid')} OFFSET 0) AS reader OFFSET 0) AS place
      CROSS JOIN LATERAL (SELECT date_trunc('week', today)::date AS monday OFFSET 0) AS week
      CROSS JOIN LATERAL (SELECT start_of_day(today, timezone) AS begins,
                                 start_of_day(monday, timezone) AS week_begins OFFSET 0) AS moments
    ), ${parts}, received AS MATERIALIZED (
      SELECT task_id, permission FROM task_shares
      WHERE shared_with_id = ${unseen(viewer.ownId, 'uuid')} AND (expires_at IS NULL OR expires_at > now()) AND ${shares}
    ), late AS MATERIALIZED (
      SELECT sign, status, priority, due_on, created_at, completed_at FROM tail
      UNION ALL
      SELECT 1, status, priority, due_on, tasks.created_at, completed_at FROM received JOIN tasks ON tasks.id = task_id
      WHERE ${seenByShare} AND archived_at IS NULL
    ), counts AS (
      SELECT status, priority, sum(n)::int AS count FROM (
        SELECT status, priority, count AS n FROM scopes JOIN task_counts ON scope_id = scopes.id
        UNION ALL SELECT status, priority, sign FROM late) AS each
      GROUP BY 1, 2
    ), due AS (
      SELECT coalesce(sum(n) FILTER (WHERE due_on < today), 0)::int AS "overdue",
             coalesce(sum(n) FILTER (WHERE due_on = today), 0)::int AS "dueToday",
             coalesce(sum(n) FILTER (WHERE due_on >= monday), 0)::int AS "dueThisWeek"
      FROM here CROSS JOIN LATERAL (
        SELECT due_on, count AS n FROM scopes JOIN task_due_counts ON scope_id = scopes.id AND due_on <= monday + 6
        UNION ALL SELECT due_on, sign FROM late WHERE due_on <= monday + 6 AND ${Prisma.raw(isOpen)}) AS each
    ), lately AS (
      SELECT coalesce(sum(created_today), 0)::int AS "createdToday",
             coalesce(sum(created_this_week), 0)::int AS "createdThisWeek",
             coalesce(sum(completed_today), 0)::int AS "completedToday",
             coalesce(sum(completed_this_week), 0)::int AS "completedThisWeek"
      FROM here CROSS JOIN LATERAL (
        SELECT ${since('created', 'week_day', 'week_quarter')} AS created_this_week,
               ${since('completed', 'week_day', 'week_quarter')} AS completed_this_week,
               ${since('created', 'first_day', 'first_quarter')} AS created_today,
               ${since('completed', 'first_day', 'first_quarter')} AS completed_today
        FROM scopes JOIN task_day_counts ON scope_id = scopes.id AND day >= week_day
        UNION ALL
        SELECT CASE WHEN created_at >= week_begins THEN sign END, CASE WHEN completed_at >= week_begins THEN sign END,
               CASE WHEN created_at >= begins THEN sign END, CASE WHEN completed_at >= begins THEN sign END
        FROM late) AS each
    ), shared AS (
      SELECT count(*) FILTER (WHERE permission = 'VIEW')::int AS "sharedToView",
             count(*) FILTER (WHERE permission = 'EDIT')::int AS "sharedToEdit" FROM received
    )${days > 0 ? perDay(days) : Prisma.empty}
    SELECT due.*, lately.*,
           (SELECT json_agg(counts) FROM counts WHERE count <> 0) AS counts,
           ${days > 0 ? Prisma.sql`(SELECT json_agg(per_day ORDER BY day) FROM per_day)` : Prisma.sql`NULL`} AS "perDay",
           shared.*,
           ${Prisma.raw(SNAPSHOT)} AS seen
    FROM due, lately, shared`;
}

function since(series: 'created' | 'completed', day: string, quarter: string): Prisma.Sql {
  return Prisma.raw(`
    CASE WHEN task_day_counts.day > ${day} THEN steps_at(${series}, 96)
         WHEN task_day_counts.day = ${day} THEN steps_at(${series}, 96) - steps_at(${series}, ${quarter}) END`);
}

function perDay(days: number): Prisma.Sql {
  return Prisma.sql`, ${localDays(days, 'today')}, per_day AS (
      SELECT days.day, coalesce(sum(created), 0)::int AS created, coalesce(sum(completed), 0)::int AS completed
      FROM (SELECT day FROM days WHERE ends IS NOT NULL) AS days LEFT JOIN (
        SELECT stretches.day, ${Prisma.raw(grown('created'))} AS created, ${Prisma.raw(grown('completed'))} AS completed
        FROM stretches JOIN (SELECT * FROM scopes JOIN task_day_counts ON scope_id = scopes.id
                             WHERE day >= (SELECT min(utc_day) FROM stretches)) AS kept ON kept.day = utc_day
        UNION ALL
        SELECT (created_at AT TIME ZONE timezone)::date, sign, 0 FROM late, here
        UNION ALL
        SELECT (completed_at AT TIME ZONE timezone)::date, 0, sign FROM late, here
      ) AS each USING (day)
      GROUP BY 1
    )`;
}

function byStatusAndPriority(
  counts: NonNullable<CountsRow['counts']>,
): Pick<DashboardCounts, 'byStatus' | 'byPriority'> {
  const byStatus = { TODO: 0, IN_PROGRESS: 0, DONE: 0, CANCELLED: 0 };
  const byPriority = { NONE: 0, LOW: 0, MEDIUM: 0, HIGH: 0, URGENT: 0 };
  for (const { status, priority, count } of counts) {
    byStatus[status] += count;
    if (status === 'TODO' || status === 'IN_PROGRESS') byPriority[priority] += count;
  }
  return { byStatus, byPriority };
}
