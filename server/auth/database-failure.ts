import type { Database } from '../database/client.ts';

/**
 * The auth library reports an unavailable database as an invalid credential.
 * @throws the database error if it is unavailable.
 */
export async function ruleOutDatabaseFailure(db: Database): Promise<void> {
  await db.$queryRaw`/* ruleOutDatabaseFailure */ SELECT 1`;
}
