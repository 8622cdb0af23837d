import type { DurationMeasure } from '../../prisma/generated/client/client.ts';
import { Prisma } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';
import type { Viewer } from '../policy.ts';
import { counterScope, type Scope } from './counter-scope.ts';
import { grown, localDays } from './local-days.ts';
import { unseen } from './unseen.ts';

export interface StatusesOfDay {
  /** `YYYY-MM-DD` in the viewer's time zone. */
  day: string;
  todo: number;
  inProgress: number;
  done: number;
  cancelled: number;
  finished: number;
}

export interface Durations {
  median: number | null;
  p85: number | null;
}

export interface DashboardHistory {
  days: StatusesOfDay[];
  cycleTime: Durations;
  leadTime: Durations;
}

type Changes = Omit<StatusesOfDay, 'day'>;

export interface HistoryRow {
  today: string;
  now: Changes;
  since: Changes;
  days: StatusesOfDay[];
  durations: { measure: DurationMeasure; bucket: number; count: number }[] | null;
}

const SERIES = ['todo', 'in_progress', 'done', 'cancelled', 'finished'];
const FIELDS = ['todo', 'inProgress', 'done', 'cancelled', 'finished'] as const;

/**
 * The numbers of a scope at the end of each of `days` days up to `lastDay` (default: today), from the counters per
 * day. Later deletions do not change them. Tasks visible only through a share are not included.
 * @returns null if the last day is in the viewer's future.
 */
export async function readHistory(
  db: Database,
  viewer: Viewer,
  scope: Scope,
  days: number,
  lastDay: string | null,
): Promise<DashboardHistory | null> {
  const [row] = await run<HistoryRow>(db, historySql(viewer, scope, days, lastDay));
  if (!row) throw new Error('history always gives one row');
  if (lastDay !== null && lastDay > row.today) return null;
  const durations = row.durations ?? [];
  return {
    days: daysIn(row).slice(-days),
    cycleTime: spread(durations.filter(({ measure }) => measure === 'CYCLE')),
    leadTime: spread(durations.filter(({ measure }) => measure === 'LEAD')),
  };
}

