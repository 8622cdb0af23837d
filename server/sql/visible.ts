import { Prisma } from '../../prisma/generated/client/client.ts';
import { teamsLedBy, type Person, type Viewer } from '../policy.ts';
import type { Scope } from './counter-scope.ts';
import { UNEXPIRED } from './shares.ts';

/** A viewer's teams, as one parameter whatever their number. */
export function teamsOf({ teams }: Viewer): Prisma.Sql {
  return Prisma.sql`${[...teams.keys()]}::uuid[]`;
}

function unshared(viewer: Viewer): Prisma.Sql {
  return Prisma.sql`(owner_id = ${viewer.userId}::uuid AND team_id IS NULL OR team_id = ANY(${teamsOf(viewer)}))`;
}

/** IS TRUE prevents the index of teams, which contains most tasks. */
function ownOfNoTeam({ userId }: Viewer): Prisma.Sql {
  return Prisma.sql`tasks WHERE owner_id = ${userId}::uuid AND (team_id IS NULL) IS TRUE`;
}

/** Tasks that the viewer sees only by a share. */
function shared(viewer: Viewer): Prisma.Sql {
  return Prisma.sql`task_shares JOIN tasks ON tasks.id = task_id
    WHERE shared_with_id = ${viewer.userId}::uuid AND ${UNEXPIRED} AND ${unshared(viewer)} IS NOT TRUE`;
}

/** `visible` of the policy where Prisma cannot express the rest of a query. A test compares the two. */
export const visibleSql = {
  task: (viewer: Viewer): Prisma.Sql => Prisma.sql`
    (${unshared(viewer)}
     OR EXISTS (SELECT FROM task_shares
                WHERE task_id = tasks.id AND shared_with_id = ${viewer.userId}::uuid AND ${UNEXPIRED}))`,

  tasks: (viewer: Viewer): Prisma.Sql => Prisma.sql`
    (SELECT tasks.* FROM ${ownOfNoTeam(viewer)}
     UNION ALL SELECT tasks.* FROM tasks WHERE team_id = ANY(${teamsOf(viewer)})
     UNION ALL SELECT tasks.* FROM ${shared(viewer)})`,

  /**
   * The same tasks in parts, which PostgreSQL reads in the order of a page, each from an index, until the limit.
   * @param rest further conditions, order and limit.
   */
  partsOfTasks: (viewer: Viewer, rest: Prisma.Sql): Prisma.Sql[] => [
    Prisma.sql`${ownOfNoTeam(viewer)} AND ${rest}`,
    Prisma.sql`unnest(${teamsOf(viewer)}) AS team (id)
      CROSS JOIN LATERAL (SELECT * FROM tasks WHERE team_id = team.id AND ${rest}) AS tasks`,
    Prisma.sql`${shared(viewer)} AND ${rest}`,
  ],

  /**
   * The visible tasks of a scope, as a table that PostgreSQL reads in index order. OFFSET makes it look up shares only for
   * tasks that need one.
   */
  tasksIn: (viewer: Viewer, { teamId, assigned }: Scope): Prisma.Sql =>
    teamId !== null
      ? Prisma.sql`(SELECT * FROM tasks WHERE team_id = ${teamId}::uuid AND team_id = ANY(${teamsOf(viewer)}))`
      : Prisma.sql`
    (SELECT * FROM tasks
     WHERE ${Prisma.raw(assigned ? 'assignee_id' : 'owner_id')} = ${viewer.userId}::uuid
       AND (${unshared(viewer)}
            OR EXISTS (SELECT FROM task_shares
                       WHERE task_id = tasks.id AND shared_with_id = ${viewer.userId}::uuid AND ${UNEXPIRED} OFFSET 0)))`,

  /** Null without an active share. */
  share: (viewer: Viewer): Prisma.Sql => Prisma.sql`
    (SELECT permission::text FROM task_shares
     WHERE task_id = found.id AND shared_with_id = ${viewer.userId}::uuid AND ${UNEXPIRED})`,

  /** OFFSET makes PostgreSQL look up each person by an index, instead of building a table of all visible people. */
  user: (viewer: Viewer): Prisma.Sql => Prisma.sql`
    (users.id = ${viewer.userId}::uuid
     OR EXISTS (SELECT FROM memberships
                WHERE user_id = users.id AND team_id = ANY(${teamsOf(viewer)}) OFFSET 0)
     OR EXISTS (SELECT FROM conversation_participants AS others
                JOIN conversation_participants AS own USING (conversation_id)
                WHERE others.user_id = users.id AND own.user_id = ${viewer.userId}::uuid OFFSET 0)
     OR EXISTS (SELECT FROM conversation_leavers AS leaver
                JOIN conversation_participants AS own USING (conversation_id)
                WHERE leaver.user_id = users.id AND own.user_id = ${viewer.userId}::uuid OFFSET 0)
     OR EXISTS (SELECT FROM task_shares JOIN tasks ON tasks.id = task_id
                WHERE (shared_with_id = users.id OR shared_by_id = users.id) AND ${UNEXPIRED}
                  AND (shared_with_id = ${viewer.userId}::uuid OR ${unshared(viewer)}) OFFSET 0)
     OR EXISTS (SELECT FROM team_invitations AS invitation
                WHERE invited_by_id = users.id AND expires_at > now()
                  AND (invitation.email = ${viewer.verifiedEmail} OR team_id = ANY(${teamsLedBy(viewer)}::uuid[])) OFFSET 0)
     OR EXISTS (SELECT FROM tasks
                WHERE (owner_id = users.id OR assignee_id = users.id) AND ${visibleSql.task(viewer)} OFFSET 0)
     OR EXISTS (SELECT FROM comments JOIN tasks ON tasks.id = task_id
                WHERE author_id = users.id AND ${visibleSql.task(viewer)} OFFSET 0))`,

  message: (viewer: Person): Prisma.Sql => Prisma.sql`
    conversation_id IN (SELECT conversation_id FROM conversation_participants WHERE user_id = ${viewer.userId}::uuid)`,
};
