import type { ClientBase } from 'pg';
import { openSession } from '../database/session.ts';

const EPOCH_LOCK = 7_274_636_114;

/**
 * Converts a restored log to this cluster, which has other transaction ids: they become zero, and the sequence keeps
 * the order. Earlier cursors expire, and the counters must be rebuilt.
 */
export async function openEpoch(client: ClientBase): Promise<void> {
  await keepWebhookPositions(client);
  await client.query(
    'UPDATE events SET transaction_id = 0, horizon = NULL WHERE transaction_id <> 0 OR horizon IS NOT NULL',
  );
  await client.query(
    'UPDATE event_log SET epoch = DEFAULT, timeline = log_timeline(), trimmed_transaction_id = 0',
  );
  await client.query(`
    UPDATE log_consumers SET transaction_id =
      CASE WHEN name = 'webhooks' THEN pg_snapshot_xmin(pg_current_snapshot())::text::bigint END`);
}

/** Each continues before the first event that it had not queued. It can send some events twice. */
async function keepWebhookPositions(client: ClientBase): Promise<void> {
  await client.query(`
    UPDATE webhooks SET transaction_id = 0, sequence = coalesce(
      (SELECT min(events.sequence) - 1 FROM events
       WHERE (events.transaction_id, events.sequence) > (
         coalesce(webhooks.transaction_id, (SELECT transaction_id FROM log_consumers WHERE name = 'webhooks'), 0),
         coalesce(webhooks.sequence, 0))),
      (SELECT max(events.sequence) FROM events), 0)`);
}

export const READ_ONLY = `current_setting('transaction_read_only')::boolean`;

/** In SQL: whether a standby was promoted since the epoch began, and a new one can begin. */
export const ON_OTHER_TIMELINE = `(
  SELECT timeline IS DISTINCT FROM coalesce(log_timeline(), timeline) AND NOT ${READ_ONLY} FROM event_log)`;

/** Starts a new epoch after events may have been lost: earlier cursors expire. One of several processes does it. */
export async function endEpoch(client: Pick<ClientBase, 'query'>, epoch: string): Promise<void> {
  await client.query(
    `/* endEpoch */
     UPDATE event_log SET epoch = DEFAULT, timeline = coalesce(log_timeline(), timeline) WHERE epoch = $1`,
    [epoch],
  );
}

/**
 * Starts a new epoch if the log comes from another cluster, for example by pg_restore: events with transaction ids that
 * this cluster has not reached would never be read. @returns whether it does.
 */
export async function openEpochElsewhere(url: string): Promise<boolean> {
  await using client = await openSession(url, { application_name: 'taskwire epoch' });
  await client.query('BEGIN');
  await client.query('SELECT pg_advisory_xact_lock($1)', [EPOCH_LOCK]);
  const { rowCount } = await client.query(
    'SELECT FROM events WHERE transaction_id >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint LIMIT 1',
  );
  const isElsewhere = rowCount === 1;
  if (isElsewhere) await openEpoch(client);
  await client.query('COMMIT');
  return isElsewhere;
}
