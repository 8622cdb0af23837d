import { Prisma } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';

/** What a person stores. */
export interface StorageUsage {
  /** Tasks, comments, conversations, messages, memberships, shares, invitations and API tokens. */
  rows: number;
  /** Their text in UTF-8. */
  bytes: number;
}

/** What a person stores at this moment: what is folded, and the few changes that are not yet. */
export async function storageUsageOf(db: Database, userId: string): Promise<StorageUsage> {
  const [usage] = await run<{ rows: string; bytes: string }>(
    db,
    Prisma.sql`
      /* storageUsageOf */
      SELECT coalesce(sum(rows), 0)::bigint AS rows, coalesce(sum(bytes), 0)::bigint AS bytes FROM (
        SELECT rows, bytes FROM storage_usage WHERE user_id = ${userId}::uuid
        UNION ALL
        SELECT rows, bytes FROM storage_changes WHERE user_id = ${userId}::uuid
      ) AS stored`,
  );
  return { rows: Number(usage?.rows ?? 0), bytes: Number(usage?.bytes ?? 0) };
}