/** The statement of `readHistory`, which gives one row. */
export function historySql(viewer: Viewer, scope: Scope, days: number, lastDay: string | null): Prisma.Sql {
  return Prisma.sql`
    /* readHistory */
    WITH here AS MATERIALIZED (
      SELECT timezone, (now() AT TIME ZONE timezone)::date AS today,
             coalesce(${lastDay}::date, (now() AT TIME ZONE timezone)::date) AS last_day
      FROM (SELECT timezone_or_utc(timezone) AS timezone FROM users WHERE id = ${unseen(viewer.actorId, 'uuid')} OFFSET 0) AS reader
    ), ${counterScope(viewer, scope).parts}, ${localDays(days, 'last_day')}, bounds AS MATERIALIZED (
      SELECT max(ends) AS ends, (max(ends) AT TIME ZONE 'UTC')::date AS end_day,
             quarter_of(max(ends)) - 1 AS end_quarter, (min(begins) AT TIME ZONE 'UTC')::date AS begin_day
      FROM days
    ), asked AS MATERIALIZED (
      SELECT begins, (begins AT TIME ZONE 'UTC')::date AS first_day, quarter_of(begins) - 1 AS first_quarter
      FROM here CROSS JOIN LATERAL start_of_day(last_day - ${days}::int + 1, timezone) AS begins
    ), uncounted AS MATERIALIZED (
      SELECT at, ${columns((series, n) => (n === 4 ? `finishes::int AS ${series}` : `CASE WHEN lower(status::text) = '${series}' THEN sign ELSE 0 END AS ${series}`))}
      FROM tail
    ), kept AS MATERIALIZED (
      SELECT task_day_changes.* FROM scopes JOIN task_day_changes ON scope_id = id
      WHERE day >= (SELECT begin_day FROM bounds)
    ), statuses AS (
      SELECT lower(status::text) AS series, sum(n) AS n FROM (
        SELECT status, count AS n FROM scopes JOIN task_counts ON scope_id = id
        UNION ALL SELECT status, sign FROM tail) AS each
      GROUP BY 1
    ), later AS (
      SELECT ${columns((series) => `CASE WHEN day > end_day THEN steps_at(${series}, 96) ELSE steps_at(${series}, 96) - steps_at(${series}, end_quarter) END AS ${series}`)}
      FROM kept, bounds WHERE day >= end_day
      UNION ALL
      SELECT ${columns((series) => series)} FROM uncounted, bounds WHERE at >= ends
    ), happened AS (
      SELECT stretches.day, ${columns((series) => `${grown(series)} AS ${series}`)}
      FROM stretches JOIN kept ON kept.day = utc_day
      UNION ALL
      SELECT (at AT TIME ZONE timezone)::date, ${columns((series) => series)} FROM uncounted, here
    ), per_day AS (
      SELECT day, ${columns((series, n) => `coalesce(sum(${series}), 0) AS "${FIELDS[n] ?? ''}"`)}
      FROM (SELECT day FROM days WHERE ends IS NOT NULL) AS days LEFT JOIN happened USING (day) GROUP BY 1
    ), durations AS (
      SELECT measure, bucket, sum(n)::int AS count FROM (
        SELECT measure, bucket,
               CASE WHEN day < end_day THEN steps_at(finished, 96) ELSE steps_at(finished, end_quarter) END
               - CASE WHEN day > first_day THEN 0 ELSE steps_at(finished, first_quarter) END AS n
        -- Both measures are named, or all days there ever were would be read.
        FROM asked, bounds, scopes
        JOIN task_durations ON scope_id = id AND measure IN ('CYCLE', 'LEAD')
        WHERE day BETWEEN first_day AND end_day
        UNION ALL
        SELECT measure, duration_bucket(completed_at - from_when), 1 FROM asked, bounds, tail
        CROSS JOIN LATERAL (VALUES ('CYCLE'::duration_measure, started_at), ('LEAD', created_at)) AS each (measure, from_when)
        WHERE finishes AND existed AND from_when IS NOT NULL AND at >= asked.begins AND at < ends
      ) AS each GROUP BY 1, 2 HAVING sum(n) > 0
    )
    SELECT today::text AS today,
           (SELECT json_build_object(${columns((series, n) => `'${FIELDS[n] ?? ''}', coalesce(sum(n) FILTER (WHERE series = '${series}'), 0)`)})
            FROM statuses) AS now,
           (SELECT json_build_object(${columns((series, n) => `'${FIELDS[n] ?? ''}', coalesce(sum(${series}), 0)`)})
            FROM later) AS since,
           (SELECT json_agg(per_day ORDER BY day) FROM per_day) AS days,
           (SELECT json_agg(durations ORDER BY bucket) FROM durations) AS durations
    FROM here`;
}

function columns(of: (series: string, index: number) => string): Prisma.Sql {
  return Prisma.raw(SERIES.map(of).join(', '));
}

/** The numbers at the end of each day; at least those of the days that were asked for. */
export function daysIn({ now, since, days }: HistoryRow): StatusesOfDay[] {
  const there = { ...now };
  for (const field of FIELDS) there[field] -= since[field];
  return days
    .toReversed()
    .map((change) => {
      const atItsEnd = { ...there, day: change.day, finished: change.finished };
      for (const field of FIELDS) there[field] -= change[field];
      return atItsEnd;
    })
    .toReversed();
}

/** As in the database function `duration_bucket`. */
const GAMMA = 1.01 / 0.99;

/**
 * Quantiles, accurate to 1 %. Algorithm: DDSketch (Masson, Rim and Lee, VLDB 2019).
 * @param buckets ascending.
 */
export function spread(buckets: readonly { bucket: number; count: number }[]): Durations {
  const all = buckets.reduce((sum, { count }) => sum + count, 0);
  const quantile = (q: number) => {
    let left = Math.ceil(q * all);
    for (const { bucket, count } of buckets) {
      left -= count;
      if (left <= 0) return (2 * GAMMA ** bucket) / (GAMMA + 1);
    }
    return null;
  };
  return { median: quantile(0.5), p85: quantile(0.85) };
}
