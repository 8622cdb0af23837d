import { setTimeout as sleep } from 'node:timers/promises';
import { readBackupStatus, type BackupAttempt } from '../backup-status.ts';
import type { Database } from '../database/client.ts';
import type { Live } from '../live/live.ts';
import { logLags } from '../sql/log-lag.ts';

/** Whoever asks does not wait much longer, and a database that takes longer is of no use to people either. */
const ANSWERS_WITHIN_MS = 2_000;

/** Whether the server can do its work now, and what an operator wants to know beside. Nothing of it is secret. */
export async function readiness(
  db: Database,
  live: Live,
  backupDir: string,
): Promise<{ isReady: boolean; details: object }> {
  const answered = Promise.race([logLags(db), sleep(ANSWERS_WITHIN_MS, null, { ref: false })]);
  const [lags, backups] = await Promise.all([answered.catch(() => null), readBackupStatus(backupDir)]);
  return {
    isReady: lags !== null,
    details: {
      status: lags ? 'ready' : 'The database does not answer.',
      logLag: lags?.log ?? null,
      foldLag: lags?.fold ?? null,
      liveLagSeconds: live.lag(),
      lastBackup: inShort(backups.backup, backups.lastGood),
      lastVerification: inShort(backups.verification, backups.lastVerified),
    },
  };
}

function inShort(last: BackupAttempt | undefined, good: BackupAttempt | undefined) {
  if (!last) return null;
  return { succeeded: last.succeeded, at: last.at, lastGoodAt: good?.at ?? null };
}
