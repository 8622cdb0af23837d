import type { Transaction } from '../database/transaction.ts';

/** Half of an advisory lock that nothing else takes. */
const HIERARCHY = 0x7461_736b;

/** Keeps two changes of parents from closing a circle together. */
export async function lockHierarchy(tx: Transaction): Promise<void> {
  await tx.$queryRaw`/* lockHierarchy */ SELECT pg_advisory_xact_lock(${HIERARCHY})::text`;
}

/** A task and those above it, the nearest first, `deepest` at most. */
export async function ancestorsOf(tx: Transaction, id: string, deepest: number): Promise<string[]> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    /* ancestorsOf */
    WITH RECURSIVE above AS (
      SELECT id, parent_id, 1 AS depth FROM tasks WHERE id = ${id}::uuid
      UNION ALL
      SELECT tasks.id, tasks.parent_id, depth + 1
      FROM tasks JOIN above ON tasks.id = above.parent_id WHERE depth < ${deepest}
    )
    SELECT id FROM above ORDER BY depth`;
  return rows.map((row) => row.id);
}
