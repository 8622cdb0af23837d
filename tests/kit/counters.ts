import type { Client } from 'pg';
import { vi } from 'vitest';
import { HORIZON_HERE } from '../../server/database/horizon.ts';
import { fold } from '../../server/counters/fold.ts';
import { verifyCounters, type Difference } from '../../server/counters/verify.ts';
import { openSession } from './session.ts';

/** Folds all events that are safe to fold, in batches of `most` events. @returns their number. */
export async function foldAll(url: string, most?: number): Promise<number[]> {
  return connected(url, async (client) => {
    const batches: number[] = [];
    for (;;) {
      const events = await fold(client, most);
      if (events === 0) return batches;
      batches.push(events);
    }
  });
}

/** Waits until no open transaction prevents folding. */
export async function settled(url: string): Promise<void> {
  await connected(url, (client) =>
    vi.waitUntil(
      async () => {
        const { rows } = await client.query<{ settled: boolean }>(
          `SELECT coalesce(max(transaction_id) < (${HORIZON_HERE})::bigint, true) AS settled
           FROM events`,
        );
        return rows[0]?.settled;
      },
      { timeout: 50_000, interval: 20 },
    ),
  );
}

/**
 * Folds until nothing is left, in batches of about `most` events. Waits for transactions elsewhere, which can briefly
 * count as ours.
 * @returns the number of events in each batch.
 */
export async function foldToTheEnd(url: string, most?: number): Promise<number[]> {
  return connected(url, async (client) => {
    const batches: number[] = [];
    await vi.waitUntil(
      async () => {
        const events = await fold(client, most);
        if (events > 0) batches.push(events);
        const { rowCount } = await client.query(
          `SELECT FROM events WHERE transaction_id >= (SELECT transaction_id FROM log_consumers WHERE name = 'task_counters') LIMIT 1`,
        );
        return rowCount === 0;
      },
      { timeout: 60_000, interval: 5 },
    );
    return batches;
  });
}

export async function differencesIn(url: string): Promise<Difference[]> {
  return connected(url, verifyCounters);
}

/** Starts to fold, and kills the connection before its n-th statement. */
export async function killedFold(url: string, n: number): Promise<void> {
  await disturbedFold(url, n, (pid) => kill(url, pid)).catch(() => undefined);
}

/** Folds, and calls a function before the n-th statement. */
export async function disturbedFold(
  url: string,
  n: number,
  happen: (pid: number) => Promise<unknown>,
): Promise<void> {
  await connected(url, async (client) => {
    const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    let statements = 0;
    const query = client.query.bind(client) as (...parameters: unknown[]) => Promise<unknown>;
    client.query = (async (...parameters: unknown[]) => {
      statements += 1;
      if (statements === n) await happen(rows[0]?.pid ?? 0);
      return query(...parameters);
    }) as typeof client.query;
    await fold(client);
  });
}

async function kill(url: string, pid: number): Promise<void> {
  await connected(url, (client) => client.query('SELECT pg_terminate_backend($1, 5000)', [pid]));
}

async function connected<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  await using client = await openSession(url);
  return await work(client);
}
