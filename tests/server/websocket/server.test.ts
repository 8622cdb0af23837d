import { expect, onTestFinished, test } from 'vitest';
import { apiTokenOf } from '../../kit/api-tokens.ts';
import { dial, dialAs, watchEvents, watchOn, type EventTold, type Wire } from '../../kit/live.ts';
import { routeTo } from '../../kit/outage.ts';
import { startTestServer } from '../../kit/server.ts';
import { openSession } from '../../kit/session.ts';
import { startWorld } from '../../kit/world.ts';

const world = await startWorld({ SOCKETS_PER_PERSON: '3' });
const { ada } = await world.people('Ada');

const init = { type: 'connection_init', payload: { authorization: `Bearer ${ada.token}` } };
const VIEWER = '{ viewer { name } }';
const EVENTS = 'subscription { events { cursor event { kind } } }';

const answerTo = (wire: Wire, id: string, ...types: string[]) =>
  wire.frame((frame) => frame.id === id && types.includes(frame.type));

test('[FR-021] a query has the same answer over a socket as over HTTP, with the same errors', async () => {
  const wire = await dialAs(world, ada);
  wire.send({ id: '1', type: 'subscribe', payload: { query: VIEWER } });
  expect((await answerTo(wire, '1', 'next')).payload).toEqual({ data: { viewer: { name: 'Ada' } } });
  await answerTo(wire, '1', 'complete');
  const query = 'query ($id: ID!) { task(id: $id) { id } }';
  for (const [id, variables, extensions] of [
    ['2', { id: 'nonsense' }, { code: 'VALIDATION_FAILED', field: 'id' }],
    ['3', {}, { code: 'BAD_USER_INPUT' }],
  ] as const) {
    wire.send({ id, type: 'subscribe', payload: { query, variables } });
    const { errors } = (await answerTo(wire, id, 'next')).payload as { errors: { extensions: object }[] };
    expect(errors.map((error) => error.extensions)).toEqual([extensions]);
  }
});

test('a document with a syntax error fails only its own operation', async () => {
  const wire = await dialAs(world, ada);
  const events = watchOn<EventTold>(wire, EVENTS);
  await events.until(() => true);
  for (const [query, code] of [
    ['{', 'GRAPHQL_PARSE_FAILED'],
    [`{ ${'viewer { '.repeat(200)} }`, 'GRAPHQL_PARSE_FAILED'],
    ['{ nothingLikeThis }', 'GRAPHQL_VALIDATION_FAILED'],
    ['subscription { events { cursor } dashboard { cursor } }', 'GRAPHQL_VALIDATION_FAILED'],
  ]) {
    wire.send({ id: String(code), type: 'subscribe', payload: { query } });
    const { payload } = await answerTo(wire, String(code), 'error');
    expect((payload as { extensions: object }[]).map(({ extensions }) => extensions)).toEqual([{ code }]);
    wire.frames.length = 0;
  }
  await ada.createTask('still here');
  await events.until(({ events: { event } }) => event?.kind === 'TASK_CREATED');
});

test('4400: an invalid protocol message closes the socket', async () => {
  const malformed = [
    '',
    'hello',
    '{',
    '[]',
    'null',
    '42',
    '"ping"',
    '{}',
    '{"type":null}',
    '{"type":"unknown"}',
    '{"type":"subscribe"}',
    '{"type":"subscribe","id":"1"}',
    '{"type":"subscribe","id":1,"payload":{"query":"{ viewer { id } }"}}',
    '{"type":"subscribe","id":"1","payload":{"query":null}}',
    '{"type":"subscribe","id":"","payload":{"query":"{ viewer { id } }"}}',
    '{"type":"complete"}',
    '{"type":"ping","payload":1}',
  ];
  for (const text of malformed) {
    const wire = await dial(world.url);
    wire.send(text);
    expect(await wire.closed, text).toMatchObject({ code: 4400 });
  }
});

test('4401: operations before connection_init are rejected', async () => {
  const wire = await dial(world.url);
  wire.send({ id: '1', type: 'subscribe', payload: { query: VIEWER } });
  expect(await wire.closed).toEqual({ code: 4401, reason: 'Unauthorized' });
});

test('[FR-011] [SC-008] 4403: an invalid or missing credential is rejected', async () => {
  for (const payload of [undefined, {}, { authorization: 'Bearer nonsense' }, { authorization: 7 }]) {
    const wire = await dial(world.url);
    wire.send({ type: 'connection_init', payload });
    expect(await wire.closed).toEqual({ code: 4403, reason: 'Forbidden' });
  }
});

