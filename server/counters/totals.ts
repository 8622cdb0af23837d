import { isOpen } from '../sql/task-facts.ts';

/*
 * CTEs that add facts to the counters. They use `counted`: facts with scope ids. No two parts of a statement may write
 * the same row.
 */

export const missingScopes = `
    INSERT INTO task_scopes (generation, kind, of_id, team_id)
    SELECT $1::int, kind, of_id, team_id FROM (SELECT DISTINCT kind, of_id, team_id FROM scoped) AS wanted
    WHERE NOT EXISTS (SELECT FROM task_scopes AS known
                      WHERE (known.generation, known.kind, known.of_id, known.team_id)
                          = ($1::int, wanted.kind, wanted.of_id, wanted.team_id))`;

/** `scoped` with scope ids. A missing scope is an error. */
export const counted = `
    SELECT scoped.*, (
      SELECT id FROM task_scopes AS known
      WHERE (known.generation, known.kind, known.of_id, known.team_id)
          = ($1::int, scoped.kind, scoped.of_id, scoped.team_id)) AS scope_id
    FROM scoped`;

/** Current numbers by status and priority, due date, and quarter hour of creation and completion. */
export const presentTotals = `
    counts AS (
      INSERT INTO task_counts AS total (scope_id, status, priority, count)
      SELECT scope_id, status, priority, sum(sign) FROM counted GROUP BY 1, 2, 3 HAVING sum(sign) <> 0
      ON CONFLICT (scope_id, status, priority) DO UPDATE SET count = total.count + excluded.count
    ), dues AS (
      SELECT scope_id, due_on, delta, coalesce(task_due_counts.count, 0) + delta AS total
      FROM (SELECT scope_id, due_on, sum(sign)::int AS delta FROM counted
            WHERE due_on IS NOT NULL AND ${isOpen} GROUP BY 1, 2 HAVING sum(sign) <> 0) AS changed
      LEFT JOIN task_due_counts USING (scope_id, due_on)
    ), due_counts AS (
      INSERT INTO task_due_counts (scope_id, due_on, count)
      SELECT scope_id, due_on, total FROM dues WHERE total <> 0
      ON CONFLICT (scope_id, due_on) DO UPDATE SET count = excluded.count
    ), no_dues AS (
      DELETE FROM task_due_counts AS kept USING dues
      WHERE (kept.scope_id, kept.due_on) = (dues.scope_id, dues.due_on) AND total = 0
    ), moments AS (
      SELECT scope_id, series, (moment AT TIME ZONE 'UTC')::date AS day, quarter_of(moment) AS quarter, sum(sign)::int AS delta
      FROM counted CROSS JOIN LATERAL (VALUES ('created', created_at), ('completed', completed_at)) AS each (series, moment)
      WHERE moment IS NOT NULL GROUP BY 1, 2, 3, 4 HAVING sum(sign) <> 0
    ), day_counts AS (
      SELECT scope_id, day, ${stepsOf('created', 'task_day_counts')}, ${stepsOf('completed', 'task_day_counts')}
      FROM (SELECT scope_id, day, ${deltasOf('created')}, ${deltasOf('completed')} FROM moments GROUP BY 1, 2) AS changed
      LEFT JOIN task_day_counts USING (scope_id, day)
    ), days AS (
      INSERT INTO task_day_counts (scope_id, day, created, completed)
      SELECT scope_id, day, created, completed FROM day_counts WHERE coalesce(created, completed) IS NOT NULL
      ON CONFLICT (scope_id, day) DO UPDATE SET created = excluded.created, completed = excluded.completed
    ), no_days AS (
      DELETE FROM task_day_counts AS kept USING day_counts
      WHERE (kept.scope_id, kept.day) = (day_counts.scope_id, day_counts.day)
        AND coalesce(day_counts.created, day_counts.completed) IS NULL
    )`;

const SERIES = ['todo', 'in_progress', 'done', 'cancelled', 'finished'];

/** History: changes per status, and durations of tasks that became DONE. */
export const pastTotals = `
    happenings AS (
      SELECT scope_id, series, (at AT TIME ZONE 'UTC')::date AS day, quarter_of(at) AS quarter, sum(change)::int AS delta
      FROM counted CROSS JOIN LATERAL (VALUES (lower(status::text), sign), ('finished', finishes::int)) AS each (series, change)
      WHERE change <> 0 GROUP BY 1, 2, 3, 4 HAVING sum(change) <> 0
    ), day_changes AS (
      SELECT scope_id, day, ${SERIES.map((series) => stepsOf(series, 'task_day_changes')).join(', ')}
      FROM (SELECT scope_id, day, ${SERIES.map(deltasOf).join(', ')} FROM happenings GROUP BY 1, 2) AS changed
      LEFT JOIN task_day_changes USING (scope_id, day)
    ), changes AS (
      INSERT INTO task_day_changes (scope_id, day, ${SERIES.join(', ')})
      SELECT scope_id, day, ${SERIES.join(', ')} FROM day_changes
      ON CONFLICT (scope_id, day) DO UPDATE SET
        ${SERIES.map((series) => `${series} = excluded.${series}`).join(', ')}
    ), took AS (
      SELECT scope_id, measure, (at AT TIME ZONE 'UTC')::date AS day, duration_bucket(completed_at - since) AS bucket,
             'finished' AS series, quarter_of(at) AS quarter, count(*)::int AS delta
      FROM counted CROSS JOIN LATERAL (VALUES ('CYCLE'::duration_measure, started_at), ('LEAD', created_at)) AS each (measure, since)
      WHERE finishes AND existed AND since IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6
    ), durations AS (
      INSERT INTO task_durations (scope_id, measure, day, bucket, finished)
      SELECT scope_id, measure, day, bucket, ${stepsOf('finished', 'task_durations')}
      FROM (SELECT scope_id, measure, day, bucket, ${deltasOf('finished')} FROM took GROUP BY 1, 2, 3, 4) AS changed
      LEFT JOIN task_durations USING (scope_id, measure, day, bucket)
      ON CONFLICT (scope_id, measure, day, bucket) DO UPDATE SET finished = excluded.finished
    )`;

/** The deltas of a series and their quarter hours, as arguments of `steps_after`. */
function deltasOf(series: string): string {
  const ofSeries = `FILTER (WHERE series = '${series}')`;
  return `array_agg(quarter ORDER BY quarter) ${ofSeries} AS ${series}_quarters,
              array_agg(delta ORDER BY quarter) ${ofSeries} AS ${series}_deltas`;
}

function stepsOf(series: string, table: string): string {
  return `steps_after(${table}.${series}, ${series}_quarters, ${series}_deltas) AS ${series}`;
}
