import { Prisma } from '../../prisma/generated/client/client.ts';

/**
 * A parameter that the planner does not look at, so that PostgreSQL keeps one plan of a prepared statement. If the value
 * changes its estimates, it plans each execution again, which can take longer than the execution.
 */
export function unseen(value: string | readonly string[], type: 'uuid' | 'uuid[]'): Prisma.Sql {
  const as = Prisma.raw(type);
  return Prisma.sql`(SELECT ${value}::${as})::${as}`;
}
