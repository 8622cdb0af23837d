import type { Transaction } from '../database/transaction.ts';

/**
 * Keeps teams from being deleted until the transaction ends, but nobody from changing them.
 * @returns those that are there.
 */
export async function holdTeams(tx: Transaction, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx.$queryRaw<{ id: string }[]>`
    /* holdTeams */ SELECT id FROM teams WHERE id = ANY(${ids}::uuid[]) ORDER BY id FOR KEY SHARE`;
  return new Set(rows.map(({ id }) => id));
}
