import { recordAttempt, type BackupAttempt } from '../../server/backup/status.ts';

/** Keeps how it went. Where that fails, on a full disk say, it is said, and what was done still counts. */
export async function keepAttempt(
  folder: string,
  kind: 'backup' | 'verification',
  attempt: Omit<BackupAttempt, 'at' | 'succeeded'>,
): Promise<void> {
  const made = { at: new Date().toISOString(), succeeded: attempt.reason === null, ...attempt };
  await recordAttempt(folder, kind, made).catch((error: unknown) => {
    process.stderr.write(`How it went could not be kept: ${(error as Error).message}\n`);
  });
}
