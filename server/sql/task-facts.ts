import { CARRYING_FACTS } from '../log/catalogue.ts';

/** For tasks without a team or with a deleted one. */
export const NO_TEAM = '00000000-0000-0000-0000-000000000000';

export const taskKinds = CARRYING_FACTS.map((kind) => `'${kind}'`).join(', ');

/**
 * The previous facts (sign −1) and the new ones (sign 1) of each change of a task. Archived tasks have none.
 * @param which a condition on `events`.
 */
export function factsOfEvents(which: string): string {
  return `
    SELECT sign, events.at,
           (facts->>'owner')::uuid AS owner_id, (facts->>'assignee')::uuid AS assignee_id,
           (facts->>'team')::uuid AS team, (facts->>'status')::task_status AS status,
           (facts->>'priority')::task_priority AS priority, (facts->>'dueOn')::date AS due_on,
           (facts->>'createdAt')::timestamptz AS created_at, (facts->>'startedAt')::timestamptz AS started_at,
           (facts->>'completedAt')::timestamptz AS completed_at,
           sign = 1 AND facts->>'status' = 'DONE' AND data->'before'->>'status' IS DISTINCT FROM 'DONE'
             AND kind <> 'task.restored' AS finishes,
           jsonb_typeof(data->'before') = 'object' AS existed
    FROM events CROSS JOIN LATERAL (VALUES (-1, data->'before'), (1, data->'after')) AS side (sign, facts)
    WHERE kind IN (${taskKinds}) AND ${which}
      AND NOT (facts->>'archived')::boolean`;
}

export const factsOfTasks = `
    SELECT 1 AS sign, owner_id, assignee_id, team_id AS team, status, priority, due_on, created_at, completed_at
    FROM tasks WHERE archived_at IS NULL`;

/**
 * Each fact once per scope that counts it. Assignees who are not the owner see a task only through its team, or through
 * a share, which is not counted here.
 */
export function scopesOf(facts: string): string {
  return `
    SELECT ${facts}.*, kind, of_id, scope.team_id
    FROM ${facts} LEFT JOIN teams ON teams.id = ${facts}.team CROSS JOIN LATERAL (VALUES
      ('OWNER'::task_scope_kind, owner_id, coalesce(teams.id, '${NO_TEAM}')),
      ('TEAM', teams.id, teams.id),
      ('SELF', CASE WHEN assignee_id = owner_id THEN owner_id END, coalesce(teams.id, '${NO_TEAM}')),
      ('ASSIGNEE', CASE WHEN assignee_id <> owner_id THEN assignee_id END, teams.id)
    ) AS scope (kind, of_id, team_id)
    WHERE of_id IS NOT NULL AND scope.team_id IS NOT NULL`;
}

export const isOpen = `status IN ('TODO', 'IN_PROGRESS')`;
