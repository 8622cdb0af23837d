import type { Database } from '../database/client.ts';
import type { Transaction } from '../database/transaction.ts';
import type { Person } from '../policy.ts';

/** Which of some people block a person. The person must not learn it from what is done then. */
export async function blockersOf(
  db: Database | Transaction,
  { userId }: Pick<Person, 'userId'>,
  among: readonly string[],
): Promise<Set<string>> {
  const where = { blockerId: { in: [...among] }, blockedId: userId };
  const blocks = await db.block.findMany({ where, select: { blockerId: true } });
  return new Set(blocks.map(({ blockerId }) => blockerId));
}
