import { Prisma } from '../../prisma/generated/client/client.ts';
import { stateOf } from '../log/consumer.ts';
import type { Viewer } from '../policy.ts';
import { factsOfEvents, NO_TEAM } from './task-facts.ts';

/** Exactly one of: a team's tasks, tasks assigned to the viewer, or the viewer's own tasks. */
export interface Scope {
  teamId: string | null;
  assigned: boolean;
}

export interface CounterScope {
  /** CTEs: `state`, `scopes` of the counters, and `tail`, the facts not counted yet. */
  parts: Prisma.Sql;
  /** Condition on `tasks`: in the scope, but visible only through a share. */
  seenByShare: Prisma.Sql;
  shares: Prisma.Sql;
}

export function counterScope(viewer: Viewer, { teamId, assigned }: Scope): CounterScope {
  const me = Prisma.sql`${viewer.userId}::uuid`;
  const teams = Prisma.sql`${[...viewer.teams.keys()]}::uuid[]`;
  if (teamId !== null) {
    const team = Prisma.sql`${teamId}::uuid`;
    return {
      parts: parts(Prisma.sql`kind = 'TEAM' AND of_id = ${team}`, 'team', teamId, Prisma.sql`team = ${team}`),
      seenByShare: Prisma.sql`false`,
      shares: Prisma.sql`EXISTS (SELECT FROM tasks WHERE tasks.id = task_id AND team_id = ${team})`,
    };
  }
  const none = Prisma.raw(`'${NO_TEAM}'`);
  const openToOwner = (team: string) => {
    const id = Prisma.raw(team);
    return Prisma.sql`(${id} IS NULL OR ${id} = ${none} OR ${id} = ANY(${teams})
                       OR NOT EXISTS (SELECT FROM teams WHERE teams.id = ${id}))`;
  };
  const openToMember = (team: string) => {
    const id = Prisma.raw(team);
    return Prisma.sql`(${id} = ANY(${teams}) AND EXISTS (SELECT FROM teams WHERE teams.id = ${id}))`;
  };
  if (assigned) {
    return {
      parts: parts(
        Prisma.sql`of_id = ${me} AND (kind = 'SELF' AND ${openToOwner('team_id')}
                                      OR kind = 'ASSIGNEE' AND ${openToMember('team_id')})`,
        'assignee',
        viewer.userId,
        Prisma.sql`assignee_id = ${me} AND (owner_id = ${me} AND ${openToOwner('team')}
                                            OR owner_id <> ${me} AND ${openToMember('team')})`,
      ),
      seenByShare: Prisma.sql`assignee_id = ${me} AND (team_id IS NULL AND owner_id <> ${me}
                                                       OR team_id <> ALL(${teams}))`,
      shares: Prisma.sql`EXISTS (SELECT FROM tasks WHERE tasks.id = task_id AND assignee_id = ${me})`,
    };
  }
  return {
    parts: parts(
      Prisma.sql`kind = 'OWNER' AND of_id = ${me} AND ${openToOwner('team_id')}`,
      'owner',
      viewer.userId,
      Prisma.sql`owner_id = ${me} AND ${openToOwner('team')}`,
    ),
    seenByShare: Prisma.sql`owner_id = ${me} AND team_id <> ALL(${teams})`,
    shares: Prisma.sql`true`,
  };
}

/** @param fact only events with this `id` before or after are read from the tail. */
function parts(ofScopes: Prisma.Sql, fact: 'owner' | 'assignee' | 'team', id: string, ofFacts: Prisma.Sql) {
  // Without an upper bound, PostgreSQL estimates the tail as a third of the log.
  const tail = factsOfEvents(
    `events.transaction_id BETWEEN (SELECT low FROM state) AND (SELECT high FROM state)
     AND (data->'before'->>'${fact}' = (SELECT id FROM subject) OR data->'after'->>'${fact}' = (SELECT id FROM subject))`,
  );
  return Prisma.sql`
    state AS MATERIALIZED (
      SELECT generation, transaction_id AS low, pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS high
      FROM ${Prisma.raw(stateOf('task_counters'))}
    ), subject AS (
      SELECT ${id} AS id
    ), scopes AS MATERIALIZED (
      SELECT id FROM task_scopes WHERE generation = (SELECT generation FROM state) AND ${ofScopes}
    ), tail AS MATERIALIZED (
      SELECT sign, at, status, priority, due_on, created_at, completed_at, started_at, finishes, existed
      FROM (${Prisma.raw(tail)}) AS facts WHERE ${ofFacts}
    )`;
}