test('4403: a page of another origin is rejected, with any credential', async () => {
  const foreign = await dial(world.url, { headers: { origin: 'https://elsewhere.example' } });
  foreign.send(init);
  expect(await foreign.closed).toMatchObject({ code: 4403 });
  const own = await dial(world.url, { headers: { origin: world.url } });
  own.send(init);
  await own.frame(({ type }) => type === 'connection_ack');
});

test('a browser’s cookie is accepted from its own pages only', async () => {
  const response = await fetch(`${world.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      query:
        'mutation ($email: String!) { signIn(input: { email: $email, password: "correct horse battery" }) { token } }',
      variables: { email: ada.email },
    }),
  });
  const cookie = response.headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0])
    .join('; ');
  const own = await dial(world.url, { headers: { cookie, origin: world.url } });
  own.send({ type: 'connection_init' });
  await own.frame(({ type }) => type === 'connection_ack');
  const foreign = await dial(world.url, { headers: { cookie, origin: 'https://elsewhere.example' } });
  foreign.send({ type: 'connection_init' });
  expect(await foreign.closed).toMatchObject({ code: 4403 });
});

test('4406: other protocols are rejected', async () => {
  for (const protocol of ['graphql-ws', []]) {
    const wire = await dial(world.url, { protocol });
    expect(await wire.closed).toMatchObject({ code: 4406 });
  }
});

test('4408: a client that sends nothing is disconnected after ten seconds', async () => {
  const wire = await dial(world.url);
  expect(await wire.closed).toMatchObject({ code: 4408 });
});

test('4409: an id names one operation at a time, and can be reused afterwards', async () => {
  const wire = await dialAs(world, ada);
  for (const round of [1, 2]) {
    wire.send({ id: 'same', type: 'subscribe', payload: { query: VIEWER } });
    await answerTo(wire, 'same', 'complete');
    if (round === 1) wire.frames.length = 0;
  }
  const events = { id: 'events', type: 'subscribe', payload: { query: EVENTS } };
  wire.send(events);
  await answerTo(wire, 'events', 'next');
  wire.send(events);
  expect(await wire.closed).toEqual({ code: 4409, reason: 'Subscriber for events already exists' });
});

const subscriptions = async () =>
  Number(/^taskwire_subscriptions (.*)$/m.exec(await (await fetch(`${world.url}/metrics`)).text())?.[1]);

test.each([
  ['a running subscription', EVENTS, true],
  ['a subscription that is starting', EVENTS, false],
  ['a query without an answer yet', VIEWER, false],
])(
  'the id of %s can be reused as soon as it is completed, and names only the new operation',
  async (_what, query, isAwaited) => {
    const wire = await dialAs(world, ada);
    wire.send({ id: 'same', type: 'subscribe', payload: { query } });
    if (isAwaited) await answerTo(wire, 'same', 'next');
    wire.frames.length = 0;
    wire.send({ id: 'same', type: 'complete' });
    wire.send({ id: 'same', type: 'subscribe', payload: { query: EVENTS } });
    await answerTo(wire, 'same', 'next');
    await ada.createTask('told once');
    await wire.frame(({ payload }) => JSON.stringify(payload).includes('TASK_CREATED'));
    wire.send({ id: 'after', type: 'subscribe', payload: { query: VIEWER } });
    await answerTo(wire, 'after', 'complete');
    expect(wire.frames.filter(({ id }) => id === 'same')).toMatchObject([
      { type: 'next', payload: { data: { events: { event: null } } } },
      { type: 'next', payload: { data: { events: { event: { kind: 'TASK_CREATED' } } } } },
    ]);
    wire.socket.close();
    await expect.poll(subscriptions).toBe(0);
  },
);

test('4429: a second connection_init is rejected', async () => {
  const wire = await dialAs(world, ada);
  wire.send(init);
  expect(await wire.closed).toEqual({ code: 4429, reason: 'Too many initialisation requests' });
});

test('[FR-023] a ping is answered with its payload, also before connection_init', async () => {
  const wire = await dial(world.url);
  wire.send({ type: 'ping', payload: { at: 7 } });
  expect(await wire.frame(({ type }) => type === 'pong')).toEqual({ type: 'pong', payload: { at: 7 } });
  wire.send({ type: 'pong' });
  wire.send(init);
  await wire.frame(({ type }) => type === 'connection_ack');
});

test('many subscriptions share a socket, and each ends by itself', async () => {
  const wire = await dialAs(world, ada);
  const [staying, going] = [watchOn<EventTold>(wire, EVENTS), watchOn<EventTold>(wire, EVENTS)];
  await Promise.all([staying.until(() => true), going.until(() => true)]);
  going.stop();
  wire.send({ id: 'after', type: 'subscribe', payload: { query: VIEWER } });
  await answerTo(wire, 'after', 'complete');
  await ada.createTask('for one of them');
  await staying.until(({ events: { event } }) => event?.kind === 'TASK_CREATED');
  expect(going.told).toHaveLength(1);
});

test('a socket can have a hundred operations', async () => {
  const wire = await dialAs(world, ada);
  const all = Array.from({ length: 101 }, () => watchOn<EventTold>(wire, EVENTS));
  expect(await Promise.race(all.map(({ end }) => end))).toBe('RATE_LIMITED');
  await all[0]?.until(() => true);
});

test('a message can be as long as a request’s body', async () => {
  const wire = await dialAs(world, ada);
  wire.send({
    id: '1',
    type: 'subscribe',
    payload: { query: `{ viewer { name } } # ${'x'.repeat(1024 * 1024)}` },
  });
  expect(await wire.closed).toMatchObject({ code: 1009 });
});

