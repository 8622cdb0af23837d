import type { Transaction } from '../database/transaction.ts';

/**
 * Keeps a conversation's title and messages as they are until the transaction ends.
 * @returns the moment of its next change, later than all before by the database's clock; null where it is gone.
 */
export async function lockConversation(tx: Transaction, id: string): Promise<Date | null> {
  const [row] = await tx.$queryRaw<{ moment: Date }[]>`
    /* lockConversation */
    SELECT greatest(date_trunc('milliseconds', clock_timestamp()), updated_at + interval '1 millisecond') AS moment
    FROM conversations WHERE id = ${id}::uuid FOR UPDATE`;
  return row?.moment ?? null;
}
