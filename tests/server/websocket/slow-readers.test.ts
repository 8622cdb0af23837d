import { request, type IncomingMessage } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { dialAs, watchEvents, watchOn, type EventTold, type Wire } from '../../kit/live.ts';
import { startWorld, type Person } from '../../kit/world.ts';

const MEGABYTE = 1024 * 1024;
const world = await startWorld({ UNSENT_MB_PER_PERSON: '6', UNSENT_MB: '9', SOCKETS_PER_PERSON: '20' });

const unsentBytes = async () => {
  const metrics = await (await fetch(`${world.url}/metrics`)).text();
  return Number(/^taskwire_kept{what="unsent bytes"} (.*)$/m.exec(metrics)?.[1]);
};

const CREATE = 'mutation ($tasks: [CreateTaskInput!]!) { createTasks(input: { tasks: $tasks }) { cursor } }';
/** About 1.5 MB. */
const LIST = '{ tasks(first: 50) { nodes { description } } }';
const EVENTS =
  'subscription ($after: String) { events(after: $after) { cursor event { task { title description } } } }';

/** In requests that are short enough. */
async function createLong(person: Person, many: number, details: object = {}): Promise<void> {
  for (let made = 0; made < many; made += 25) {
    const tasks = Array.from({ length: 25 }, (_, n) => ({
      title: `Task ${made + n}`,
      description: '✓'.repeat(10_000),
      ...details,
    }));
    await person.query(CREATE, { tasks });
  }
}

/** Requests more than a connection holds, and does not read it. */
function askWithoutReading(wire: Wire, times: number) {
  wire.socket.pause();
  for (let id = 0; id < times; id += 1)
    wire.send({ id: String(id), type: 'subscribe', payload: { query: LIST } });
}

test('[BR-19] one person’s unread bytes are limited over all their sockets, and others are not affected (M8)', async () => {
  const { ada, bob } = await world.people('Ada', 'Bob');
  await createLong(ada, 50);
  const ofBob = await watchEvents(world, bob);
  const wires = await Promise.all(Array.from({ length: 12 }, () => dialAs(world, ada)));
  let most = 0;
  for (const wire of wires) {
    askWithoutReading(wire, 10);
    most = Math.max(most, await unsentBytes());
  }
  for (let looks = 0; looks < 20; looks += 1) {
    most = Math.max(most, await unsentBytes());
    await bob.createTask(`while others do not read ${looks}`);
  }
  expect(most).toBeGreaterThan(MEGABYTE);
  expect(most).toBeLessThanOrEqual(6 * MEGABYTE);
  await ofBob.until(({ events }) => events.event?.task?.title === 'while others do not read 19');
  for (const wire of wires) wire.socket.resume();
  const codes = await Promise.race([
    Promise.all(wires.slice(0, 6).map(async ({ closed }) => (await closed).code)),
    new Promise<string>((resolve) => setTimeout(() => resolve('still open'), 10_000)),
  ]);
  expect(codes).toEqual(Array.from({ length: 6 }, () => 1006));
});

test('[BR-19] many people who do not read share the limit of the process (M8)', async () => {
  const { ada, bob, cyd } = await world.people('Ada', 'Bob', 'Cyd');
  let most = 0;
  for (const person of [ada, bob, cyd]) {
    await createLong(person, 50);
    for (let n = 0; n < 4; n += 1) {
      askWithoutReading(await dialAs(world, person), 10);
      most = Math.max(most, await unsentBytes());
    }
  }
  await expect
    .poll(async () => (most = Math.max(most, await unsentBytes())), { timeout: 3_000 })
    .toBeGreaterThan(0);
  expect(most).toBeGreaterThan(6 * MEGABYTE);
  expect(most).toBeLessThanOrEqual(9 * MEGABYTE);
});

test('[SC-003] [BR-19] a person who was disconnected resumes after their cursor (M8)', async () => {
  const { ada } = await world.people('Ada');
  const wire = await dialAs(world, ada);
  const events = watchOn<EventTold>(wire, EVENTS);
  const { events: first } = await events.until(() => true);
  await createLong(ada, 50);
  askWithoutReading(wire, 20);
  await expect.poll(unsentBytes, { timeout: 10_000 }).toBeGreaterThan(0);
  await expect.poll(unsentBytes, { timeout: 20_000 }).toBe(0);
  wire.socket.resume();
  await wire.closed;
  const resumed = watchOn<EventTold>(await dialAs(world, ada), EVENTS, { after: first.cursor });
  await resumed.until(({ events: { event } }) => event?.task?.title === 'Task 49');
  expect(resumed.told.filter(({ events: { event } }) => event !== null)).toHaveLength(50);
});

/** Subscribes over server-sent events. */
async function stream(person: Person, query: string): Promise<IncomingMessage> {
  const asked = request(`${world.url}/graphql`, {
    method: 'POST',
    agent: false,
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      authorization: `Bearer ${person.token}`,
    },
  });
  onTestFinished(() => {
    asked.destroy();
  });
  asked.on('error', () => undefined);
  const response = await new Promise<IncomingMessage>((resolve) => {
    asked.on('response', resolve).end(JSON.stringify({ query }));
  });
  return response.on('error', () => undefined);
}

/** Sends 1.5 MB at each change. */
const LONG =
  'subscription { events { cursor event { actor { id } task { title parent { subtasks(first: 50) { nodes { description } } } } } } }';

test('[BR-19] unread event streams and their bytes count like sockets (M8)', async () => {
  const { eve } = await world.people('Eve');
  const parentId = await eve.createTask('parent');
  await createLong(eve, 50, { parentId });
  const streams = await Promise.all(Array.from({ length: 20 }, () => stream(eve, LONG)));
  for (const each of streams) each.pause();
  let refusal = '';
  for await (const chunk of await stream(eve, LONG)) refusal += String(chunk);
  expect(refusal).toContain('RATE_LIMITED');
  let most = 0;
  for (let n = 0; n < 12; n += 1) {
    await eve.createTask(`change ${n}`, { parentId });
    most = Math.max(most, await unsentBytes());
  }
  const closed = streams.map((each) => new Promise((resolve) => each.once('close', resolve)));
  for (const each of streams) each.resume();
  await Promise.race(closed);
  expect(most).toBeGreaterThan(MEGABYTE);
  expect(most).toBeLessThanOrEqual(6 * MEGABYTE);
});

test('[BR-19] a response that is far too long is rejected by its socket, and the next ones are sent', async () => {
  const { ada } = await world.people('Ada');
  await createLong(ada, 200);
  const wire = await dialAs(world, ada);
  const all = [1, 2].map((n) => `page${n}: tasks(first: 100) { nodes { description title } }`);
  wire.send({ id: 'a","payload":', type: 'subscribe', payload: { query: `{ ${all.join(' ')} }` } });
  const { payload } = await wire.frame(({ id, type }) => id === 'a","payload":' && type === 'next');
  expect(payload).toMatchObject({ errors: [{ extensions: { code: 'QUERY_TOO_COMPLEX' } }] });
  wire.send({ id: 'short', type: 'subscribe', payload: { query: '{ viewer { name } }' } });
  expect((await wire.frame(({ id }) => id === 'short')).payload).toEqual({
    data: { viewer: { name: 'Ada' } },
  });
});

test('[BR-19] a socket that sends pings without reading the pongs is disconnected', async () => {
  const { ada } = await world.people('Ada');
  const wire = await dialAs(world, ada);
  for (let n = 0; n < 1_300; n += 1) wire.socket.ping();
  expect([1013, 1006]).toContain((await wire.closed).code);
});
