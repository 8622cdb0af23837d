import type { Database } from '../database/client.ts';
import type { Logger } from '../logger.ts';

const DAY_MS = 24 * 60 * 60_000;
const FIRST_AFTER_MS = 60_000;
/** Few enough that the log is held back for a moment only. */
const BATCH = 2_000;

/**
 * Deletes events for their age, from the oldest on, none that is not folded into the counters yet. Cursors from before them have expired then; a creation that is sent
 * again after so long is no longer known as one that was, though what still exists is not made twice.
 * @returns how many there were.
 */
export async function trimLog(db: Database, days: number): Promise<number> {
  const until = new Date(Date.now() - days * DAY_MS);
  for (let trimmed = 0; ;) {
    const [batch] = await db.$queryRaw<{ count: number }[]>`
      /* trimLog */
      WITH counted AS MATERIALIZED (
        -- Held, so that nobody can begin to count anew from before.
        SELECT transaction_id FROM task_counter_state FOR SHARE
      ), oldest AS (
        SELECT sequence, at FROM events WHERE transaction_id < (SELECT transaction_id FROM counted)
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

/** Deletes share offers that have expired. @returns how many there were. */
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

/** Trims the log and deletes expired share offers soon, and once a day. @returns what stops that. */
export function startTrimming(db: Database, days: number, log: Logger): () => Promise<void> {
  let running = Promise.resolve();
  let timer: NodeJS.Timeout;
  const trim = async () => {
    try {
      const trimmed = await trimLog(db, days);
      if (trimmed > 0) log.info({ events: trimmed }, 'deleted events for their age');
      const expired = await deleteExpiredOffers(db);
      if (expired > 0) log.info({ offers: expired }, 'deleted share offers that have expired');
    } catch (error) {
      log.warn({ err: error }, 'could not delete what is too old; trying again tomorrow');
    }
  };
  const wind = (ms: number) => {
    timer = setTimeout(() => {
      running = trim();
      wind(DAY_MS);
    }, ms).unref();
  };
  wind(FIRST_AFTER_MS);
  return async () => {
    clearTimeout(timer);
    await running;
  };
}
