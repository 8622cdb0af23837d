import { Prisma } from '../../prisma/generated/client/client.ts';

/** Few values, so that PostgreSQL can reuse plans. */
const SPANS = [7, 30, 90, 365];

export const MOST_DAYS = 365;

/**
 * CTEs for at least `days` days of the viewer's time zone up to `last`. `days` has their start and end times, and
 * `stretches` the parts of UTC days they consist of: quarter hours after `since`, up to `until`.
 * @param last column of `here` with the last day.
 */
export function localDays(days: number, last: 'today' | 'last_day'): Prisma.Sql {
  const span = SPANS.find((each) => each >= days) ?? MOST_DAYS;
  return Prisma.raw(`
    days AS MATERIALIZED (
      SELECT day, begins, lead(begins) OVER (ORDER BY day) AS ends
      FROM (SELECT ${last} - ago AS day, start_of_day(${last} - ago, timezone) AS begins
            FROM here CROSS JOIN generate_series(-1, ${span - 1}) AS ago) AS each
    ), stretches AS MATERIALIZED (
      SELECT * FROM (
        SELECT day, first_day + ago AS utc_day,
               CASE ago WHEN 0 THEN quarter_of(begins) - 1 ELSE 0 END AS since,
               CASE first_day + ago WHEN last_day THEN quarter_of(ends) - 1 ELSE 96 END AS until
        FROM (SELECT *, (begins AT TIME ZONE 'UTC')::date AS first_day, (ends AT TIME ZONE 'UTC')::date AS last_day
              FROM days WHERE ends IS NOT NULL OFFSET 0) AS days
        JOIN (VALUES (0), (1), (2)) AS each (ago) ON first_day + ago <= last_day
      ) AS each WHERE since < until
    )`);
}

export function grown(steps: string): string {
  return `steps_at(${steps}, until) - CASE since WHEN 0 THEN 0 ELSE steps_at(${steps}, since) END`;
}
