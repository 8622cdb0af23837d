import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Viewer } from '../policy.ts';
import { conditionOf, within, type Condition } from '../sql/columns.ts';
import type { Scope } from '../sql/counter-scope.ts';
import { MOST_COUNTED } from '../sql/count-tasks.ts';
import { MOST_DAYS } from '../sql/local-days.ts';
import { tasks } from '../sql/tables.ts';
import { isOpen } from '../sql/task-facts.ts';
import { unseen } from '../sql/unseen.ts';
import { teamsOf, visibleSql } from '../sql/visible.ts';
import { isDuration, isPeriod, type Dimension, type Measure, type Question } from './widget.ts';

/** Groups of a widget; the largest ones are kept. */
const MOST_GROUPS = 50;

export interface TasksRow {
  today: string;
  /** How many tasks were read; more than `MOST_COUNTED` if there are more. */
  scanned: number;
  /** How many groups are left out, since there are too many. */
  omitted: number;
  cells: Cell[] | null;
}

export interface Cell {
  by: string | null;
  split: string | null;
  byName: string | null;
  splitName: string | null;
  count: number;
  median: number | null;
  p85: number | null;
}

const MOMENTS: Partial<Record<Measure, string>> = {
  CREATED: 'tasks.created_at',
  COMPLETED: 'tasks.completed_at',
  LEAD_TIME: 'tasks.completed_at',
  CYCLE_TIME: 'tasks.completed_at',
};

/** The condition of a measure on a task, where the period matters with its first and last moment. */
const MATCHES: Record<Exclude<Measure, 'THROUGHPUT'>, string> = {
  COUNT: 'true',
  OPEN: `tasks.${isOpen}`,
  OVERDUE: `tasks.${isOpen} AND tasks.due_on < (SELECT today FROM here)`,
  CREATED: 'true',
  COMPLETED: `tasks.status = 'DONE'`,
  LEAD_TIME: `tasks.status = 'DONE'`,
  CYCLE_TIME: `tasks.status = 'DONE' AND tasks.started_at IS NOT NULL`,
};

/**
 * Numbers of tasks as they are now, by up to two dimensions, from at most 10,000 tasks.
 * @param where the visible tasks to count, as a Prisma condition.
 */
export function groupedTasksSql(
  viewer: Viewer,
  { measure, by, split, days }: Question,
  { scope, where }: { scope: Scope | null; where: Condition },
): Prisma.Sql {
  const condition = conditionOf(within(tasks.name, tasks.columns), where, tasks.related);
  if (!condition || measure === 'THROUGHPUT')
    throw new TypeError('There is no SQL for this question on tasks');
  const moment = MOMENTS[measure];
  const isInPeriod = moment
    ? `AND ${moment} >= (SELECT begins FROM here) AND ${moment} < (SELECT ends FROM here)`
    : '';
  const since = measure === 'LEAD_TIME' ? 'tasks.created_at' : 'tasks.started_at';
  const seconds = isDuration(measure)
    ? `extract(epoch FROM tasks.completed_at - ${since})::float8`
    : 'NULL::float8';
  const quantiles = isDuration(measure)
    ? 'percentile_disc(ARRAY[.5, .85]) WITHIN GROUP (ORDER BY seconds)'
    : 'NULL::float8[]';
  return Prisma.sql`
    WITH here AS MATERIALIZED (
      SELECT timezone, today, start_of_day(today - ${days}::int + 1, timezone) AS begins, start_of_day(today + 1, timezone) AS ends
      FROM (SELECT timezone, (now() AT TIME ZONE timezone)::date AS today
            FROM (SELECT timezone_or_utc(timezone) AS timezone FROM users
                  WHERE id = ${unseen(viewer.actorId, 'uuid')} OFFSET 0) AS reader OFFSET 0) AS place
    ), counted AS MATERIALIZED (
      SELECT ${keyOf(viewer, by, moment)} AS by, ${keyOf(viewer, split, moment)} AS split, ${Prisma.raw(seconds)} AS seconds
      FROM ${visibleSql.tasks(viewer, scope)} AS tasks
      WHERE ${condition} AND ${Prisma.raw(`${MATCHES[measure]} ${isInPeriod}`)} LIMIT ${MOST_COUNTED + 1}
    ), grouped AS (
      SELECT by_key AS by, split_key AS split, count(*)::int AS count, ${Prisma.raw(quantiles)} AS quantiles
      FROM counted ${keysOf('by', by)} ${keysOf('split', split)} GROUP BY 1, 2
    ), ${Prisma.raw(largest('by', by))}, ${Prisma.raw(largest('split', split))}, cells AS (
      SELECT grouped.by, grouped.split, count, quantiles[1] AS median, quantiles[2] AS p85,
             ${nameOf('by', by)} AS "byName", ${nameOf('split', split)} AS "splitName"
      FROM grouped JOIN largest_by ON largest_by.key IS NOT DISTINCT FROM grouped.by
      JOIN largest_split ON largest_split.key IS NOT DISTINCT FROM grouped.split
    )
    SELECT today::text AS today, (SELECT count(*) FROM counted)::int AS scanned,
           (SELECT count(*) - (SELECT count(*) FROM largest_by) FROM (SELECT DISTINCT by FROM grouped) AS every)::int AS omitted,
           (SELECT json_agg(cells) FROM cells) AS cells
    FROM here`;
}

