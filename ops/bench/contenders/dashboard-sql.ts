/** The numbers of Q2 in one handwritten statement; `owner` is an SQL expression. */
export const dashboardSql = (owner: string) => `
  WITH today AS (SELECT (now() AT TIME ZONE 'UTC')::date AS today),
  own AS (
    SELECT status, priority, due_on, (created_at AT TIME ZONE 'UTC')::date AS created,
           (completed_at AT TIME ZONE 'UTC')::date AS completed, status IN ('TODO', 'IN_PROGRESS') AS pending
    FROM tasks WHERE owner_id = ${owner} AND archived_at IS NULL
  ), days AS (SELECT today - ago AS day FROM today, generate_series(0, 29) AS ago)
  SELECT json_build_object(
    'breakdown', (
      SELECT json_agg(json_build_object('status', status, 'count', coalesce(n, 0)) ORDER BY status)
      FROM unnest(enum_range(NULL::task_status)) AS status
      LEFT JOIN (SELECT status, count(*) AS n FROM own GROUP BY 1) AS found USING (status)),
    'priorities', (
      SELECT json_agg(json_build_object('priority', priority, 'count', coalesce(n, 0)) ORDER BY priority)
      FROM unnest(enum_range(NULL::task_priority)) AS priority
      LEFT JOIN (SELECT priority, count(*) AS n FROM own WHERE pending GROUP BY 1) AS found USING (priority)),
    'overdue', (SELECT count(*) FROM own, today WHERE pending AND due_on < today),
    'createdPerDay', (
      SELECT json_agg(json_build_object('day', day, 'count', coalesce(n, 0)) ORDER BY day)
      FROM days LEFT JOIN (SELECT created AS day, count(*) AS n FROM own GROUP BY 1) AS found USING (day)),
    'completedPerDay', (
      SELECT json_agg(json_build_object('day', day, 'count', coalesce(n, 0)) ORDER BY day)
      FROM days LEFT JOIN (SELECT completed AS day, count(*) AS n FROM own GROUP BY 1) AS found USING (day))
  ) AS dashboard`;
