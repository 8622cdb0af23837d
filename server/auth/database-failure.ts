import type { Database } from '../database/client.ts';

/**
 * The auth library tells of a database that is gone as if the credential were at fault. Where it refuses one,
 * this asks the database itself.
 * @throws the database's own error where it does not answer.
 */
export async function ruleOutDatabaseFailure(db: Database): Promise<void> {
  await db.$queryRaw`/* ruleOutDatabaseFailure */ SELECT 1`;
}
