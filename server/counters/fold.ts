import type { Client } from 'pg';
import { HORIZON_HERE } from '../database/horizon.ts';
import { factsOfEvents, scopesOf } from '../sql/task-facts.ts';
import { counted, missingScopes, pastTotals, presentTotals } from './totals.ts';

/** Advisory lock for changes of the counters. Take it before the snapshot. */
export const COUNTERS_LOCK = 7_274_636_112;

/** Log readers wait for the transaction that folds. */
const MOST_EVENTS = 20_000;

interface Range {
  generation: number;
  from: string;
  to: string;
  events: number;
}

/**
 * Adds the events that are safe to read to the counters, oldest first, and advances the state in the same
 * transaction: at any moment, the counters and the later events are the whole truth.
 * @returns the number of events; about `most` for a very large transaction.
 */
export async function fold(client: Client, most = MOST_EVENTS): Promise<number> {
  const waiting = await rangeOf(client, most);
  if (!waiting?.events || !(await isAlone(client))) return 0;
  try {
    return await foldNext(client, most);
  } finally {
    await client
      .query('/* foldCounters */ SELECT pg_advisory_unlock($1)', [COUNTERS_LOCK])
      .catch(() => undefined);
  }
}

async function isAlone(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ alone: boolean }>(
    '/* foldCounters */ SELECT pg_try_advisory_lock($1) AS alone',
    [COUNTERS_LOCK],
  );
  return rows[0]?.alone === true;
}

/** All statements use one snapshot; otherwise a team deleted between them would lose counts. */
async function foldNext(client: Client, most: number): Promise<number> {
  // The newest events are not in the statistics, so PostgreSQL would plan sequential scans, and JIT compilation for
  // expensive plans.
  await client.query(
    '/* foldCounters */ BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL enable_seqscan = off; SET LOCAL jit = off',
  );
  try {
    const range = await rangeOf(client, most);
    if (range && range.events > 0) await foldRange(client, range);
    await client.query('/* foldCounters */ COMMIT');
    return range?.events ?? 0;
  } catch (error) {
    await client.query('/* foldCounters */ ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** Whole, ended transactions with about `most` events. Undefined if nothing has been counted yet. */
async function rangeOf(client: Client, most: number): Promise<Range | undefined> {
  const { rows } = await client.query<Range>(
    `/* foldCounters */
     WITH state AS (
       SELECT generation, transaction_id AS low, (${HORIZON_HERE})::bigint AS horizon
       FROM task_counter_state WHERE transaction_id IS NOT NULL
     ), waiting AS MATERIALIZED (
       SELECT events.transaction_id FROM events
       WHERE transaction_id >= (SELECT low FROM state) AND transaction_id < (SELECT horizon FROM state)
       ORDER BY transaction_id, sequence LIMIT $1::int + 1
     ), bounds AS (
       SELECT count(*) AS n, min(transaction_id) AS first, max(transaction_id) AS last FROM waiting
     ), range AS (
       SELECT generation, low, CASE WHEN n <= $1::int THEN horizon ELSE greatest(last, first + 1) END AS high
       FROM state, bounds
     )
     SELECT generation, low AS "from", high AS "to",
            (SELECT count(*)::int FROM waiting WHERE transaction_id < high) AS events
     FROM range`,
    [most],
  );
  return rows[0];
}

async function foldRange(client: Client, { generation, from, to }: Range): Promise<void> {
  const scoped = `
    facts AS MATERIALIZED (${factsOfEvents('events.transaction_id >= $2::bigint AND events.transaction_id < $3::bigint')}),
    scoped AS (${scopesOf('facts')})`;
  const values = [generation, from, to];
  await client.query(`/* foldCounters */ WITH ${scoped} ${missingScopes}`, values);
  await client.query(
    `/* foldCounters */
     WITH ${scoped}, counted AS MATERIALIZED (${counted}), ${presentTotals}, ${pastTotals}
     UPDATE task_counter_state SET transaction_id = $3::bigint`,
    values,
  );
}
