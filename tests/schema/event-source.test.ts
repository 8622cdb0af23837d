import { request, type IncomingMessage } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
const { people } = world;
const EVENTS = 'subscription { events { cursor event { task { title } } } }';

interface StreamEvent {
  event?: string;
  id?: string;
  data?: string;
}

/** Reads like a browser's EventSource: by GET, with the last id after a reconnect. */
async function follow(person: Person, query = EVENTS, lastEventId?: string) {
  const headers = {
    accept: 'text/event-stream',
    authorization: `Bearer ${person.token}`,
    ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
  };
  const began = performance.now();
  const sent = request(`${world.url}/graphql?query=${encodeURIComponent(query)}`, { headers, agent: false });
  onTestFinished(() => void sent.on('error', () => undefined).destroy());
  const events: StreamEvent[] = [];
  let isOver = false;
  const answer = await new Promise<IncomingMessage>((resolve) => {
    sent.once('response', resolve).end();
  });
  let text = '';
  answer
    .on('data', (chunk: Buffer) => {
      text += String(chunk);
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const lines = block.split('\n').map((line) => /^(\w+): ?(.*)$/.exec(line) ?? []);
        events.push(Object.fromEntries(lines.map(([, name = '', value = '']) => [name, value])));
      }
    })
    .once('close', () => (isOver = true))
    .on('error', () => undefined);
  const titles = () => events.flatMap(({ data }) => /"title":"([^"]*)"/.exec(data ?? '')?.[1] ?? []);
  return {
    status: answer.statusCode,
    headers: answer.headers,
    events,
    titles,
    took: performance.now() - began,
    leave: () => sent.destroy(),
    isOver: () => isOver,
  };
}

test('a stream starts at once, and has headers that disable buffering in proxies (SSE-PROXY)', async () => {
  const { ada } = await people('Ada');
  const stream = await follow(ada);
  expect(stream.status).toBe(200);
  expect(stream.took).toBeLessThan(1_000);
  expect(stream.headers['x-accel-buffering']).toBe('no');
  expect(stream.headers['cache-control']).toBe('private, no-cache, no-transform');
  expect(stream.headers['content-encoding']).toBeUndefined();
  await expect.poll(() => stream.events.some(({ event }) => event === 'next'), { timeout: 1_000 }).toBe(true);
});

test('[FR-024] a browser that reconnects with the last id gets the missed events (EVENTSOURCE)', async () => {
  const { ada } = await people('Ada');
  const first = await follow(ada);
  await expect.poll(() => first.events.some(({ event }) => event === 'next')).toBe(true);
  await ada.createTask('one');
  await expect.poll(first.titles).toEqual(['one']);
  const last = first.events.findLast(({ id }) => id)?.id;
  expect(last).toBeTruthy();
  expect(first.events.findLast(({ data }) => data)?.data).toContain(`"cursor":"${last}"`);
  first.leave();
  await ada.createTask('two');
  const second = await follow(ada, EVENTS, last);
  await expect.poll(second.titles).toEqual(['two']);
});

test('[FR-011] a browser does not reconnect after the end of a stream (EVENTSOURCE)', async () => {
  const { ada } = await people('Ada');
  const stream = await follow(ada);
  await expect.poll(() => stream.events.length).toBeGreaterThan(1);
  await ada.query('mutation { signOut { signedOut } }');
  await expect.poll(stream.isOver).toBe(true);
  expect(stream.events.at(-1)).toEqual({ event: 'complete', id: 'end', data: '' });
  expect((await follow(ada, EVENTS, 'end')).status).toBe(204);
});

test('[FR-011] a browser of a signed-out person does not reconnect forever either (EVENTSOURCE)', async () => {
  const { ada } = await people('Ada');
  const stream = await follow({ ...ada, token: 'nonsense' });
  await expect.poll(stream.isOver).toBe(true);
  const isRefused = stream.status !== 200;
  expect(isRefused || stream.events.at(-1)?.id === 'end').toBe(true);
});