test('a client that sends far too much is disconnected', async () => {
  const wire = await dialAs(world, ada);
  for (let sent = 0; sent < 1_300; sent += 1) wire.send({ type: 'pong' });
  expect(await wire.closed).toMatchObject({ code: 1013 });
});

test('a person’s sockets are limited', async () => {
  const { bob } = await world.people('Bob');
  const wires = await Promise.all([1, 2, 3].map(() => dialAs(world, bob)));
  const fourth = await dial(world.url);
  fourth.send({ type: 'connection_init', payload: { authorization: `Bearer ${bob.token}` } });
  expect(await fourth.closed).toMatchObject({ code: 1013 });
  wires[0]?.socket.close();
  await wires[0]?.closed;
  await dialAs(world, bob);
});

test('[FR-023] connecting without a database gets 1013 to retry later', async () => {
  const route = await routeTo(world.databaseUrl);
  const elsewhere = await startTestServer(route.url);
  onTestFinished(() => elsewhere.stop());
  const key = await apiTokenOf(ada);
  await route.cut();
  const early = await dial(elsewhere.url);
  early.send({ type: 'connection_init', payload: { authorization: `Bearer ${key.token}` } });
  expect(await early.closed).toMatchObject({ code: 1013 });
  await route.restore();
  await dialAs(elsewhere, key);
});

test('other paths reject upgrades', async () => {
  await expect(dial(`${world.url}/elsewhere`)).rejects.toThrow('404');
});

test('[FR-023] every socket gets pings, and is closed without a pong', async () => {
  const quick = await startTestServer(world.databaseUrl, { HEARTBEAT_SECONDS: '1' });
  onTestFinished(() => quick.stop());
  const { eve } = await world.people('Eve');
  const [living, dead] = await Promise.all([
    watchEvents(quick, await apiTokenOf(eve)),
    dial(quick.url, { autoPong: false }),
  ]);
  let pings = 0;
  living.wire.socket.on('ping', () => (pings += 1));
  expect((await dead.closed).code).toBe(1006);
  await expect.poll(() => pings, { timeout: 10_000 }).toBeGreaterThan(2);
  await eve.createTask('after several beats');
  await living.until(({ events }) => events.event?.task?.title === 'after several beats');
});

test('a disconnect during authentication releases its slot', async () => {
  const { ada } = await world.people('Ada');
  const key = await apiTokenOf(ada);
  await using holder = await openSession(world.databaseUrl);
  await holder.query('BEGIN; LOCK TABLE api_tokens');
  for (let n = 0; n < 3; n += 1) {
    const wire = await dial(world.url);
    wire.send({ type: 'connection_init', payload: { authorization: `Bearer ${key.token}` } });
    const waiters = () => world.db.$queryRaw<object[]>`
      SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
    await expect.poll(waiters).toHaveLength(n + 1);
    wire.socket.terminate();
    await wire.closed;
  }
  await holder.query('ROLLBACK');
  await dialAs(world, key);
  await dialAs(world, key);
  await dialAs(world, key);
});
