import { Prisma } from '../../prisma/generated/client/client.ts';
import { teamsLedBy, type Person, type Viewer } from '../policy.ts';

/** `visible` of the policy where Prisma cannot say the rest of a query. A test holds the two together. */
export const visibleSql = {
  /** For rows of `tasks`, whether under that name or not. */
  task: (viewer: Viewer): Prisma.Sql => Prisma.sql`
    (owner_id = ${viewer.userId}::uuid AND team_id IS NULL
     OR team_id = ANY(${[...viewer.teams.keys()]}::uuid[])
     OR tasks.id = ANY(${[...viewer.sharedTasks.keys()]}::uuid[]))`,

  /**
   * For rows of `users`. By OFFSET PostgreSQL looks for each person by an index, rather than making a table of
   * everybody whom the viewer sees.
   */
  user: (viewer: Viewer): Prisma.Sql => Prisma.sql`
    (users.id = ${viewer.userId}::uuid
     OR EXISTS (SELECT FROM memberships
                WHERE user_id = users.id AND team_id = ANY(${[...viewer.teams.keys()]}::uuid[]) OFFSET 0)
     OR EXISTS (SELECT FROM conversation_participants AS theirs
                JOIN conversation_participants AS own USING (conversation_id)
                WHERE theirs.user_id = users.id AND own.user_id = ${viewer.userId}::uuid OFFSET 0)
     OR EXISTS (SELECT FROM task_shares JOIN tasks ON tasks.id = task_id
                WHERE (shared_with_id = users.id OR shared_by_id = users.id)
                  AND (expires_at IS NULL OR expires_at > now())
                  AND (shared_with_id = ${viewer.userId}::uuid
                       OR owner_id = ${viewer.userId}::uuid AND team_id IS NULL
                       OR team_id = ANY(${[...viewer.teams.keys()]}::uuid[])) OFFSET 0)
     OR EXISTS (SELECT FROM team_invitations AS invitation
                WHERE invited_by_id = users.id AND expires_at > now()
                  AND (invitation.email = ${viewer.email} OR team_id = ANY(${teamsLedBy(viewer)}::uuid[])) OFFSET 0)
     OR EXISTS (SELECT FROM tasks
                WHERE (owner_id = users.id OR assignee_id = users.id) AND ${visibleSql.task(viewer)} OFFSET 0)
     OR EXISTS (SELECT FROM comments JOIN tasks ON tasks.id = task_id
                WHERE author_id = users.id AND ${visibleSql.task(viewer)} OFFSET 0))`,

  /** For rows of `messages`. */
  message: (viewer: Person): Prisma.Sql => Prisma.sql`
    conversation_id IN (SELECT conversation_id FROM conversation_participants WHERE user_id = ${viewer.userId}::uuid)`,
};
