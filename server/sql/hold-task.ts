import type { Transaction } from '../database/transaction.ts';

/** Keeps a task from being deleted until the transaction ends, but nobody from changing it. */
export async function holdTask(tx: Transaction, id: string): Promise<void> {
  await tx.$queryRaw`/* holdTask */ SELECT id FROM tasks WHERE id = ${id}::uuid FOR KEY SHARE`;
}
