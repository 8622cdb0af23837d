import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Viewer } from '../policy.ts';
import { counterScope, type Scope } from '../sql/counter-scope.ts';
import { spread, type Durations } from '../sql/dashboard-history.ts';
import { grown, localDays } from '../sql/local-days.ts';
import { unseen } from '../sql/unseen.ts';
import type { Period } from './widget.ts';

export interface DurationsRow {
  lastDay: string;
  durations: { start: string | null; bucket: number; count: number }[] | null;
}

const STARTS: Record<Period, string> = {
  DAY: 'day',
  WEEK: `date_trunc('week', day)::date`,
  MONTH: `date_trunc('month', day)::date`,
};

/**
 * Durations of the tasks that became DONE on the last days of a scope, in total or per period, from the counters.
 * @param lastDay null for today.
 */
export function durationsSql(
  viewer: Viewer,
  scope: Scope,
  measure: 'LEAD' | 'CYCLE',
  days: number,
  lastDay: string | null,
  period: Period | null,
): Prisma.Sql {
  const start = Prisma.raw(period ? `(${STARTS[period]})::text` : 'NULL::text');
  return Prisma.sql`
    WITH here AS MATERIALIZED (
      SELECT timezone, coalesce(${lastDay}::date, (now() AT TIME ZONE timezone)::date) AS last_day
      FROM (SELECT timezone_or_utc(timezone) AS timezone FROM users WHERE id = ${unseen(viewer.actorId, 'uuid')} OFFSET 0) AS reader
    ), ${counterScope(viewer, scope).parts}, ${localDays(days, 'last_day')}, kept AS MATERIALIZED (
      SELECT task_durations.day AS utc_day, bucket, finished
      FROM scopes JOIN task_durations ON scope_id = id AND measure = ${measure}::duration_measure
      WHERE task_durations.day BETWEEN (SELECT min(utc_day) FROM stretches) AND (SELECT max(utc_day) FROM stretches)
    ), took AS (
      SELECT stretches.day, bucket, ${Prisma.raw(grown('finished'))} AS n FROM stretches JOIN kept USING (utc_day)
      UNION ALL
      SELECT (at AT TIME ZONE timezone)::date, duration_bucket(completed_at - since), 1 FROM here, tail
      CROSS JOIN LATERAL (SELECT ${Prisma.raw(measure === 'LEAD' ? 'created_at' : 'started_at')} AS since) AS each
      WHERE finishes AND existed AND since IS NOT NULL
    ), grouped AS (
      SELECT ${start} AS start, bucket, sum(n)::int AS count FROM took, here
      WHERE day BETWEEN last_day - ${days}::int + 1 AND last_day GROUP BY 1, 2 HAVING sum(n) > 0
    )
    SELECT last_day::text AS "lastDay", (SELECT json_agg(grouped ORDER BY bucket) FROM grouped) AS durations FROM here`;
}

/** Median and 85th percentile by start of the period, accurate to 1 %. */
export function durationsIn({ durations }: DurationsRow): Map<string | null, Durations> {
  const starts = Map.groupBy(durations ?? [], ({ start }) => start);
  return new Map(Array.from(starts, ([start, buckets]) => [start, spread(buckets)]));
}
