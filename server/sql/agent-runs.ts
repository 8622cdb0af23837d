import { Prisma } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';
import type { Transaction } from '../database/transaction.ts';
import { conditionOf } from './columns.ts';
import { eventColumns } from './tables.ts';

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

interface WantedOfRuns {
  where: Prisma.EventWhereInput;
  oldestFirst: boolean;
  limit: number;
}

/** The sequences of the first matching events of each run, in order. */
export async function findRunEvents(
  db: Database,
  ids: readonly string[],
  { where, oldestFirst, limit }: WantedOfRuns,
): Promise<Map<string, bigint[]>> {
  const order = Prisma.raw(oldestFirst ? 'ASC' : 'DESC');
  const rows = await db.$queryRaw<{ run: string; sequence: bigint }[]>`
    /* findRunEvents */
    SELECT run, found.sequence FROM unnest(${ids}::uuid[]) AS run
    CROSS JOIN LATERAL (
      SELECT sequence FROM events WHERE run_id = run AND ${matching(where)} ORDER BY sequence ${order} LIMIT ${limit}) AS found
    ORDER BY run, sequence ${order}`;
  const byRun = Map.groupBy(rows, ({ run }) => run);
  return new Map([...byRun].map(([run, found]) => [run, found.map(({ sequence }) => sequence)]));
}

/** At most one more than `MOST_COUNTED` for each run. */
export async function countRunEvents(
  db: Database,
  ids: readonly string[],
  where: Prisma.EventWhereInput,
): Promise<Map<string, number>> {
  const rows = await db.$queryRaw<{ run: string; count: number }[]>`
    /* countRunEvents */
    SELECT run, (
      SELECT count(*)::int
      FROM (SELECT FROM events WHERE run_id = run AND ${matching(where)} LIMIT ${MOST_COUNTED + 1}) AS counted) AS count
    FROM unnest(${ids}::uuid[]) AS run`;
  return new Map(rows.map(({ run, count }) => [run, count]));
}

function matching(where: Prisma.EventWhereInput): Prisma.Sql {
  const condition = conditionOf(eventColumns, where);
  if (!condition) throw new TypeError('Events cannot be filtered by this condition');
  return condition;
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
