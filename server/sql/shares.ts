import { Prisma, type SharePermission } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';
import { Batcher } from '../database/batcher.ts';
import type { Transaction } from '../database/transaction.ts';

export const UNEXPIRED = Prisma.sql`(expires_at IS NULL OR expires_at > now())`;

interface Wanted {
  userId: string;
  taskId: string;
}

interface Row extends Wanted {
  permission: SharePermission;
}

const MOST_IN_ONE = 1_000;

const lookups = new WeakMap<Database, Batcher<Wanted, SharePermission | null>>();

/** Null without an active share. Concurrent lookups, also for other people, are batched. */
export function shareOf(db: Database, userId: string, taskId: string): Promise<SharePermission | null> {
  const lookup = lookups.get(db) ?? new Batcher((wanted) => lookUp(db, wanted), MOST_IN_ONE);
  lookups.set(db, lookup);
  return lookup.add({ userId, taskId });
}

async function lookUp(db: Database, wanted: Wanted[]): Promise<(SharePermission | null)[]> {
  const rows = await run<Row>(
    db,
    Prisma.sql`
    /* sharesOf */
    SELECT task_id AS "taskId", shared_with_id AS "userId", permission
    FROM unnest(${wanted.map(({ taskId }) => taskId)}::uuid[], ${wanted.map(({ userId }) => userId)}::uuid[])
           AS wanted (task, person)
    JOIN task_shares ON task_id = wanted.task AND shared_with_id = wanted.person
    WHERE ${UNEXPIRED}`,
  );
  const found = new Map(rows.map((row) => [keyOf(row), row.permission]));
  return wanted.map((one) => found.get(keyOf(one)) ?? null);
}

function keyOf({ userId, taskId }: Wanted): string {
  return `${taskId} ${userId}`;
}

/** The people with an active share of some tasks, at most `most` of each task. */
export async function receiversOfTasks(
  tx: Transaction,
  taskIds: readonly string[],
  most: number,
): Promise<ReadonlyMap<string, string[]>> {
  const rows = await tx.$queryRaw<{ id: string; receivers: string[] }[]>`
    /* receiversOfTasks */
    SELECT id, array_agg(shared_with_id)::text[] AS receivers FROM unnest(${taskIds}::uuid[]) AS task (id)
    CROSS JOIN LATERAL (SELECT shared_with_id FROM task_shares WHERE task_id = task.id AND ${UNEXPIRED} LIMIT ${most}) AS share
    GROUP BY id`;
  return new Map(rows.map(({ id, receivers }) => [id, receivers]));
}
