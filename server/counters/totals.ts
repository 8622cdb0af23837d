import { isOpen } from '../sql/task-facts.ts';

/** A table of counters, by scope. */
export interface Total {
  table: string;
  /** Of the current facts, or of those of all times. */
  of: 'present' | 'past';
  /** The columns of `deltas` and their types, after those of the scope. */
  columns: Readonly<Record<string, string>>;
  /** A query of what `scoped`, which are facts with their scopes, changes. Each key is in one row. */
  deltas: string;
  /** CTEs that add the deltas to the table. No two parts of a statement may write the same row. */
  add: string;
}

const scopeColumns = { of_id: 'uuid', team_id: 'uuid', kind: 'task_scope_kind' };
/** The id first: it differs most, so sorting is fast. */
export const SCOPE = Object.keys(scopeColumns).join(', ');

/**
 * Several transactions can do so at once, and wait for each other.
 * @param scoped rows with their scopes.
 */
export function missingScopes(scoped: string): string {
  return `
    INSERT INTO task_scopes (generation, ${SCOPE})
    SELECT $1::int, ${SCOPE} FROM (SELECT DISTINCT ${SCOPE} FROM ${scoped}) AS wanted
    WHERE NOT EXISTS (SELECT FROM task_scopes AS known
                      WHERE (known.generation, known.kind, known.of_id, known.team_id)
                          = ($1::int, wanted.kind, wanted.of_id, wanted.team_id))
    ORDER BY ${SCOPE}
    ON CONFLICT DO NOTHING`;
}

/** CTEs that add the facts in `scoped` to some tables. A missing scope is an error. */
export function addSql(some: readonly Total[]): string {
  return some.map((total) => addDeltasSql(total, total.deltas)).join(', ');
}

/** The same for one table, with deltas from elsewhere. */
export function addDeltasSql({ table, add }: Total, deltas: string): string {
  return `
    ${table}_deltas AS MATERIALIZED (
      SELECT deltas.*, (
        SELECT id FROM task_scopes AS known
        WHERE (known.generation, known.kind, known.of_id, known.team_id)
            = ($1::int, deltas.kind, deltas.of_id, deltas.team_id)) AS scope_id
      FROM (${deltas}) AS deltas
    ), ${add}`;
}

/** The columns of deltas and their types, in the order of `givenRows`. */
export function columnsIn(total?: Total): [name: string, type: string][] {
  return Object.entries({ ...scopeColumns, ...total?.columns });
}

/** A query of scopes, or of a table's deltas, from parameters after the first: an array for each column. */
export function givenRows(total?: Total): string {
  const columns = columnsIn(total);
  // Lists are given as text, since an array of arrays must be rectangular.
  const isList = (type: string) => type.endsWith('[]');
  const arrays = columns.map(([, type], n) => `$${n + 2}::${isList(type) ? 'text' : type}[]`);
  return `
    SELECT ${columns.map(([name, type]) => (isList(type) ? `${name}::${type}` : name)).join(', ')}
    FROM unnest(${arrays.join(', ')}) AS given (${columns.map(([name]) => name).join(', ')})`;
}

const taskCounts: Total = {
  table: 'task_counts',
  of: 'present',
  columns: { status: 'task_status', priority: 'task_priority', delta: 'int' },
  deltas: `
    SELECT ${SCOPE}, status, priority, sum(sign)::int AS delta FROM scoped
    GROUP BY ${SCOPE}, status, priority HAVING sum(sign) <> 0`,
  add: `
    counts AS (
      INSERT INTO task_counts AS total (scope_id, status, priority, count)
      SELECT scope_id, status, priority, delta FROM task_counts_deltas
      ON CONFLICT (scope_id, status, priority) DO UPDATE SET count = total.count + excluded.count
    )`,
};

const taskDueCounts: Total = {
  table: 'task_due_counts',
  of: 'present',
  columns: { due_on: 'date', delta: 'int' },
  deltas: `
    SELECT ${SCOPE}, due_on, sum(sign)::int AS delta FROM scoped
    WHERE due_on IS NOT NULL AND ${isOpen} GROUP BY ${SCOPE}, due_on HAVING sum(sign) <> 0`,
  add: `
    dues AS (
      SELECT scope_id, due_on, coalesce(task_due_counts.count, 0) + delta AS total
      FROM task_due_counts_deltas LEFT JOIN task_due_counts USING (scope_id, due_on)
    ), due_counts AS (
      INSERT INTO task_due_counts (scope_id, due_on, count)
      SELECT scope_id, due_on, total FROM dues WHERE total <> 0
      ON CONFLICT (scope_id, due_on) DO UPDATE SET count = excluded.count
    ), no_dues AS (
      DELETE FROM task_due_counts AS kept USING dues
      WHERE (kept.scope_id, kept.due_on) = (dues.scope_id, dues.due_on) AND total = 0
    )`,
};

const DAY_SERIES = ['created', 'completed'];

