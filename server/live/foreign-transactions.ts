import type { Database } from '../database/client.ts';
import type { Mark, Position } from '../log/cursor.ts';

/**
 * A mark without those of its transactions under way that wrote to other databases of the same PostgreSQL, as far as
 * that matters: one of these can go on for longer than the log is kept in memory, and no mark could be resumed from.
 * @param floor where that begins: transactions of this database from before it have ended.
 */
export async function withoutStrangers(db: Database, mark: Mark, floor: Position): Promise<Mark> {
  const early = mark.underWay?.filter((id) => id < floor.transactionId) ?? [];
  if (early.length === 0) return mark;
  const [{ isOurs }] = await db.$queryRaw<[{ isOurs: boolean }]>`
    /* withoutStrangers */
    SELECT EXISTS (SELECT FROM events WHERE transaction_id = ANY(${early.map(String)}::bigint[])) AS "isOurs"`;
  if (isOurs) return mark;
  const underWay = mark.underWay?.filter((id) => id >= floor.transactionId) ?? [];
  return { ...mark, underWay, horizon: underWay[0] ?? null };
}
