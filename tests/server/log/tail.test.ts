import type { Client } from 'pg';
import { afterAll, expect, inject, onTestFinished, test } from 'vitest';
import { uuidOf } from '../../../server/ids.ts';
import { apiTokenOf } from '../../kit/api-tokens.ts';
import { watchEvents, type EventTold, type Watch } from '../../kit/live.ts';
import { routeTo } from '../../kit/outage.ts';
import { startTestServer } from '../../kit/server.ts';
import { openSession } from '../../kit/session.ts';
import { startWorld, type Person } from '../../kit/world.ts';

const world = await startWorld();
const { people } = world;
const route = await routeTo(world.databaseUrl);
const elsewhere = await startTestServer(route.url);
afterAll(() => elsewhere.stop());

const titles = ({ told }: Watch<EventTold>) => told.flatMap(({ events }) => events.event?.task?.title ?? []);
const kinds = ({ told }: Watch<EventTold>) => told.flatMap(({ events }) => events.event?.kind ?? []);
const isOf = (title: string) => (told: EventTold) => told.events.event?.task?.title === title;

/** An open transaction that has written an event for a person. */
async function slowWriting(person: Person): Promise<Client> {
  const client = await openSession(world.databaseUrl);
  onTestFinished(() => client.end());
  await client.query('BEGIN');
  await client.query(
    `INSERT INTO events (actor_id, kind, data) VALUES ($1, 'user.updated', '{"fields": []}')`,
    [uuidOf('User', person.id)],
  );
  return client;
}

test('[FR-022] a transaction that commits late is delivered, in its order', async () => {
  const { ada } = await people('Ada');
  const events = await watchEvents(world, ada);
  const slow = await slowWriting(ada);
  await ada.createTask('begun later');
  const later = await watchEvents(world, ada);
  await slow.query('COMMIT');
  await Promise.all(
    [events, later].map((each) => each.until(({ events: { event } }) => event?.kind === 'USER_UPDATED')),
  );
  await events.until(isOf('begun later'));
  expect(kinds(events)).toEqual(['USER_UPDATED', 'TASK_CREATED']);
  expect(kinds(later), 'earlier commits are not delivered').toEqual(['USER_UPDATED']);
});

test('[FR-022] a transaction that is rolled back delays deliveries only briefly', async () => {
  const { ada } = await people('Ada');
  const events = await watchEvents(world, ada);
  const slow = await slowWriting(ada);
  await ada.createTask('begun later');
  await slow.query('ROLLBACK');
  await events.until(isOf('begun later'));
  expect(kinds(events)).toEqual(['TASK_CREATED']);
});

test('a cursor from before the end of a slow transaction includes its later events', async () => {
  const { ada } = await people('Ada');
  const slow = await slowWriting(ada);
  const { createTask } = await ada.query<{ createTask: { cursor: string } }>(
    'mutation { createTask(input: { title: "begun later" }) { cursor } }',
  );
  const { cursor } = await ada.query<{ cursor: string }>('{ cursor }');
  await slow.query('COMMIT');
  for (const after of [createTask.cursor, cursor]) {
    const events = await watchEvents(world, ada, {
      after,
      filter: { kinds: ['USER_UPDATED', 'TASK_CREATED'] },
    });
    await events.until(({ events: { event } }) => event?.kind === 'USER_UPDATED');
    expect(kinds(events)).toEqual(['USER_UPDATED']);
  }
});

test('[FR-017] a client that reconnects early gets late events once', async () => {
  const { ada, eve } = await people('Ada', 'Eve');
  const before = await watchEvents(world, ada);
  const [late, later] = [await slowWriting(ada), await slowWriting(eve)];
  await ada.createTask('begun later');
  const { cursor } = await ada.query<{ cursor: string }>('{ cursor }');
  await late.query('COMMIT');
  await before.until(({ events: { event } }) => event?.kind === 'USER_UPDATED');
  const first = await watchEvents(world, ada, { after: cursor });
  expect(kinds(first)).toEqual(['USER_UPDATED']);
  first.wire.socket.terminate();

  const second = await watchEvents(world, ada, { after: first.told.at(-1)?.events.cursor ?? '' });
  await later.query('COMMIT');
  await ada.createTask('now');
  await second.until(isOf('now'));
  expect(kinds(second)).toEqual(['TASK_CREATED']);
});

test('slow transactions of another database cause no delay', async () => {
  const { ada } = await people('Ada');
  const events = await watchEvents(world, ada);
  await using slow = await openSession(inject('databases').serverUrl);
  await slow.query('BEGIN');
  await slow.query('SELECT pg_current_xact_id()');
  await ada.createTask('concurrent');
  await events.until(isOf('concurrent'));
});

test('[FR-022] no event is missed when PostgreSQL ends the log’s connection', async () => {
  const { ada } = await people('Ada');
  const events = await watchEvents(world, ada);
  for (let round = 0; round < 5; round += 1) {
    await ada.createTask(`before ${round}`);
    await world.db.$queryRaw`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'taskwire log'`;
    await ada.createTask(`after ${round}`);
  }
  await events.until(isOf('after 4'));
  expect(titles(events)).toEqual([0, 1, 2, 3, 4].flatMap((round) => [`before ${round}`, `after ${round}`]));
});

test('[FR-022] [FR-024] after an outage of the database, the server delivers all events', async () => {
  const { ada } = await people('Ada');
  const events = await watchEvents(elsewhere, await apiTokenOf(ada));
  await ada.createTask('before');
  await events.until(isOf('before'));
  await route.cut();
  await ada.createTask('during');
  await route.restore();
  await ada.createTask('after');
  await events.until(isOf('after'));
  expect(titles(events)).toEqual(['before', 'during', 'after']);
});

test('[SC-010] a client that reconnects during writes gets every event once, in order', async () => {
  const { ada } = await people('Ada');
  const reader = await apiTokenOf(ada);
  const whole = await watchEvents(world, reader, { filter: { kinds: ['TASK_CREATED'] } });
  const writing = Promise.all(
    [1, 2, 3, 4].map(async (writer) => {
      for (let n = 1; n <= 25; n += 1) await ada.createTask(`${writer}-${n}`);
    }),
  );
  const seen: string[] = [];
  let after = whole.told[0]?.events.cursor ?? '';
  for (let visit = 0; seen.length < 100; visit += 1) {
    const { told, wire } = await watchEvents(visit % 2 ? elsewhere : world, reader, {
      after,
      filter: { kinds: ['TASK_CREATED'] },
    });
    wire.socket.terminate();
    for (const { events } of told) {
      after = events.cursor;
      if (events.event) seen.push(events.event.task?.title ?? 'gone');
    }
  }
  await writing;
  await expect.poll(() => titles(whole).length, { timeout: 10_000 }).toBe(100);
  expect(seen).toEqual(titles(whole));
  expect(new Set(seen).size).toBe(100);
});
