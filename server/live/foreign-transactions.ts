import type { Database } from '../database/client.ts';
import type { LogCursor, LogPosition } from '../log/cursor.ts';

/**
 * A mark without those of its transactions under way that wrote to other databases of the same PostgreSQL, as far as
 * that matters: one of these can go on for longer than the log is kept in memory, and no mark could be resumed from.
 * @param floor where that begins: transactions of this database from before it have ended.
 */
export async function withoutForeignTransactions(
  db: Database,
  mark: LogCursor,
  floor: LogPosition,
): Promise<LogCursor> {
  const early = mark.inFlight?.filter((id) => id < floor.transactionId) ?? [];
  if (early.length === 0) return mark;
  const [{ isOurs }] = await db.$queryRaw<[{ isOurs: boolean }]>`
    /* withoutForeignTransactions */
    SELECT EXISTS (SELECT FROM events WHERE transaction_id = ANY(${early.map(String)}::bigint[])) AS "isOurs"`;
  if (isOurs) return mark;
  const inFlight = mark.inFlight?.filter((id) => id >= floor.transactionId) ?? [];
  return { ...mark, inFlight, horizon: inFlight[0] ?? null };
}
