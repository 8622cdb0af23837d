import type { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { connect, disconnect } from '../../../server/database/client.ts';
import { append } from '../../../server/log/append.ts';
import { consume, type ConsumerName, type LogBatch, type LogConsumer } from '../../../server/log/consumer.ts';
import { trimLog } from '../../../server/log/retention.ts';
import { differencesIn, foldToTheEnd, settled } from '../../kit/counters.ts';
import { freshDatabase } from '../../kit/database.ts';
import { openSession } from '../../kit/session.ts';
import { plantTasks } from '../../kit/tasks.ts';

/** A log with the event of a new person, and then of each transaction the given number of events. */
async function logWith(...transactions: number[]) {
  const url = await freshDatabase();
  const db = connect(url);
  const client = await openSession(url);
  onTestFinished(async () => {
    await client.end();
    await disconnect(db);
  });
  // No server queues events for webhooks here.
  await db.logConsumer.delete({ where: { name: 'webhooks' } });
  const { id: actorId } = await db.user.create({ data: { name: 'Ada', email: 'ada@example.com' } });
  const event = { kind: 'apiToken.used', actorId, subjectId: null, data: {} } as const;
  const write = (events: number) => append(db, ...Array.from({ length: events }, () => event));
  for (const events of transactions) await write(events);
  await settled(url);
  const sequences = async () => {
    const events = await db.event.findMany({ orderBy: [{ transactionId: 'asc' }, { sequence: 'asc' }] });
    return events.map(({ sequence }) => String(sequence));
  };
  return { url, db, client, write, sequences };
}

/** A consumer that starts with the first event and remembers the sequences that it handled. */
async function consumerOf(client: Client, name: string, lock: number) {
  const handled: string[] = [];
  await client.query('INSERT INTO log_consumers (name, transaction_id) VALUES ($1, 0)', [name]);
  const consumer: LogConsumer = {
    name: name as ConsumerName,
    lock,
    batchSize: 3,
    handle: async (session: Client, { from, to }: LogBatch) => {
      const { rows } = await session.query<{ sequence: string }>(
        `SELECT sequence FROM events WHERE transaction_id >= $1 AND transaction_id < $2
         ORDER BY transaction_id, sequence`,
        [from, to],
      );
      handled.push(...rows.map(({ sequence }) => sequence));
    },
  };
  return { consumer, handled };
}

async function consumeAll(client: Client, consumer: LogConsumer): Promise<number[]> {
  const batches: number[] = [];
  for (;;) {
    const events = await consume(client, consumer);
    if (events === 0) return batches;
    batches.push(events);
  }
}

test('each consumer handles every event once, in order, in batches of whole transactions', async () => {
  const { client, write, url, sequences } = await logWith(2, 5, 1, 1, 1);
  const first = await consumerOf(client, 'first', 1);
  const second = await consumerOf(client, 'second', 2);
  expect(await consumeAll(client, first.consumer)).toHaveLength(3);
  await write(1);
  await settled(url);
  await consumeAll(client, first.consumer);
  await consumeAll(client, second.consumer);
  expect(first.handled).toEqual(await sequences());
  expect(second.handled).toEqual(first.handled);
});

test('a batch that fails is handled again, and its position stays', async () => {
  const { client, sequences } = await logWith(2);
  const { consumer, handled } = await consumerOf(client, 'first', 1);
  const failing = { ...consumer, handle: () => Promise.reject(new Error('not reachable')) };
  await expect(consume(client, failing)).rejects.toThrow('not reachable');
  expect(await consume(client, consumer)).toBe(3);
  expect(handled).toEqual(await sequences());
});

test('one process at a time handles a batch of a consumer', async () => {
  const { client, url } = await logWith(2);
  const { consumer } = await consumerOf(client, 'first', 1);
  await using other = await openSession(url);
  await other.query('SELECT pg_advisory_lock(1)');
  expect(await consume(client, consumer)).toBe(0);
  await other.query('SELECT pg_advisory_unlock(1)');
  expect(await consume(client, consumer)).toBe(3);
});

test('an old event stays until every consumer has handled it', async () => {
  const { client, db, url } = await logWith(2, 1);
  const { consumer } = await consumerOf(client, 'slow', 1);
  await foldToTheEnd(url);
  await client.query(`UPDATE events SET at = at - interval '401 days'`);
  expect(await trimLog(db, 400)).toBe(0);
  await client.query(`INSERT INTO log_consumers (name) VALUES ('without a position')`);
  await consumeAll(client, consumer);
  expect(await trimLog(db, 400)).toBe(0);
  await client.query(`DELETE FROM log_consumers WHERE name = 'without a position'`);
  expect(await trimLog(db, 400)).toBe(4);
});

test('a server of the previous release counts on during a rolling upgrade', async () => {
  const { client, db, url } = await logWith(1);
  const { id: ownerId } = await db.user.findFirstOrThrow();
  await plantTasks(db, [{ title: 'Tea', ownerId }]);
  await settled(url);
  // The statements of that release.
  await client.query('BEGIN');
  const { rows } = await client.query<{ transaction_id: string; generation: number }>(
    'SELECT id, generation, transaction_id FROM task_counter_state FOR SHARE',
  );
  expect(rows).toEqual([{ id: 1, generation: 1, transaction_id: expect.any(String) as string }]);
  await client.query('UPDATE task_counter_state SET transaction_id = $1::bigint', [rows[0]?.transaction_id]);
  await client.query('UPDATE task_counter_state SET generation = $1, transaction_id = $2', [
    rows[0]?.generation,
    rows[0]?.transaction_id,
  ]);
  await client.query('COMMIT');
  expect(await foldToTheEnd(url)).toEqual([3]);
  expect(await differencesIn(url)).toEqual([]);
});
