import type { ClientBase } from 'pg';
import { openSession } from '../database/session.ts';

/** Two servers that start at once must not both begin one. */
const EPOCH_LOCK = 7_274_636_114;

/**
 * Makes a restored log one that goes on in this cluster: transaction ids mean something in the cluster that gave them
 * only, so those of the backup become zero, and the sequence alone keeps their order. Cursors of before are of another
 * epoch, and so expire; the counters, which know how far they have counted by such an id, are to be counted again.
 */
export async function openEpoch(client: ClientBase): Promise<void> {
  await client.query(
    'UPDATE events SET transaction_id = 0, horizon = NULL WHERE transaction_id <> 0 OR horizon IS NOT NULL',
  );
  await client.query(
    'UPDATE event_log SET epoch = DEFAULT, timeline = log_timeline(), trimmed_transaction_id = 0',
  );
  await client.query('UPDATE task_counter_state SET transaction_id = NULL');
}

/** In SQL: whether nothing can be written, on a standby or where a provider has made the database so. */
export const READ_ONLY = `current_setting('transaction_read_only')::boolean`;

/** In SQL: whether a standby was promoted since the epoch began, and a new one can begin. */
export const ON_OTHER_TIMELINE = `(
  SELECT timeline IS DISTINCT FROM coalesce(log_timeline(), timeline) AND NOT ${READ_ONLY} FROM event_log)`;

/**
 * Begins the next epoch of a log that may have lost events of the given one, in the same cluster: cursors of before
 * expire, and what is left holds, the counters too. Of several processes one does.
 */
export async function endEpoch(client: Pick<ClientBase, 'query'>, epoch: string): Promise<void> {
  await client.query(
    `/* endEpoch */
     UPDATE event_log SET epoch = DEFAULT, timeline = coalesce(log_timeline(), timeline) WHERE epoch = $1`,
    [epoch],
  );
}

/**
 * Begins a new epoch where the log comes from another cluster, by pg_restore say: an event of a transaction that this
 * one has not begun yet would never be read. Costs one look at an index where it does not.
 * @returns whether it does.
 */
export async function openEpochElsewhere(url: string): Promise<boolean> {
  const client = await openSession(url, { application_name: 'taskwire epoch' });
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [EPOCH_LOCK]);
    const { rowCount } = await client.query(
      'SELECT FROM events WHERE transaction_id >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint LIMIT 1',
    );
    const isElsewhere = rowCount === 1;
    if (isElsewhere) await openEpoch(client);
    await client.query('COMMIT');
    return isElsewhere;
  } finally {
    await client.end();
  }
}
