import { Prisma, type SharePermission } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';
import { Batcher } from '../database/batcher.ts';

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
