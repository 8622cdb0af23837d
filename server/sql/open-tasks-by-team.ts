import { Prisma } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';
import { teamCounters } from './counter-scope.ts';
import { isOpen } from './task-facts.ts';

/** The number of open tasks of each team, from the counters and the events that are not counted yet. */
export async function openTasksByTeam(
  db: Database,
  teamIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await run<{ id: string; count: number }>(
    db,
    Prisma.sql`
    /* openTasksByTeam */
    WITH ${teamCounters(teamIds)}
    SELECT id, sum(n)::int AS count FROM (
      SELECT of_id, status, count FROM scopes JOIN task_counts ON scope_id = scopes.id
      UNION ALL SELECT team, status, sign FROM tail
    ) AS each (id, status, n)
    WHERE ${Prisma.raw(isOpen)} GROUP BY id`,
  );
  return new Map(rows.map(({ id, count }) => [id, count]));
}