function keyOf(viewer: Viewer, dimension: Dimension | null, moment: string | undefined): Prisma.Sql {
  const day = `(${moment ?? ''} AT TIME ZONE (SELECT timezone FROM here))::date`;
  switch (dimension) {
    case null:
      return Prisma.sql`NULL::text`;
    case 'STATUS':
      return Prisma.sql`tasks.status::text`;
    case 'PRIORITY':
      return Prisma.sql`tasks.priority::text`;
    case 'ASSIGNEE':
      return Prisma.sql`tasks.assignee_id::text`;
    case 'OWNER':
      return Prisma.sql`tasks.owner_id::text`;
    case 'TEAM':
      return Prisma.sql`CASE WHEN tasks.team_id = ANY(${teamsOf(viewer)}) THEN tasks.team_id::text END`;
    case 'LABEL':
      return Prisma.sql`tasks.labels`;
    case 'DAY':
      return Prisma.raw(`${day}::text`);
    case 'WEEK':
      return Prisma.raw(`date_trunc('week', ${day})::date::text`);
    case 'MONTH':
      return Prisma.raw(`date_trunc('month', ${day})::date::text`);
  }
}

/** A task with several labels is in several groups. */
function keysOf(column: 'by' | 'split', dimension: Dimension | null): Prisma.Sql {
  return Prisma.raw(
    dimension === 'LABEL'
      ? `LEFT JOIN LATERAL unnest(counted.${column}) AS ${column}_keys (${column}_key) ON true`
      : `CROSS JOIN LATERAL (SELECT counted.${column} AS ${column}_key OFFSET 0) AS ${column}_keys`,
  );
}

function largest(column: 'by' | 'split', dimension: Dimension | null): string {
  return `largest_${column} AS MATERIALIZED (
      SELECT ${column} AS key FROM grouped GROUP BY 1 ORDER BY sum(count) DESC, 1 LIMIT ${isPeriod(dimension) ? MOST_DAYS : MOST_GROUPS}
    )`;
}

/** People and teams of visible tasks are visible. */
function nameOf(column: 'by' | 'split', dimension: Dimension | null): Prisma.Sql {
  if (dimension === 'LABEL') return Prisma.raw(column);
  const table =
    dimension === 'TEAM' ? 'teams' : dimension === 'ASSIGNEE' || dimension === 'OWNER' ? 'users' : null;
  return Prisma.raw(table ? `(SELECT name FROM ${table} WHERE id = grouped.${column}::uuid)` : 'NULL::text');
}

export function isWhole({ scanned }: Pick<TasksRow, 'scanned'>): boolean {
  return scanned <= MOST_COUNTED;
}
