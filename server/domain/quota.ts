import { LRUCache } from 'lru-cache';
import { BOUNDS, keep } from '../bounds.ts';
import type { Database } from '../database/client.ts';
import { databaseOf } from '../database/transaction.ts';
import { QuotaExceeded } from '../errors.ts';
import type { Person } from '../policy.ts';
import { storageUsageOf, type StorageUsage } from '../sql/storage-usage.ts';

/** Limits per person; 0 means no limit. */
export type StorageQuota = StorageUsage;

const MEGABYTE = 1024 * 1024;

const FRESH_MS = 1_000;

class KnownUsage {
  readonly quota: StorageQuota;
  readonly #usage: LRUCache<string, StorageUsage>;

  constructor(db: Database, quota: StorageQuota) {
    this.quota = quota;
    this.#usage = new LRUCache<string, StorageUsage>({
      max: BOUNDS['storage usage'].most,
      ttl: FRESH_MS,
      allowStale: true,
      fetchMethod: (userId) => storageUsageOf(db, userId),
    });
    keep('storage usage', this, (known) => known.#usage.size);
  }

  async of(userId: string): Promise<StorageUsage | undefined> {
    return this.#usage.fetch(userId);
  }
}

const known = new WeakMap<Database, KnownUsage>();

/** Sets the quota of a database. Without it there is no limit. */
export function setStorageQuota(db: Database, quota: StorageQuota): void {
  known.set(db, new KnownUsage(db, quota));
}

export function storageQuotaOf(db: Database): StorageQuota {
  return known.get(db)?.quota ?? { rows: 0, bytes: 0 };
}

/** Usage can be a second old, so the quota can be exceeded by that. @throws QuotaExceeded */
export async function checkQuota(db: Database, { userId }: Pick<Person, 'userId'>): Promise<void> {
  const of = known.get(databaseOf(db));
  if (!of || (of.quota.rows === 0 && of.quota.bytes === 0)) return;
  const usage = await of.of(userId);
  if (!usage) return;
  const { rows, bytes } = of.quota;
  if (rows > 0 && usage.rows >= rows)
    throw new QuotaExceeded(`${rows.toLocaleString('en')} tasks, comments, messages and other objects`);
  if (bytes > 0 && usage.bytes >= bytes)
    throw new QuotaExceeded(`${(bytes / MEGABYTE).toLocaleString('en')} MB of text`);
}
