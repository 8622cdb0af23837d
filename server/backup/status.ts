import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const STATUS = 'status.json';

const attempt = z.object({
  at: z.iso.datetime(),
  succeeded: z.boolean(),
  name: z.string().nullable(),
  seconds: z.number(),
  /** Size of the dump; null without one. */
  bytes: z.number().nullable(),
  reason: z.string().nullable(),
});

const status = z.object({
  backup: attempt.optional(),
  lastGood: attempt.optional(),
  verification: attempt.optional(),
  lastVerified: attempt.optional(),
});

export type BackupAttempt = z.infer<typeof attempt>;

export type BackupStatus = z.infer<typeof status>;

/** Empty if there has been no backup, or the status cannot be read. */
export async function readBackupStatus(folder: string): Promise<BackupStatus> {
  try {
    return status.parse(JSON.parse(await readFile(join(folder, STATUS), 'utf8')));
  } catch {
    return {};
  }
}

export async function recordAttempt(
  folder: string,
  kind: 'backup' | 'verification',
  made: BackupAttempt,
): Promise<void> {
  const before = await readBackupStatus(folder);
  const good = kind === 'backup' ? 'lastGood' : 'lastVerified';
  const after: BackupStatus = { ...before, [kind]: made, ...(made.succeeded ? { [good]: made } : {}) };
  const draft = join(folder, `${STATUS}.${process.pid}`);
  try {
    await writeFile(draft, `${JSON.stringify(after, null, 2)}\n`, { mode: 0o600 });
    await rename(draft, join(folder, STATUS));
  } finally {
    await rm(draft, { force: true });
  }
}
