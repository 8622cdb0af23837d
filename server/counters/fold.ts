import type { Client } from 'pg';
import { consume, type LogBatch, type LogConsumer } from '../log/consumer.ts';
import { factsOfEvents, scopesOf } from '../sql/task-facts.ts';
import { addSql, missingScopes, totals } from './totals.ts';

/** At any moment, the counters and the later events are the whole truth. */
export const taskCounters: LogConsumer = {
  name: 'task_counters',
  lock: 7_274_636_112,
  batchSize: 20_000,
  handle: addToCounters,
};

/** Adds the next events of the log to the counters. @returns the number of events. */
export function fold(client: Client, most?: number): Promise<number> {
  return consume(client, taskCounters, most);
}

async function addToCounters(client: Client, { generation, from, to }: LogBatch): Promise<void> {
  const scoped = `
    facts AS MATERIALIZED (${factsOfEvents('events.transaction_id >= $2::bigint AND events.transaction_id < $3::bigint')}),
    scoped AS MATERIALIZED (${scopesOf('facts')})`;
  const values = [generation, from, to];
  await client.query(`/* foldCounters */ WITH ${scoped} ${missingScopes('scoped')}`, values);
  await client.query(`/* foldCounters */ WITH ${scoped}, ${addSql(totals)} SELECT`, values);
}
