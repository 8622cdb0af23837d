import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startProcess } from '../../../ops/drills/server-process.ts';
import { apiTokenOf } from '../../kit/api-tokens.ts';
import { watchEvents, type EventTold, type Watch } from '../../kit/live.ts';
import { SECRET } from '../../kit/server.ts';
import { startWorld } from '../../kit/world.ts';

// Processes take seconds to start on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

/** A worker exists some seconds before it is ready. */
const SETTLES_WITHIN_MS = 5_000;

const world = await startWorld();
const environment = { DATABASE_URL: world.databaseUrl, AUTH_SECRET: SECRET, LOG_LEVEL: 'error' };

const titles = ({ told }: Watch<EventTold>) => told.flatMap(({ events }) => events.event?.task?.title ?? []);
const isOf = (title: string) => (told: EventTold) => told.events.event?.task?.title === title;

/** Responses to new connections until the processes are as required, and the newest one has responded. */
async function statusesUntil(url: string, isDone: () => boolean): Promise<number[]> {
  const statuses = new Set<number>();
  for (let last = Infinity; Date.now() < last;) {
    // A connection that was waiting for the killed process breaks.
    const answer = await fetch(`${url}/readyz`, { headers: { connection: 'close' } }).catch(() => undefined);
    if (answer) statuses.add(answer.status);
    if (last === Infinity && isDone()) last = Date.now() + SETTLES_WITHIN_MS;
    await sleep(20);
  }
  return [...statuses];
}

test('[FR-021] two processes on one port deliver the same events, and a killed one is replaced without losses', async () => {
  const { ada } = await world.people('Ada');
  const reader = await apiTokenOf(ada);
  const server = await startProcess({ ...environment, WORKERS: '2' });
  onTestFinished(async () => {
    await server.stop();
  });
  expect(server.output().match(/Taskwire is ready/g)).toHaveLength(1);
  const before = server.workers();
  expect(before).toHaveLength(2);

  // The probability that one process gets none of them by chance is 1 in 2,000.
  const watches = await Promise.all(Array.from({ length: 12 }, () => watchEvents(server, reader)));
  await ada.createTask('one');
  for (const events of watches) await events.until(isOf('one'));

  const [victim = 0] = before;
  process.kill(victim, 'SIGKILL');
  const statuses = statusesUntil(server.url, () => {
    const now = server.workers();
    return now.length === 2 && !now.includes(victim);
  });
  const lost = await Promise.race(
    watches.map(async (events) => {
      await events.wire.closed;
      return events;
    }),
  );
  await ada.createTask('two');
  const after = lost.told.at(-1)?.events.cursor ?? '';
  const resumed = await watchEvents(server, reader, { after });
  await ada.createTask('three');
  await resumed.until(isOf('three'));
  expect([...titles(lost), ...titles(resumed)]).toEqual(['one', 'two', 'three']);
  expect(await statuses, 'no request reaches the new process before it is ready').toEqual([200]);
  expect(await server.stop()).toBe(0);
  expect(server.output().match(/Taskwire is ready/g)).toHaveLength(1);
});

test('all processes serve the same metrics, and counts survive the exit of a process (WORKERS-METRICS)', async () => {
  const { cleo } = await world.people('Cleo');
  const authorization = `Bearer ${(await apiTokenOf(cleo)).token}`;
  const server = await startProcess({ ...environment, WORKERS: '2' });
  onTestFinished(async () => {
    await server.stop();
  });
  const look = (operation: string) =>
    fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({ query: `query ${operation} { viewer { name } }` }),
    });
  const numbers = async () => {
    const response = await fetch(`${server.url}/metrics`, { headers: { connection: 'close' } });
    const page = await response.text();
    const number = (name: string) =>
      Number(new RegExp(`^${RegExp.escape(name)} (\\S+)$`, 'm').exec(page)?.[1]);
    return {
      looks: number('taskwire_operation_seconds_count{operation="Look"}'),
      up: number('taskwire_up'),
      started: number('process_start_time_seconds'),
    };
  };
  for (let n = 0; n < 30; n += 1) expect((await look('Look')).status).toBe(200);
  const told = [];
  for (let n = 0; n < 12; n += 1) told.push(await numbers());
  expect(new Set(told.map((each) => JSON.stringify(each))).size, JSON.stringify(told)).toBe(1);
  expect(told[0]).toMatchObject({ looks: 30, up: 1 });
  expect(told[0]?.started).toBeGreaterThan(0);

  const [victim = 0] = server.workers();
  process.kill(victim, 'SIGKILL');
  await statusesUntil(server.url, () => server.workers().length === 2 && !server.workers().includes(victim));
  for (let n = 0; n < 6; n += 1) expect(await numbers()).toMatchObject({ looks: 30, up: 1 });
  await expect
    .poll(async () => (await numbers()).started, { timeout: 30_000 })
    .toBeGreaterThan(told[0]?.started ?? Infinity);
});

test('an error that prevents the first worker from starting is printed once, and ends the start', async () => {
  const port = new URL(world.url).port;
  const failure = await startProcess({ ...environment, WORKERS: '2', PORT: port }).catch(
    (error: unknown) => error,
  );
  expect(String(failure)).toContain(`Port ${port} on 127.0.0.1 is already in use`);
});
