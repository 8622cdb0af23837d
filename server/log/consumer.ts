import type { Client } from 'pg';
import { HORIZON_HERE } from '../database/horizon.ts';

/**
 * Handles each event once, in log order. Events that it has not handled are not deleted. A new consumer needs a
 * migration that inserts its row in `log_consumers`.
 */
export interface LogConsumer {
  name: ConsumerName;
  lock: number;
  /** Approximate, since a batch has whole transactions. Log readers wait for its transaction. */
  batchSize: number;
  /** Called in the transaction that stores the new position. All its statements use one snapshot. */
  handle(client: Client, batch: LogBatch): Promise<void>;
}

export type ConsumerName = 'task_counters' | 'webhooks';

/** Events of transactions from `from`, inclusive, to `to`, exclusive. */
export interface LogBatch {
  generation: number;
  from: string;
  to: string;
}

interface NextBatch extends LogBatch {
  events: number;
}

export function stateOf(name: ConsumerName): string {
  return `log_consumers WHERE name = '${name}'`;
}

/**
 * Handles the next batch of events that are safe to read, unless another process does, or there is no position.
 * @returns the number of events; about `most` for a very large transaction.
 */
export async function consume(
  client: Client,
  consumer: LogConsumer,
  most = consumer.batchSize,
): Promise<number> {
  const waiting = await nextBatch(client, consumer, most);
  if (!waiting?.events || !(await isAlone(client, consumer))) return 0;
  try {
    return await consumeNext(client, consumer, most);
  } finally {
    await release(client, consumer);
  }
}

export async function release(client: Client, { lock }: LogConsumer): Promise<void> {
  await client.query('/* consumeLog */ SELECT pg_advisory_unlock($1)', [lock]).catch(() => undefined);
}

/** Whether this process is the consumer until `release`. The lock must be taken before the snapshot. */
export async function isAlone(client: Client, { lock }: LogConsumer): Promise<boolean> {
  const { rows } = await client.query<{ alone: boolean }>(
    '/* consumeLog */ SELECT pg_try_advisory_lock($1) AS alone',
    [lock],
  );
  return rows[0]?.alone === true;
}

async function consumeNext(client: Client, consumer: LogConsumer, most: number): Promise<number> {
  // Without statistics of the newest events, PostgreSQL would plan sequential scans and JIT compilation.
  await client.query(
    '/* consumeLog */ BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL enable_seqscan = off; SET LOCAL jit = off',
  );
  try {
    const batch = await nextBatch(client, consumer, most);
    if (batch && batch.events > 0) {
      await consumer.handle(client, batch);
      await client.query(
        `/* consumeLog */ UPDATE log_consumers SET transaction_id = $2::bigint WHERE name = $1`,
        [consumer.name, batch.to],
      );
    }
    await client.query('/* consumeLog */ COMMIT');
    return batch?.events ?? 0;
  } catch (error) {
    await client.query('/* consumeLog */ ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** Whole transactions that have ended. Undefined without a position. */
async function nextBatch(
  client: Client,
  { name }: LogConsumer,
  most: number,
): Promise<NextBatch | undefined> {
  const { rows } = await client.query<NextBatch>(
    `/* consumeLog */
     WITH state AS (
       SELECT generation, transaction_id AS low, (${HORIZON_HERE})::bigint AS horizon
       FROM ${stateOf(name)} AND transaction_id IS NOT NULL
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

export async function continueFrom(
  client: Client,
  { name, lock }: LogConsumer,
  { generation, from }: Pick<LogBatch, 'generation' | 'from'>,
): Promise<void> {
  await client.query('BEGIN');
  await client.query('SELECT pg_advisory_xact_lock($1)', [lock]);
  await client.query('UPDATE log_consumers SET generation = $2, transaction_id = $3 WHERE name = $1', [
    name,
    generation,
    from,
  ]);
  await client.query('COMMIT');
}
