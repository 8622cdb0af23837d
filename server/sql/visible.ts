import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Person, Viewer } from '../policy.ts';

/** `visible` of the policy where Prisma cannot say the rest of a query. A test holds the two together. */
export const visibleSql = {
  /** For rows of `tasks`, whether under that name or not. */
  task: (viewer: Viewer): Prisma.Sql => Prisma.sql`
    (owner_id = ${viewer.userId}::uuid AND team_id IS NULL
     OR team_id = ANY(${[...viewer.teams.keys()]}::uuid[])
     OR tasks.id = ANY(${[...viewer.sharedTasks.keys()]}::uuid[]))`,

  /** For rows of `messages`. */
  message: (viewer: Person): Prisma.Sql => Prisma.sql`
    conversation_id IN (SELECT conversation_id FROM conversation_participants WHERE user_id = ${viewer.userId}::uuid)`,
};
