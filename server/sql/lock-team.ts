import type { Transaction } from '../database/transaction.ts';

/**
 * Holds a team's row until the transaction ends, so that its members change one after the other. Tasks can still be
 * added to it.
 * @returns whether the team is there.
 */
export async function lockTeam(tx: Transaction, id: string): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    /* lockTeam */ SELECT 1 FROM teams WHERE id = ${id}::uuid FOR NO KEY UPDATE`;
  return rows.length > 0;
}