/** By quarter hour of creation and completion. */
const taskDayCounts: Total = {
  table: 'task_day_counts',
  of: 'present',
  columns: { day: 'date', ...columnsOf(DAY_SERIES) },
  deltas: `
    SELECT ${SCOPE}, day, ${DAY_SERIES.map(deltasOf).join(', ')}
    FROM (
      SELECT ${SCOPE}, series, (moment AT TIME ZONE 'UTC')::date AS day, quarter_of(moment) AS quarter, sum(sign)::int AS delta
      FROM scoped CROSS JOIN LATERAL (VALUES ('created', created_at), ('completed', completed_at)) AS each (series, moment)
      WHERE moment IS NOT NULL GROUP BY ${SCOPE}, day, quarter, series HAVING sum(sign) <> 0
      ORDER BY ${SCOPE}, day, quarter
    ) AS moments GROUP BY ${SCOPE}, day`,
  add: `
    day_counts AS (
      SELECT scope_id, day, ${DAY_SERIES.map((series) => stepsOf(series, 'task_day_counts')).join(', ')}
      FROM task_day_counts_deltas LEFT JOIN task_day_counts USING (scope_id, day)
    ), days AS (
      INSERT INTO task_day_counts (scope_id, day, created, completed)
      SELECT scope_id, day, created, completed FROM day_counts WHERE coalesce(created, completed) IS NOT NULL
      ON CONFLICT (scope_id, day) DO UPDATE SET created = excluded.created, completed = excluded.completed
    ), no_days AS (
      DELETE FROM task_day_counts AS kept USING day_counts
      WHERE (kept.scope_id, kept.day) = (day_counts.scope_id, day_counts.day)
        AND coalesce(day_counts.created, day_counts.completed) IS NULL
    )`,
};

const SERIES = ['todo', 'in_progress', 'done', 'cancelled', 'finished'];

const taskDayChanges: Total = {
  table: 'task_day_changes',
  of: 'past',
  columns: { day: 'date', ...columnsOf(SERIES) },
  deltas: `
    SELECT ${SCOPE}, day, ${SERIES.map(deltasOf).join(', ')}
    FROM (
      SELECT ${SCOPE}, series, (at AT TIME ZONE 'UTC')::date AS day, quarter_of(at) AS quarter, sum(change)::int AS delta
      FROM scoped CROSS JOIN LATERAL (VALUES (lower(status::text), sign), ('finished', finishes::int)) AS each (series, change)
      WHERE change <> 0 GROUP BY ${SCOPE}, day, quarter, series HAVING sum(change) <> 0
      ORDER BY ${SCOPE}, day, quarter
    ) AS happenings GROUP BY ${SCOPE}, day`,
  add: `
    changes AS (
      INSERT INTO task_day_changes (scope_id, day, ${SERIES.join(', ')})
      SELECT scope_id, day, ${SERIES.map((series) => stepsOf(series, 'task_day_changes')).join(', ')}
      FROM task_day_changes_deltas LEFT JOIN task_day_changes USING (scope_id, day)
      ON CONFLICT (scope_id, day) DO UPDATE SET
        ${SERIES.map((series) => `${series} = excluded.${series}`).join(', ')}
    )`,
};

/** How long tasks took that became DONE. */
const taskDurations: Total = {
  table: 'task_durations',
  of: 'past',
  columns: { measure: 'duration_measure', day: 'date', bucket: 'smallint', ...columnsOf(['finished']) },
  deltas: `
    SELECT ${SCOPE}, measure, day, bucket, ${deltasOf('finished')}
    FROM (
      SELECT ${SCOPE}, measure, (at AT TIME ZONE 'UTC')::date AS day, duration_bucket(completed_at - since) AS bucket,
             'finished' AS series, quarter_of(at) AS quarter, count(*)::int AS delta
      FROM scoped CROSS JOIN LATERAL (VALUES ('CYCLE'::duration_measure, started_at), ('LEAD', created_at)) AS each (measure, since)
      WHERE finishes AND existed AND since IS NOT NULL GROUP BY ${SCOPE}, measure, day, bucket, quarter
      ORDER BY ${SCOPE}, measure, day, bucket, quarter
    ) AS took GROUP BY ${SCOPE}, measure, day, bucket`,
  add: `
    durations AS (
      INSERT INTO task_durations (scope_id, measure, day, bucket, finished)
      SELECT scope_id, measure, day, bucket, ${stepsOf('finished', 'task_durations')}
      FROM task_durations_deltas LEFT JOIN task_durations USING (scope_id, measure, day, bucket)
      ON CONFLICT (scope_id, measure, day, bucket) DO UPDATE SET finished = excluded.finished
    )`,
};

export const totals: readonly Total[] = [
  taskCounts,
  taskDueCounts,
  taskDayCounts,
  taskDayChanges,
  taskDurations,
];

function columnsOf(some: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    some.flatMap((series) => [
      [`${series}_quarters`, 'int[]'],
      [`${series}_deltas`, 'int[]'],
    ]),
  );
}

/**
 * The deltas of a series and their quarter hours, as arguments of `steps_after`. The rows must be in order: ORDER BY in
 * an aggregate sorts each group on its own.
 */
function deltasOf(series: string): string {
  const ofSeries = `FILTER (WHERE series = '${series}')`;
  return `array_agg(quarter) ${ofSeries} AS ${series}_quarters,
              array_agg(delta) ${ofSeries} AS ${series}_deltas`;
}

/** Most series of a row do not change. */
function stepsOf(series: string, table: string): string {
  return `CASE WHEN ${series}_quarters IS NULL THEN ${table}.${series}
               ELSE steps_after(${table}.${series}, ${series}_quarters, ${series}_deltas) END AS ${series}`;
}
