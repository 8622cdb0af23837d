import { readBackupStatus, type BackupAttempt } from '../backup/status.ts';
import { diskIsFull, poolStatus, replicaStatus, type Database } from '../database/client.ts';
import type { DatabaseHealth, HealthCheck } from '../lifecycle/health.ts';
import type { Live } from '../live/live.ts';

/** For operators; contains no secrets. */
export async function readiness(
  db: Database,
  check: HealthCheck,
  live: Live,
  backupDir: string,
): Promise<{ isReady: boolean; details: object }> {
  const [health, backups] = await Promise.all([check.health(), readBackupStatus(backupDir)]);
  return {
    isReady: health !== null,
    details: {
      status: statusOf(db, health),
      logLag: health?.log ?? null,
      consumerLags: health?.consumers ?? null,
      liveLagSeconds: live.lag(),
      replica: replicaOf(db),
      lastBackup: inShort(backups.backup, backups.lastGood),
      lastVerification: inShort(backups.verification, backups.lastVerified),
    },
  };
}

function statusOf(db: Database, health: DatabaseHealth | null): string {
  if (!health) return 'The database is not reachable.';
  if (health.readOnly) return 'ready for reads only: the database is read-only';
  if (diskIsFull(db)) return 'ready for reads only: the disk of the database is full';
  const { size, open, idle, waiting } = poolStatus(db);
  return open === size && idle === 0 && waiting > 0 ? 'busy' : 'ready';
}

function replicaOf(db: Database): string | null {
  const replica = replicaStatus(db);
  if (!replica) return null;
  return replica.isCurrent ? 'current' : 'behind or not reachable';
}

function inShort(last: BackupAttempt | undefined, good: BackupAttempt | undefined) {
  if (!last) return null;
  return { succeeded: last.succeeded, at: last.at, lastGoodAt: good?.at ?? null };
}
