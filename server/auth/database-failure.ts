import type { Database } from '../database/client.ts';

/** Throws if the database is unavailable, which the auth library reports as an invalid credential. */
export async function ruleOutDatabaseFailure(db: Database): Promise<void> {
  await db.$queryRaw`/* ruleOutDatabaseFailure */ SELECT 1`;
}
