import { Prisma } from '../../prisma/generated/client/client.ts';
import { teamsLedBy, type Viewer } from '../policy.ts';
import type { Scope } from './counter-scope.ts';
import { UNEXPIRED } from './shares.ts';

/** A viewer's teams, as one parameter whatever their number. */
export function teamsOf({ teams }: Viewer): Prisma.Sql {
  return Prisma.sql`${[...teams.keys()]}::uuid[]`;
}

function placesOf({ ownId, teams }: Viewer): Prisma.Sql {
  return Prisma.sql`${[ownId, ...teams.keys()]}::uuid[]`;
}

function hasShare({ ownId }: Viewer): Prisma.Sql {
  return Prisma.sql`EXISTS (SELECT FROM task_shares
                            WHERE task_id = tasks.id AND shared_with_id = ${ownId}::uuid AND ${UNEXPIRED} OFFSET 0)`;
}

/** Tasks with a condition that an index starts with, and others. */
interface PartOfScope {
  key: Prisma.Sql;
  filters: Prisma.Sql[];
  /** That no earlier part has the task. */
  isNew?: Prisma.Sql;
}

/** `visible` of the policy where Prisma cannot express the rest of a query. A test compares the two. */
export const visibleSql = {
  /** OFFSET makes PostgreSQL look up shares only for tasks that need one. */
  task: (viewer: Viewer): Prisma.Sql =>
    Prisma.sql`(place_id = ANY(${placesOf(viewer)}) OR ${hasShare(viewer)})`,

  /** The visible tasks: all, those of a scope, or some by id. */
  tasks: (viewer: Viewer, scope: Scope | null = null, ids: readonly string[] | null = null): Prisma.Sql => {
    if (ids) {
      // OFFSET makes PostgreSQL read these before it looks at other conditions.
      return Prisma.sql`(SELECT * FROM tasks WHERE id = ANY(${ids}::uuid[]) AND ${visibleSql.task(viewer)} OFFSET 0)`;
    }
    if (scope) {
      const parts = visibleSql.partsOf(viewer, scope).map(({ key, filters, isNew }) => {
        const conditions = [key, ...filters, ...(isNew ? [isNew] : [])];
        return Prisma.sql`SELECT * FROM tasks WHERE ${Prisma.join(conditions, ' AND ')}`;
      });
      return Prisma.sql`(${Prisma.join(parts, ' UNION ALL ')})`;
    }
    const { from, key, isLive, isOnly } = visibleSql.received(viewer);
    return Prisma.sql`
    (SELECT tasks.* FROM tasks WHERE place_id = ANY(${placesOf(viewer)})
     UNION ALL SELECT tasks.* FROM ${from} WHERE ${key} AND ${isLive} AND ${isOnly})`;
  },

  /** The values of `place_id` of tasks that the viewer sees without a share: the viewer and their teams. */
  places: placesOf,

  /** Tasks that the viewer sees by a share, as a FROM clause; conditions: one for an index, and that no team or owner does. */
  received: (
    viewer: Viewer,
    places = placesOf(viewer),
  ): { from: Prisma.Sql; key: Prisma.Sql; isLive: Prisma.Sql; isOnly: Prisma.Sql } => ({
    from: Prisma.sql`task_shares JOIN tasks ON tasks.id = task_id`,
    key: Prisma.sql`shared_with_id = ${viewer.ownId}::uuid`,
    isLive: UNEXPIRED,
    isOnly: Prisma.sql`place_id <> ALL(${places})`,
  }),

  /** The visible tasks of a scope, in parts. */
  partsOf: (viewer: Viewer, { teamId, by }: Scope): PartOfScope[] => {
    if (teamId !== null) {
      const team = Prisma.sql`${teamId}::uuid`;
      return [{ key: Prisma.sql`place_id = ${team} AND ${team} = ANY(${teamsOf(viewer)})`, filters: [] }];
    }
    const me = Prisma.sql`${viewer.actorId}::uuid`;
    const isVisible = visibleSql.task(viewer);
    const owned = { key: Prisma.sql`owner_id = ${me}`, filters: [isVisible] };
    const assigned = { key: Prisma.sql`assignee_id = ${me}`, filters: [isVisible] };
    if (by === 'owner') return [owned];
    if (by === 'assignee') return [assigned];
    return [owned, { ...assigned, isNew: Prisma.sql`owner_id <> ${me}` }];
  },

  /** Null without an active share. */
  share: (viewer: Viewer): Prisma.Sql => Prisma.sql`
    (SELECT permission::text FROM task_shares
     WHERE task_id = found.id AND shared_with_id = ${viewer.ownId}::uuid AND ${UNEXPIRED})`,

  /** OFFSET makes PostgreSQL look up each person by an index, instead of building a table of all visible people. */
  user: (viewer: Viewer): Prisma.Sql => Prisma.sql`
    (users.id = ${viewer.actorId}::uuid
     OR EXISTS (SELECT FROM memberships
                WHERE user_id = users.id AND team_id = ANY(${teamsOf(viewer)}) OFFSET 0)
     OR EXISTS (SELECT FROM conversation_participants AS others
                JOIN conversation_participants AS own USING (conversation_id)
                WHERE others.user_id = users.id AND own.user_id = ${viewer.ownId}::uuid OFFSET 0)
     OR EXISTS (SELECT FROM conversation_leavers AS leaver
                JOIN conversation_participants AS own USING (conversation_id)
                WHERE leaver.user_id = users.id AND own.user_id = ${viewer.ownId}::uuid OFFSET 0)
     OR EXISTS (SELECT FROM task_shares JOIN tasks ON tasks.id = task_id
                WHERE (shared_with_id = users.id OR shared_by_id = users.id) AND ${UNEXPIRED}
                  AND (shared_with_id = ${viewer.ownId}::uuid OR place_id = ANY(${placesOf(viewer)})) OFFSET 0)
     OR EXISTS (SELECT FROM team_invitations AS invitation
                WHERE invited_by_id = users.id AND expires_at > now()
                  AND (invitation.email = ${viewer.verifiedEmail} OR team_id = ANY(${teamsLedBy(viewer)}::uuid[])) OFFSET 0)
     OR EXISTS (SELECT FROM tasks
                WHERE (owner_id = users.id OR assignee_id = users.id) AND ${visibleSql.task(viewer)} OFFSET 0)
     OR EXISTS (SELECT FROM comments JOIN tasks ON tasks.id = task_id
                WHERE author_id = users.id AND ${visibleSql.task(viewer)} OFFSET 0))`,

  message: (viewer: Viewer): Prisma.Sql => Prisma.sql`
    conversation_id IN (SELECT conversation_id FROM conversation_participants WHERE user_id = ${viewer.ownId}::uuid)`,
};
