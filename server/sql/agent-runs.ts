import { Prisma } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';

/** Limits the cost of a count. */
export const MOST_COUNTED = 1_000;

export interface RunExtent {
  /** Null without events. */
  lastAt: Date | null;
  /** At most one more than `MOST_COUNTED`. */
  events: number;
}

export async function extentsOf(db: Database, ids: readonly string[]): Promise<Map<string, RunExtent>> {
  const rows = await run<RunExtent & { id: string }>(
    db,
    Prisma.sql`
      /* extentsOfRuns */
      SELECT id, (SELECT at FROM events WHERE run_id = id ORDER BY sequence DESC LIMIT 1) AS "lastAt",
             (SELECT count(*)::int FROM (SELECT FROM events WHERE run_id = id LIMIT ${MOST_COUNTED + 1}) AS counted) AS events
      FROM unnest(${ids}::uuid[]) AS id`,
  );
  return new Map(rows.map(({ id, ...extent }) => [id, extent]));
}
