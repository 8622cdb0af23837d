import { recordAttempt, type BackupAttempt } from '../../server/backup/status.ts';

/** Records the result. A failure to record it, such as a full disk, is only logged. */
export async function keepAttempt(
  folder: string,
  kind: 'backup' | 'verification',
  attempt: Omit<BackupAttempt, 'at' | 'succeeded'>,
): Promise<void> {
  const made = { at: new Date().toISOString(), succeeded: attempt.reason === null, ...attempt };
  await recordAttempt(folder, kind, made).catch((error: unknown) => {
    process.stderr.write(`Could not record the result: ${(error as Error).message}\n`);
  });
}
