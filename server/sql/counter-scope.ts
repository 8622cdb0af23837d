import { Prisma } from '../../prisma/generated/client/client.ts';
import { stateOf } from '../log/consumer.ts';
import type { Viewer } from '../policy.ts';
import { factsOfEvents, NO_TEAM } from './task-facts.ts';
import { unseen } from './unseen.ts';

/** The tasks of a team, or those that the viewer owns, that are assigned to the viewer, or either. */
export interface Scope {
  teamId: string | null;
  by: 'owner' | 'assignee' | 'either';
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
  const me = unseen(viewer.actorId, 'uuid');
  const teams = unseen([...viewer.teams.keys()], 'uuid[]');
  // The planner sees these: they tell whether a join with the tasks starts with the shares.
  const own = Prisma.sql`${viewer.actorId}::uuid`;
  const ownTeams = Prisma.sql`${[...viewer.teams.keys()]}::uuid[]`;
  const beyond = (withoutTeam: Prisma.Sql) =>
    Prisma.sql`(team_id IS NULL AND ${withoutTeam} OR team_id <> ALL(${ownTeams}))`;
  if (scope && scope.teamId !== null) {
    const { teamId } = scope;
    const team = unseen(teamId, 'uuid');
    return {
      parts: parts(
        Prisma.sql`kind = 'TEAM' AND of_id = ${team}`,
        { facts: ['team'], id: teamId },
        Prisma.sql`team = ${team}`,
      ),
      seenByShare: Prisma.sql`false`,
      shares: Prisma.sql`EXISTS (SELECT FROM tasks WHERE tasks.id = task_id AND team_id = ${team})`,
    };
  }
  const none = Prisma.raw(`'${NO_TEAM}'`);
  const openToOwner = (team: string) => {
    if (viewer.person.limit) return openToMember(team);
    const id = Prisma.raw(team);
    return Prisma.sql`(${id} IS NULL OR ${id} = ${none} OR ${id} = ANY(${teams})
                       OR NOT EXISTS (SELECT FROM teams WHERE teams.id = ${id}))`;
  };
  const openToMember = (team: string) => {
    const id = Prisma.raw(team);
    return Prisma.sql`(${id} = ANY(${teams}) AND EXISTS (SELECT FROM teams WHERE teams.id = ${id}))`;
  };
  if (!scope) {
    const alone = unseen(viewer.ownId, 'uuid');
    const ofNoTeam = (team: string) => {
      const id = Prisma.raw(team);
      return Prisma.sql`(${id} IS NULL OR ${id} = ${none} OR NOT EXISTS (SELECT FROM teams WHERE teams.id = ${id}))`;
    };
    return {
      parts: parts(
        Prisma.sql`(kind = 'OWNER' AND of_id = ${alone} AND ${ofNoTeam('team_id')}
                    OR kind = 'TEAM' AND of_id = ANY(${teams}) AND EXISTS (SELECT FROM teams WHERE teams.id = of_id))`,
        null,
        Prisma.sql`(owner_id = ${alone} AND ${ofNoTeam('team')} OR ${openToMember('team')})`,
      ),
      seenByShare: beyond(Prisma.sql`owner_id <> ${own}`),
      shares: Prisma.sql`true`,
    };
  }
  const owned = Prisma.sql`owner_id = ${me} AND ${openToOwner('team')}`;
  const assignedByOthers = Prisma.sql`assignee_id = ${me} AND owner_id <> ${me} AND ${openToMember('team')}`;
  const ownedBeyondTeams = Prisma.sql`owner_id = ${own} AND team_id <> ALL(${ownTeams})`;
  const assignedBeyondTeams = Prisma.sql`assignee_id = ${own} AND ${beyond(Prisma.sql`owner_id <> ${own}`)}`;
  switch (scope.by) {
    case 'owner':
      return {
        parts: parts(
          Prisma.sql`kind = 'OWNER' AND of_id = ${me} AND ${openToOwner('team_id')}`,
          { facts: ['owner'], id: viewer.actorId },
          owned,
        ),
        seenByShare: ownedBeyondTeams,
        shares: Prisma.sql`true`,
      };
    case 'assignee':
      return {
        parts: parts(
          Prisma.sql`of_id = ${me} AND (kind = 'SELF' AND ${openToOwner('team_id')}
                                        OR kind = 'ASSIGNEE' AND ${openToMember('team_id')})`,
          { facts: ['assignee'], id: viewer.actorId },
          Prisma.sql`(assignee_id = ${me} AND ${owned} OR ${assignedByOthers})`,
        ),
        seenByShare: assignedBeyondTeams,
        shares: Prisma.sql`EXISTS (SELECT FROM tasks WHERE tasks.id = task_id AND assignee_id = ${me})`,
      };
    case 'either':
      return {
        parts: parts(
          Prisma.sql`of_id = ${me} AND (kind = 'OWNER' AND ${openToOwner('team_id')}
                                        OR kind = 'ASSIGNEE' AND ${openToMember('team_id')})`,
          { facts: ['owner', 'assignee'], id: viewer.actorId },
          Prisma.sql`(${owned} OR ${assignedByOthers})`,
        ),
        seenByShare: Prisma.sql`(${ownedBeyondTeams} OR ${assignedBeyondTeams})`,
        shares: Prisma.sql`true`,
      };
  }
}

/** CTEs like those of `counterScope`, for several teams. */
export function teamCounters(teamIds: readonly string[]): Prisma.Sql {
  const ids = unseen(teamIds, 'uuid[]');
  return parts(Prisma.sql`kind = 'TEAM' AND of_id = ANY(${ids})`, null, Prisma.sql`team = ANY(${ids})`);
}

/** @param about only events with this `id` before or after, in one of the facts, are read from the tail; null for all. */
function parts(
  ofScopes: Prisma.Sql,
  about: { facts: ('owner' | 'assignee' | 'team')[]; id: string } | null,
  ofFacts: Prisma.Sql,
) {
  const compared = about?.facts.flatMap((fact) => [
    `data->'before'->>'${fact}' = (SELECT id FROM subject)`,
    `data->'after'->>'${fact}' = (SELECT id FROM subject)`,
  ]);
  const isAbout = compared && `AND (${compared.join(' OR ')})`;
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
      SELECT id, of_id FROM task_scopes WHERE generation = (SELECT generation FROM state) AND ${ofScopes}
    ), tail AS MATERIALIZED (
      SELECT sign, at, team, status, priority, due_on, created_at, completed_at, started_at, finishes, existed
      FROM (${Prisma.raw(tail)}) AS facts WHERE ${ofFacts}
    )`;
}
