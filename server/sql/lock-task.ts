import type { Transaction } from '../database/transaction.ts';

/** Holds a task's row until the transaction ends; rows that refer to it can still be added. */
export async function lockTask(tx: Transaction, id: string): Promise<void> {
  await tx.$queryRaw`/* lockTask */ SELECT id FROM tasks WHERE id = ${id}::uuid FOR NO KEY UPDATE`;
}
