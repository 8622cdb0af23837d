import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const STATUS = 'status.json';

const attempt = z.object({
  /** When it ended, RFC 3339. */
  at: z.iso.datetime(),
  succeeded: z.boolean(),
  /** The backup that it made or tried; null where it did not get that far. */
  name: z.string().nullable(),
  /** How long it took. */
  seconds: z.number(),
  /** The dump's size; null where there is none. */
  bytes: z.number().nullable(),
  /** Why it failed; null where it did not. */
  reason: z.string().nullable(),
});

const status = z.object({
  backup: attempt.optional(),
  /** The last that succeeded, also where a later one failed. */
  lastGood: attempt.optional(),
  verification: attempt.optional(),
  /** The last that was verified and found good. */
  lastVerified: attempt.optional(),
});

export type BackupAttempt = z.infer<typeof attempt>;

/** How the last backup and the last verification went. */
export type BackupStatus = z.infer<typeof status>;

/** Of the backups in a folder; empty where there has been none, or it cannot be read. */
export async function readBackupStatus(folder: string): Promise<BackupStatus> {
  try {
    return status.parse(JSON.parse(await readFile(join(folder, STATUS), 'utf8')));
  } catch {
    return {};
  }
}

/** Keeps how one went, beside the backups, where servers and monitoring find it. */
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
