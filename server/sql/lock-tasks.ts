import type { Transaction } from '../database/transaction.ts';

/**
 * Holds the rows of tasks until the transaction ends, in the order of their ids, so that two batches cannot
 * wait for each other. Rows that refer to them can still be added.
 */
export async function lockTasks(tx: Transaction, ids: readonly string[]): Promise<void> {
  await tx.$queryRaw`
    /* lockTasks */ SELECT id FROM tasks WHERE id = ANY(${ids}::uuid[]) ORDER BY id FOR NO KEY UPDATE`;
}
