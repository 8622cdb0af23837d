import { Prisma } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';

export interface StorageUsage {
  rows: number;
  bytes: number;
}

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
