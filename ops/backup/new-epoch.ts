import type { ClientBase } from 'pg';

/**
 * Makes a restored log one that goes on in this cluster: transaction ids mean something in the cluster that gave them
 * only, so those of the backup become zero, and the sequence alone keeps their order. Cursors of before are of another
 * epoch, and so expire.
 */
export async function openEpoch(client: ClientBase): Promise<void> {
  await client.query(
    'UPDATE events SET transaction_id = 0, horizon = NULL WHERE transaction_id <> 0 OR horizon IS NOT NULL',
  );
  await client.query('UPDATE event_log SET epoch = DEFAULT, trimmed_transaction_id = 0');
}
