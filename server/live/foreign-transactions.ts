import type { Database } from '../database/client.ts';
import type { LogCursor, LogPosition } from '../log/cursor.ts';

/**
 * Removes transactions of other databases in the same PostgreSQL from a cursor's in-flight list. They can be in
 * progress for longer than events are kept, which would make the cursor unusable.
 * @param floor transactions of this database before it have ended.
 */
export async function withoutForeignTransactions(
  db: Database,
  cursor: LogCursor,
  floor: LogPosition,
): Promise<LogCursor> {
  const early = cursor.inFlight?.filter((id) => id < floor.transactionId) ?? [];
  if (early.length === 0) return cursor;
  const [{ isOurs }] = await db.$queryRaw<[{ isOurs: boolean }]>`
    /* withoutForeignTransactions */
    SELECT EXISTS (SELECT FROM events WHERE transaction_id = ANY(${early.map(String)}::bigint[])) AS "isOurs"`;
  if (isOurs) return cursor;
  const inFlight = cursor.inFlight?.filter((id) => id >= floor.transactionId) ?? [];
  return { ...cursor, inFlight, horizon: inFlight[0] ?? null };
}
