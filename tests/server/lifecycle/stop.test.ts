import { expect, onTestFinished, test, vi } from 'vitest';
import { apiTokenOf } from '../../kit/api-tokens.ts';
import { dialAs } from '../../kit/live.ts';
import { startServerProcess } from '../../kit/server-process.ts';
import { openSession } from '../../kit/session.ts';
import { startWorld } from '../../kit/world.ts';

vi.setConfig({ testTimeout: 90_000 });

const world = await startWorld();
const { ada } = await world.people('Ada');
const key = await apiTokenOf(ada, { scopes: ['READ', 'WRITE'] });

const RENAME = 'mutation ($id: ID!) { updateTask(input: { id: $id, title: "Renamed" }) { task { title } } }';
const renamed = { data: { updateTask: { task: { title: 'Renamed' } } } };
const stopping = { errors: [{ extensions: { code: 'UNAVAILABLE', retryAfter: 2 } }] };

async function ask(url: string, query: string, variables = {}) {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key.token}` },
    body: JSON.stringify({ query, variables }),
  });
  const { status, headers } = response;
  return { status, headers, answer: (await response.json()) as unknown };
}

/** Locks all tasks. @returns a function that releases them. */
async function hold(): Promise<() => Promise<void>> {
  const client = await openSession(world.databaseUrl);
  const letGo = () => client.end();
  onTestFinished(letGo);
  await client.query('BEGIN; LOCK TABLE tasks');
  return letGo;
}

/** Resolves once this number of requests waits for the lock. */
async function waiting(count: number): Promise<void> {
  const waiters = () => world.db.$queryRaw<object[]>`
    SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
  await expect.poll(waiters, { timeout: 30_000 }).toHaveLength(count);
}

test('[T064] a stopping server first reports it, then rejects new requests, and answers running ones', async () => {
  const id = await ada.createTask('Tea');
  const server = await startServerProcess(world.databaseUrl);
  const ready = async () => (await fetch(`${server.url}/readyz`)).status;
  const viewer = () => ask(server.url, '{ viewer { name } }');
  const busy = await dialAs(server, key);
  const idle = await dialAs(server, key);
  const letGo = await hold();
  const overHttp = ask(server.url, RENAME, { id });
  // A change, since a read would be ended after two seconds.
  const query = `mutation { updateTask(input: { id: "${id}", priority: HIGH }) { task { id } } }`;
  busy.send({ id: '1', type: 'subscribe', payload: { query } });
  await waiting(2);
  expect(await ready()).toBe(200);
  const ended = server.stop();

  // First it only reports it, for load balancers.
  await expect.poll(ready, { interval: 10, timeout: 10_000 }).toBe(503);
  const late = await viewer();
  expect(late).toMatchObject({ status: 200, answer: { data: { viewer: { name: 'Ada' } } } });
  expect(late.headers.get('connection')).toBe('close');
  await expect(dialAs(server, key)).rejects.toThrow('503');

  await expect.poll(viewer, { timeout: 10_000 }).toMatchObject({ status: 503, answer: stopping });
  expect((await fetch(`${server.url}/healthz`)).status, 'alive until the end').toBe(200);
  expect(await idle.closed).toMatchObject({ code: 1001 });
  busy.send({ id: '2', type: 'subscribe', payload: { query: '{ viewer { name } }' } });
  const refused = await busy.frame(({ id, type }) => id === '2' && type === 'error');
  expect({ errors: refused.payload }).toMatchObject(stopping);

  await letGo();
  expect(await overHttp).toMatchObject({ status: 200, answer: renamed });
  const answered = await busy.frame(({ id, type }) => id === '1' && type === 'next');
  expect(answered.payload).toEqual({ data: { updateTask: { task: { id } } } });
  expect(await busy.closed).toMatchObject({ code: 1001 });
  expect(await ended).toBe(0);
});

test('[T064] subscribers on sockets are disconnected one after the other', async () => {
  const server = await startServerProcess(world.databaseUrl);
  const wires = await Promise.all(Array.from({ length: 90 }, () => dialAs(server, key)));
  const ended = server.stop();
  const times = await Promise.all(
    wires.map(async ({ closed }) => ((await closed).code === 1001 ? performance.now() : NaN)),
  );
  // The last of them waits for 90 times 4 ms.
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(100);
  expect(await ended).toBe(0);
});

test('[T064] subscribers by server-sent events are disconnected one after the other, with a reason', async () => {
  const server = await startServerProcess(world.databaseUrl);
  const streams = await Promise.all(
    Array.from({ length: 90 }, async () => {
      const response = await fetch(`${server.url}/graphql`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'text/event-stream',
          authorization: `Bearer ${key.token}`,
        },
        body: '{"query":"subscription { events { cursor } }"}',
      });
      const chunks = (response.body ?? new ReadableStream<Uint8Array<ArrayBuffer>>()).pipeThrough(
        new TextDecoderStream(),
      );
      const reader = chunks.getReader();
      let text = '';
      while (!text.includes('cursor')) text += (await reader.read()).value ?? '';
      return { reader, text };
    }),
  );
  const ended = server.stop();
  const times = await Promise.all(
    streams.map(async ({ reader }) => {
      let text = '';
      for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
      expect(text).toContain('UNAVAILABLE');
      return performance.now();
    }),
  );
  // As for sockets.
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(100);
  expect(await ended).toBe(0);
});

test('[T064] requests that do not end delay the stop by at most 15 seconds', async () => {
  const id = await ada.createTask('Held');
  const server = await startServerProcess(world.databaseUrl);
  await hold();
  const cut = ask(server.url, RENAME, { id }).catch(() => undefined);
  await waiting(1);
  const began = performance.now();
  expect([0, 1]).toContain(await server.stop());
  expect(performance.now() - began).toBeLessThan(15_000);
  await cut;
});
