import { Prisma } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';
import type { Transaction } from '../database/transaction.ts';

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

/**
 * Which of some objects have events that are not of the run, and later than its first one about them. For tasks, also
 * those of comments and shares.
 */
export async function builtOn(
  tx: Transaction,
  runId: string,
  ids: readonly string[],
  except: readonly string[] = [],
): Promise<Set<string>> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    /* builtOn */
    SELECT id FROM unnest(${ids}::uuid[]) AS id
    CROSS JOIN LATERAL (
      SELECT sequence FROM events WHERE run_id = ${runId}::uuid AND subject_id = id ORDER BY sequence LIMIT 1) AS first
    WHERE EXISTS (
        SELECT FROM events WHERE subject_id = id AND events.sequence > first.sequence
          AND run_id IS DISTINCT FROM ${runId}::uuid AND kind <> 'access.refused' AND kind <> ALL(${except}::text[]))
      OR EXISTS (
        SELECT FROM events WHERE data->>'taskId' = id::text AND events.sequence > first.sequence
          AND run_id IS DISTINCT FROM ${runId}::uuid AND kind <> ALL(${except}::text[]))`;
  return new Set(rows.map(({ id }) => id));
}

/** Which of some tasks have subtasks that the run neither created nor put there. */
export async function parentsOfOthers(
  tx: Transaction,
  runId: string,
  created: readonly string[],
): Promise<Set<string>> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    /* parentsOfOthers */
    SELECT parent AS id FROM unnest(${created}::uuid[]) AS parent
    WHERE EXISTS (
      SELECT FROM tasks WHERE parent_id = parent AND tasks.id <> ALL(${created}::uuid[])
        AND NOT EXISTS (
          SELECT FROM run_changes
          WHERE run_id = ${runId}::uuid AND task_id = tasks.id AND after->>'parentId' = parent_id::text))`;
  return new Set(rows.map(({ id }) => id));
}
