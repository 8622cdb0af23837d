import type { Database } from '../../server/database/client.ts';

/** The scope of a dashboard, with ids as in the database. */
export interface Asked {
  viewer: string;
  of: 'own' | 'assigned' | 'either' | { team: string };
  days: number;
}

/** The answer to `ALL_NUMBERS`. */
export interface Numbers {
  statistics: { total: number; pending: number; completed: number; shared: number };
  breakdown: { status: string; count: number }[];
  priorities: { priority: string; count: number }[];
  overdue: number;
  dueToday: number;
  dueThisWeek: number;
  activity: Record<
    'createdToday' | 'createdThisWeek' | 'completedToday' | 'completedThisWeek' | 'completionRate',
    number
  >;
  shared: { total: number; viewOnly: number; canEdit: number };
  createdPerDay: { day: string; count: number }[];
  completedPerDay: { day: string; count: number }[];
}

export const ALL_NUMBERS = `
  statistics { total pending completed shared } breakdown { status count } priorities { priority count }
  overdue dueToday dueThisWeek activity { createdToday createdThisWeek completedToday completedThisWeek completionRate }
  shared { total viewOnly canEdit } createdPerDay(days: $days) { day count } completedPerDay(days: $days) { day count }`;

/** The expected numbers of a dashboard, counted from all tasks: an independent implementation of the rules in SQL. */
export async function countByHand(db: Database, { viewer, of, days }: Asked): Promise<Numbers> {
  const team = typeof of === 'string' ? null : of.team;
  const [row] = await db.$queryRaw<[{ numbers: Numbers }]>`
    WITH me AS (SELECT id, timezone, (now() AT TIME ZONE timezone)::date AS today FROM users WHERE id = ${viewer}::uuid),
    lent AS (
      SELECT task_id, permission FROM task_shares, me
      WHERE shared_with_id = me.id AND (expires_at IS NULL OR expires_at > now())
    ), concerned AS (
      SELECT tasks.* FROM tasks, me
      WHERE CASE WHEN ${team}::uuid IS NOT NULL THEN team_id = ${team}::uuid
                 ELSE ${of !== 'assigned'} AND owner_id = me.id
                      OR ${of !== 'own'} AND assignee_id IS NOT DISTINCT FROM me.id END
        AND archived_at IS NULL
        AND (owner_id = me.id AND team_id IS NULL OR tasks.id IN (SELECT task_id FROM lent)
             OR team_id IN (SELECT team_id FROM memberships WHERE user_id = me.id))
    ), t AS (
      SELECT status, priority, due_on, status NOT IN ('DONE', 'CANCELLED') AS pending, today,
             (created_at AT TIME ZONE timezone)::date AS created, (completed_at AT TIME ZONE timezone)::date AS completed,
             today - extract(isodow FROM today)::int + 1 AS monday
      FROM concerned, me
    ), s AS (
      SELECT count(*) FILTER (WHERE permission = 'VIEW') AS view, count(*) FILTER (WHERE permission = 'EDIT') AS edit
      FROM lent JOIN tasks ON tasks.id = task_id, me
      WHERE CASE WHEN ${team}::uuid IS NOT NULL THEN team_id = ${team}::uuid
                 WHEN ${of === 'assigned'} THEN assignee_id = me.id ELSE true END
    )
    SELECT json_build_object(
      'statistics', json_build_object(
        'total', (SELECT count(*) FROM t), 'pending', (SELECT count(*) FROM t WHERE pending),
        'completed', (SELECT count(*) FROM t WHERE status = 'DONE'), 'shared', view + edit),
      'breakdown', (SELECT json_agg(json_build_object('status', status, 'count',
                      (SELECT count(*) FROM t WHERE t.status = each.status)) ORDER BY status)
                    FROM unnest(enum_range(NULL::task_status)) AS each (status)),
      'priorities', (SELECT json_agg(json_build_object('priority', priority, 'count',
                      (SELECT count(*) FROM t WHERE pending AND t.priority = each.priority)) ORDER BY priority)
                    FROM unnest(enum_range(NULL::task_priority)) AS each (priority)),
      'overdue', (SELECT count(*) FROM t WHERE pending AND due_on < today),
      'dueToday', (SELECT count(*) FROM t WHERE pending AND due_on = today),
      'dueThisWeek', (SELECT count(*) FROM t WHERE pending AND due_on >= monday AND due_on < monday + 7),
      'activity', json_build_object(
        'createdToday', (SELECT count(*) FROM t WHERE created >= today),
        'createdThisWeek', (SELECT count(*) FROM t WHERE created >= monday),
        'completedToday', (SELECT count(*) FROM t WHERE completed >= today),
        'completedThisWeek', (SELECT count(*) FROM t WHERE completed >= monday),
        'completionRate', (SELECT coalesce(round(100.0 * count(*) FILTER (WHERE status = 'DONE') / nullif(count(*), 0), 1), 0)
                           FROM t)),
      'shared', json_build_object('total', view + edit, 'viewOnly', view, 'canEdit', edit),
      'createdPerDay', (SELECT json_agg(json_build_object('day', today - ago, 'count',
                          (SELECT count(*) FROM t WHERE created = me.today - ago)) ORDER BY ago DESC)
                        FROM generate_series(0, ${days}::int - 1) AS ago),
      'completedPerDay', (SELECT json_agg(json_build_object('day', today - ago, 'count',
                          (SELECT count(*) FROM t WHERE completed = me.today - ago)) ORDER BY ago DESC)
                        FROM generate_series(0, ${days}::int - 1) AS ago)
    ) AS numbers FROM s, me`;
  return row.numbers;
}
