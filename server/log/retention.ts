import { Prisma } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { repeat } from '../lifecycle/repeat.ts';
import type { Logger } from '../logger.ts';

const DAY_MS = 24 * 60 * 60_000;
const FIRST_AFTER_MS = 60_000;
const BATCH = 2_000;
export const UNDONE_WITHIN_DAYS = 30;

/**
 * Deletes old events that every consumer has handled. Earlier cursors expire, and repeated requests from before are no
 * longer recognized. @returns the number of events.
 */
export async function trimLog(db: Database, days: number): Promise<number> {
  const until = new Date(Date.now() - days * DAY_MS);
  for (let trimmed = 0; ;) {
    const [batch] = await db.$queryRaw<{ count: number }[]>`
      /* trimLog */
      WITH consumers AS MATERIALIZED (
        -- Locked, so that none can start from an earlier position.
        SELECT transaction_id FROM log_consumers FOR SHARE
      ), consumed AS (
        -- A consumer without a position needs all events.
        SELECT CASE WHEN bool_and(transaction_id IS NOT NULL) THEN min(transaction_id) END AS by_all FROM consumers
      ), oldest AS (
        SELECT sequence, at FROM events WHERE transaction_id < (SELECT by_all FROM consumed)
        ORDER BY transaction_id, sequence LIMIT ${BATCH}
      ), gone AS (
        DELETE FROM events USING oldest
        WHERE events.sequence = oldest.sequence AND oldest.at < ${until}
        RETURNING events.transaction_id
      )
      UPDATE event_log
      SET trimmed_transaction_id = greatest(trimmed_transaction_id, (SELECT max(transaction_id) FROM gone))
      WHERE EXISTS (SELECT FROM gone)
      RETURNING (SELECT count(*)::int FROM gone) AS count`;
    trimmed += batch?.count ?? 0;
    if (!batch) return trimmed;
  }
}

export async function deleteExpiredOffers(db: Database): Promise<number> {
  for (let deleted = 0; ;) {
    const count = await db.$executeRaw`
      /* deleteExpiredOffers */
      DELETE FROM share_offers WHERE id IN (
        SELECT id FROM share_offers WHERE expires_at < now() LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`;
    deleted += count;
    if (count === 0) return deleted;
  }
}

/** Purges tasks whose time in the trash is over. Their comments go first, in batches. @returns the number of tasks. */
export async function purgeExpiredTasks(db: Database): Promise<number> {
  const expired = Prisma.sql`SELECT id FROM trashed_tasks WHERE expires_at < now()`;
  for (let count = BATCH; count > 0;) {
    count = await db.$executeRaw`
      /* purgeExpiredTasks */
      DELETE FROM trashed_rows WHERE id IN (
        SELECT id FROM trashed_rows WHERE task_id IN (${expired}) LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`;
  }
  for (let purged = 0; ;) {
    const count = await db.$executeRaw`
      /* purgeExpiredTasks */
      DELETE FROM trashed_tasks WHERE id IN (${expired} LIMIT ${BATCH} FOR UPDATE SKIP LOCKED)`;
    purged += count;
    if (count === 0) return purged;
  }
}

export async function deleteOldApprovals(db: Database): Promise<number> {
  const { count } = await db.approval.deleteMany({
    where: { expiresAt: { lt: new Date(Date.now() - DAY_MS) } },
  });
  return count;
}

/** Deletes runs whose events are all deleted, or that never had any. @returns the number of runs. */
export async function deleteOldRuns(db: Database, days: number): Promise<number> {
  const until = new Date(Date.now() - days * DAY_MS);
  for (let deleted = 0; ;) {
    const count = await db.$executeRaw`
      /* deleteOldRuns */
      DELETE FROM agent_runs WHERE id IN (
        SELECT id FROM agent_runs
        WHERE started_at < ${until} AND NOT EXISTS (SELECT FROM events WHERE run_id = agent_runs.id)
        LIMIT ${BATCH})`;
    deleted += count;
    if (count === 0) return deleted;
  }
}

/** Of runs that can no longer be undone. */
export async function deleteOldRunChanges(db: Database): Promise<number> {
  const { count } = await db.runChange.deleteMany({
    where: { createdAt: { lt: new Date(Date.now() - UNDONE_WITHIN_DAYS * DAY_MS) } },
  });
  return count;
}

/**
 * Trims the log, purges the trash, and deletes expired share offers, old approvals and old runs after a minute and then daily.
 * @returns a function that stops it.
 */
export function startTrimming(db: Database, days: number, log: Logger): () => Promise<void> {
  const trim = async () => {
    const trimmed = await trimLog(db, days);
    if (trimmed > 0) log.info({ events: trimmed }, 'deleted old events');
    const expired = await deleteExpiredOffers(db);
    if (expired > 0) log.info({ offers: expired }, 'deleted expired share offers');
    const purged = await purgeExpiredTasks(db);
    if (purged > 0) log.info({ tasks: purged }, 'purged tasks from the trash');
    const approvals = await deleteOldApprovals(db);
    if (approvals > 0) log.info({ approvals }, 'deleted old approvals');
    await deleteOldRunChanges(db);
    const runs = await deleteOldRuns(db, days);
    if (runs > 0) log.info({ runs }, 'deleted old runs of agents');
  };
  return repeat(trim, {
    firstMs: FIRST_AFTER_MS,
    everyMs: DAY_MS,
    onFailure(error) {
      log.warn(
        { err: error },
        'could not delete old events, offers, tasks, approvals or runs; trying again tomorrow',
      );
    },
  });
}
