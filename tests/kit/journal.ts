import type { Database } from '../../server/database/client.ts';
import type { Asked } from './count-by-hand.ts';

/** The answer to `HISTORY`. */
export interface History {
  burnUp: { day: string; total: number; completed: number }[];
  cumulativeFlow: { day: string; todo: number; inProgress: number; done: number; cancelled: number }[];
  throughput: { week: string; completed: number }[];
  cycleTime: Durations;
  leadTime: Durations;
}

interface Durations {
  median: number | null;
  p85: number | null;
}

export const HISTORY = `
  burnUp { day total completed } cumulativeFlow { day todo inProgress done cancelled } throughput { week completed }
  cycleTime { median p85 } leadTime { median p85 }`;

/**
 * Records every change of `tasks` with a trigger of its own: a history that does not depend on events. The database
 * must have its own clock.
 */
export async function installJournal(db: Database): Promise<void> {
  await db.$executeRaw`
    CREATE TABLE journal (step bigserial, at timestamptz NOT NULL DEFAULT pg_catalog.now(), task uuid, was tasks, became tasks)`;
  await db.$executeRaw`
    CREATE FUNCTION keep_journal() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    BEGIN
      INSERT INTO journal (task, was, became) VALUES (coalesce(NEW.id, OLD.id), OLD, NEW);
      RETURN NULL;
    END $$`;
  await db.$executeRaw`
    CREATE TRIGGER keep_journal AFTER INSERT OR UPDATE OR DELETE ON tasks FOR EACH ROW EXECUTE FUNCTION keep_journal()`;
}

/** The expected history, computed from the journal: an independent implementation of the definitions in SQL. */
export async function historyByHand(
  db: Database,
  { viewer, of, days, asOf }: Asked & { asOf: string | null },
): Promise<History> {
  const team = typeof of === 'string' ? null : of.team;
  const [row] = await db.$queryRaw<[{ history: History }]>`
    WITH me AS (
      SELECT id, timezone, coalesce(${asOf}::date, (now() AT TIME ZONE timezone)::date) AS last
      FROM users WHERE id = ${viewer}::uuid
    ), sides AS (
      SELECT step, at, task, is_new, was, became, side FROM journal
      CROSS JOIN LATERAL (VALUES (false, was), (true, became)) AS each (is_new, side)
    ), concerned AS (
      SELECT sides.* FROM sides, me WHERE (side).archived_at IS NULL AND
        CASE WHEN ${team}::uuid IS NOT NULL THEN (side).team_id = ${team}::uuid
             ELSE (${of !== 'assigned'} AND (side).owner_id = me.id OR ${of !== 'own'} AND (side).assignee_id = me.id)
               AND ((side).team_id IN (SELECT team_id FROM memberships WHERE user_id = me.id)
                    OR (side).owner_id = me.id AND NOT EXISTS (SELECT FROM teams WHERE id = (side).team_id)) END
    ), told AS (
      SELECT step, task, (side).status, day, lead(day) OVER (PARTITION BY task ORDER BY step) AS until,
             (side).status = 'DONE' AND (was).status IS DISTINCT FROM 'DONE' AND NOT restored AS finishes, (was).id IS NOT NULL AS existed,
             extract(epoch FROM at - min(at) FILTER (WHERE begun) OVER (PARTITION BY task ORDER BY step))::float8 AS cycle,
             extract(epoch FROM at - (side).created_at)::float8 AS lead
      FROM (SELECT step, task, at, (at AT TIME ZONE timezone)::date AS day, (became).status = 'IN_PROGRESS' AS begun,
                   (was).id IS NULL AND row_number() OVER (PARTITION BY task ORDER BY step) > 1 AS restored
            FROM journal, me) AS steps
      LEFT JOIN (SELECT step, side, was FROM concerned WHERE is_new) AS concerned USING (step)
    ), days AS (SELECT last - ago AS day FROM me, generate_series(0, ${days}::int - 1) AS ago),
    flow AS (
      SELECT days.day, count(*) FILTER (WHERE status = 'TODO') AS todo,
             count(*) FILTER (WHERE status = 'IN_PROGRESS') AS "inProgress",
             count(*) FILTER (WHERE status = 'DONE') AS done, count(*) FILTER (WHERE status = 'CANCELLED') AS cancelled
      FROM days LEFT JOIN told ON told.day <= days.day AND (until IS NULL OR until > days.day) GROUP BY 1
    ), weeks AS (
      SELECT date_trunc('week', days.day)::date AS week, count(task) AS completed
      FROM days LEFT JOIN told ON told.day = days.day AND finishes GROUP BY 1
    ), took AS (
      SELECT percentile_disc(ARRAY[.5, .85]) WITHIN GROUP (ORDER BY cycle) AS cycle,
             percentile_disc(ARRAY[.5, .85]) WITHIN GROUP (ORDER BY lead) AS lead
      FROM days JOIN told USING (day) WHERE finishes AND existed
    )
    SELECT json_build_object(
      'burnUp', (SELECT json_agg(json_build_object('day', day, 'total', todo + "inProgress" + done + cancelled,
                                                   'completed', done) ORDER BY day) FROM flow),
      'cumulativeFlow', (SELECT json_agg(flow ORDER BY day) FROM flow),
      'throughput', (SELECT json_agg(weeks ORDER BY week) FROM weeks),
      'cycleTime', json_build_object('median', cycle[1], 'p85', cycle[2]),
      'leadTime', json_build_object('median', lead[1], 'p85', lead[2])
    ) AS history FROM took`;
  return row.history;
}
