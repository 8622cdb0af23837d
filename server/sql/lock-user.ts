import type { Transaction } from '../database/transaction.ts';

/** Holds a person's row until the transaction ends, so that what they may have only so many of is counted one by one. */
export async function lockUser(tx: Transaction, id: string): Promise<void> {
  await tx.$queryRaw`/* lockUser */ SELECT id FROM users WHERE id = ${id}::uuid FOR NO KEY UPDATE`;
}
