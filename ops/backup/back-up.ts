import type { Config } from '../../server/config.ts';
import { readBackupStatus } from '../../server/backup/status.ts';
import { openDatabase } from '../../server/database/open.ts';
import { keepAttempt } from './attempt.ts';
import type { Backup } from './manifest.ts';
import { rotate } from './rotation.ts';
import { secretOf } from './secret.ts';
import { lockFolder, writeBackup } from './write.ts';

interface BackUpOptions {
  folder: string;
  keepDays: number;
  signal?: AbortSignal;
}

export async function backUp(
  config: Config,
  { folder, keepDays, signal }: BackUpOptions,
): Promise<{ url: string; backup: Backup; removed: string[] }> {
  const unlock = await lockFolder(folder);
  try {
    const database = await openDatabase(config);
    try {
      const options = { folder, kind: 'regular', secret: await secretOf(config) } as const;
      const backup = await writeBackup(database.url, signal ? { ...options, signal } : options);
      const { name, bytes, seconds } = backup.manifest;
      await keepAttempt(folder, 'backup', { name, seconds, bytes, reason: null });
      const lastVerified = (await readBackupStatus(folder)).lastVerified?.name ?? undefined;
      const removed = await rotate(folder, { keepDays, now: new Date(), lastVerified });
      return { url: database.url, backup, removed };
    } finally {
      await database.close();
    }
  } finally {
    unlock();
  }
}
