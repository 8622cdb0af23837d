import { Prisma } from '../../prisma/generated/client/client.ts';
import { stateOf } from '../log/consumer.ts';
import type { Viewer } from '../policy.ts';
import { factsOfEvents, NO_TEAM } from './task-facts.ts';

/** The tasks of a team, assigned to the viewer, or owned by the viewer. */
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

/** @param scope null for all tasks that the viewer sees. */
export function counterScope(viewer: Viewer, scope: Scope | null): CounterScope {
  const me = Prisma.sql`${viewer.userId}::uuid`;
  const teams = Prisma.sql`${[...viewer.teams.keys()]}::uuid[]`;
  if (scope && scope.teamId !== null) {
    const { teamId } = scope;
    const team = Prisma.sql`${teamId}::uuid`;
    return {
      parts: parts(
        Prisma.sql`kind = 'TEAM' AND of_id = ${team}`,
        { fact: 'team', id: teamId },
        Prisma.sql`team = ${team}`,
      ),
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
  if (!scope) {
    const ofNoTeam = (team: string) => {
      const id = Prisma.raw(team);
      return Prisma.sql`(${id} IS NULL OR ${id} = ${none} OR NOT EXISTS (SELECT FROM teams WHERE teams.id = ${id}))`;
    };
    return {
      parts: parts(
        Prisma.sql`(kind = 'OWNER' AND of_id = ${me} AND ${ofNoTeam('team_id')}
                    OR kind = 'TEAM' AND of_id = ANY(${teams}) AND EXISTS (SELECT FROM teams WHERE teams.id = of_id))`,
        null,
        Prisma.sql`(owner_id = ${me} AND ${ofNoTeam('team')} OR ${openToMember('team')})`,
      ),
      seenByShare: Prisma.sql`(team_id IS NULL AND owner_id <> ${me} OR team_id <> ALL(${teams}))`,
      shares: Prisma.sql`true`,
    };
  }
  if (scope.assigned) {
    return {
      parts: parts(
        Prisma.sql`of_id = ${me} AND (kind = 'SELF' AND ${openToOwner('team_id')}
                                      OR kind = 'ASSIGNEE' AND ${openToMember('team_id')})`,
        { fact: 'assignee', id: viewer.userId },
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
      { fact: 'owner', id: viewer.userId },
      Prisma.sql`owner_id = ${me} AND ${openToOwner('team')}`,
    ),
    seenByShare: Prisma.sql`owner_id = ${me} AND team_id <> ALL(${teams})`,
    shares: Prisma.sql`true`,
  };
}

/** @param about only events with this `id` before or after are read from the tail; null for all. */
function parts(
  ofScopes: Prisma.Sql,
  about: { fact: 'owner' | 'assignee' | 'team'; id: string } | null,
  ofFacts: Prisma.Sql,
) {
  const isAbout =
    about &&
    `AND (data->'before'->>'${about.fact}' = (SELECT id FROM subject)
          OR data->'after'->>'${about.fact}' = (SELECT id FROM subject))`;
  // Without an upper bound, PostgreSQL estimates the tail as a third of the log.
  const tail = factsOfEvents(
    `events.transaction_id BETWEEN (SELECT low FROM state) AND (SELECT high FROM state)
     ${isAbout ?? ''}`,
  );
  return Prisma.sql`
    state AS MATERIALIZED (
      SELECT generation, transaction_id AS low, pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS high
      FROM ${Prisma.raw(stateOf('task_counters'))}
    ), subject AS (
      SELECT ${about?.id ?? null}::text AS id
    ), scopes AS MATERIALIZED (
      SELECT id FROM task_scopes WHERE generation = (SELECT generation FROM state) AND ${ofScopes}
    ), tail AS MATERIALIZED (
      SELECT sign, at, status, priority, due_on, created_at, completed_at, started_at, finishes, existed
      FROM (${Prisma.raw(tail)}) AS facts WHERE ${ofFacts}
    )`;
}
