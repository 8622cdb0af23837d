import type { Client } from 'pg';
import { HORIZON_HERE } from '../database/horizon.ts';
import { factsOfEvents, scopesOf } from '../sql/task-facts.ts';
import { counted, missingScopes, pastTotals, presentTotals } from './totals.ts';

/** Whoever changes the counters holds this lock of the database, from before their snapshot until it is done. */
export const COUNTERS_LOCK = 7_274_636_112;

/** The transaction that folds holds the log's readers up while it writes, so it must not take long. */
const MOST_EVENTS = 20_000;

interface Range {
  generation: number;
  /** The ids of the first transaction to fold, and of the first not to. */
  from: string;
  to: string;
  events: number;
}

/**
 * Counts the events that are safe to read and not counted yet into the counters, oldest first, and says that they are,
 * all in one transaction: at any moment the counters and the later events make up the truth. Costs one statement
 * where there is nothing to count, or another process is at it.
 * @returns how many events it went through; of a transaction that has more than one look may take, only about as many.
 */
export async function fold(client: Client, most = MOST_EVENTS): Promise<number> {
  const waiting = await rangeOf(client, most);
  if (!waiting?.events || !(await isAlone(client))) return 0;
  try {
    return await foldNext(client, most);
  } finally {
    // A connection that broke has let go of it.
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

/** All its statements see one snapshot, or a team that is deleted between them would take counts along. */
async function foldNext(client: Client, most: number): Promise<number> {
  // The newest events are never in the statistics: PostgreSQL would plan for one, and read whole tables for each. Where
  // it has no other way, that seems so dear to it that it would rather compile the statement for a second.
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

/**
 * Which events to fold next: those of whole transactions, all of which have ended, and about as many as `most`.
 * Undefined where nothing has been counted yet.
 */
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
