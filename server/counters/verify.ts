import type { Client } from 'pg';
import { stateOf } from '../log/consumer.ts';
import { factsOfEvents, factsOfTasks, isOpen, NO_TEAM, scopesOf } from '../sql/task-facts.ts';

export interface Difference {
  what: string;
  counted: number;
  there: number;
}

interface Row {
  kind: 'OWNER' | 'SELF' | 'ASSIGNEE' | 'TEAM';
  name: string;
  team: string | null;
  what: string;
  counted: string;
  there: string;
}

const MOST_DIFFERENCES = 1_000;

/** Reads all tasks at one moment, without locks. @returns at most 1,000 differences. */
export async function verifyCounters(client: Client): Promise<Difference[]> {
  const { rows } = await client.query<Row>(
    `/* verifyCounters */
     WITH state AS MATERIALIZED (
       SELECT generation, transaction_id AS low, pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS high
       FROM ${stateOf('task_counters')}
     ), scopes AS MATERIALIZED (
       SELECT task_scopes.id, kind, of_id, coalesce(teams.id, '${NO_TEAM}') AS team_id
       FROM task_scopes LEFT JOIN teams ON teams.id = team_id
       WHERE generation = (SELECT generation FROM state) AND (teams.id IS NOT NULL OR kind IN ('OWNER', 'SELF'))
     ), late_facts AS (
       ${factsOfEvents('events.transaction_id BETWEEN (SELECT low FROM state) AND (SELECT high FROM state)')}
     ), late AS (${scopesOf('late_facts')}
     ), task_facts AS (${factsOfTasks}
     ), present AS (${scopesOf('task_facts')}
     ), compared AS (
       SELECT kind, of_id, team_id, concat(status, ' ', priority) AS what, count AS counted, 0 AS there
       FROM scopes JOIN task_counts ON scope_id = id
       UNION ALL
       SELECT kind, of_id, team_id, concat('due ', due_on), count, 0
       FROM scopes JOIN task_due_counts ON scope_id = id
       UNION ALL
       SELECT kind, of_id, team_id, ${momentWords('series', 'day', 'q')}, steps_at(steps, q) - steps_at(steps, q - 1), 0
       FROM scopes JOIN task_day_counts ON scope_id = id
       CROSS JOIN LATERAL (VALUES ('created', created), ('completed', completed)) AS each (series, steps)
       CROSS JOIN LATERAL generate_subscripts(steps, 1) AS q
       UNION ALL
       SELECT kind, of_id, team_id, concat(status, ' by the history'), steps_at(steps, 96), 0
       FROM scopes JOIN task_day_changes ON scope_id = id CROSS JOIN LATERAL (VALUES
         ('TODO', todo), ('IN_PROGRESS', in_progress), ('DONE', done), ('CANCELLED', cancelled)
       ) AS each (status, steps)
       UNION ALL
       SELECT kind, of_id, team_id, what, sign, 0 FROM late, ${entries}
       UNION ALL
       SELECT kind, of_id, team_id, what, 0, sign FROM present, ${entries}
     ), differing AS (
       SELECT kind, of_id, team_id, what, sum(counted) AS counted, sum(there) AS there FROM compared
       GROUP BY 1, 2, 3, 4 HAVING sum(counted) <> sum(there)
         -- Scopes of deleted users are never read.
         AND (kind = 'TEAM' OR EXISTS (SELECT FROM users WHERE users.id = of_id))
       LIMIT ${MOST_DIFFERENCES}
     )
     SELECT kind, coalesce(users.name, own.name, of_id::text) AS name, other.name AS team, what, counted, there
     FROM differing LEFT JOIN users ON users.id = of_id LEFT JOIN teams AS own ON own.id = of_id
     LEFT JOIN teams AS other ON other.id = team_id
     ORDER BY kind, name, team, what`,
  );
  return rows.map(({ what, counted, there, ...scope }) => ({
    what: `${nameOf(scope)}: ${what}`,
    counted: Number(counted),
    there: Number(there),
  }));
}

const entries = `LATERAL (VALUES
         (concat(status, ' ', priority)), (concat(status, ' by the history')),
         (CASE WHEN ${isOpen} THEN 'due ' || due_on END),
         (${momentWords(`'created'`, `(created_at AT TIME ZONE 'UTC')::date`, 'quarter_of(created_at)')}),
         (CASE WHEN completed_at IS NOT NULL THEN
           ${momentWords(`'completed'`, `(completed_at AT TIME ZONE 'UTC')::date`, 'quarter_of(completed_at)')} END)
       ) AS entry (what) WHERE what IS NOT NULL`;

function momentWords(series: string, day: string, quarter: string): string {
  return `concat(${series}, ' ', ${day}, ' from ', interval '15 minutes' * (${quarter} - 1), ' UTC')`;
}

function nameOf({ kind, name, team }: Pick<Row, 'kind' | 'name' | 'team'>): string {
  const of = team === null ? 'of no team' : `of the team ${team}`;
  switch (kind) {
    case 'TEAM':
      return `tasks of the team ${name}`;
    case 'OWNER':
      return `tasks of ${name}, ${of}`;
    case 'SELF':
      return `tasks of ${name}, assigned to them, ${of}`;
    case 'ASSIGNEE':
      return `tasks of others that are assigned to ${name}, ${of}`;
  }
}
