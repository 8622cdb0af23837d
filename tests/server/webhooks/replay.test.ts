import { expect, onTestFinished, test } from 'vitest';
import { startProcess } from '../../../ops/drills/server-process.ts';
import { uuidOf } from '../../../server/ids.ts';
import { trimDeliveries } from '../../../server/webhooks/retention.ts';
import { makeWebhook, startReceiver, stateOf, verify } from '../../kit/receiver.ts';
import { SECRET } from '../../kit/server.ts';
import { startWorld, type Person } from '../../kit/world.ts';

const world = await startWorld({ WEBHOOK_ALLOW: '127.0.0.1' });
const { people, db } = world;
const SOON = { timeout: 15_000, interval: 50 };

async function eventsSince(person: Person, sequence: bigint): Promise<string[]> {
  const { activity } = await person.query<{ activity: { nodes: { id: string }[] } }>(
    '{ activity(first: 100) { nodes { id } } }',
  );
  return activity.nodes
    .map(({ id }) => id)
    .filter((id) => BigInt(id.split('-')[0] ?? '') > sequence)
    .reverse();
}

async function lastSequence(): Promise<bigint> {
  return (await db.event.findFirstOrThrow({ orderBy: { sequence: 'desc' } })).sequence;
}

test('a replay from a cursor equals the log, in its order, and goes on with new events', async () => {
  const { ada } = await people('Ada');
  const receiver = await startReceiver();
  const webhook = await makeWebhook(ada, { url: receiver.url });
  const before = await lastSequence();
  const { cursor } = await ada.query<{ cursor: string }>('{ cursor }');
  for (let n = 0; n < 30; n += 1) await ada.createTask(`Task ${n}`);
  await expect.poll(() => receiver.received.length, SOON).toBe(30);
  receiver.received.length = 0;
  const replay =
    'mutation ($id: ID!, $after: String!) { replayWebhook(input: { id: $id, after: $after }) { cursor } }';
  await ada.query(replay, { id: webhook.id, after: cursor });
  await ada.createTask('Later');
  await expect.poll(() => receiver.received.length, SOON).toBe(31);
  expect(receiver.received.map(({ body }) => body.id)).toEqual(await eventsSince(ada, before));
  const ofAnotherLog = Buffer.from(cursor, 'base64url').toString().replace(/^.{8}/, '00000000');
  for (const bad of ['nonsense', Buffer.from(ofAnotherLog).toString('base64url')])
    await expect(ada.query(replay, { id: webhook.id, after: bad })).rejects.toMatchObject({
      code: expect.stringMatching(/VALIDATION_FAILED|CURSOR_EXPIRED/) as string,
    });
});

test('a redelivery has the id of the first delivery, a test its own type', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const receiver = await startReceiver();
  const webhook = await makeWebhook(ada, { url: receiver.url, kinds: ['TASK_CREATED'] });
  await ada.createTask('First');
  await expect
    .poll(async () => (await stateOf(ada, webhook)).deliveries.nodes[0]?.status, SOON)
    .toBe('DELIVERED');
  const deliveryId = (await stateOf(ada, webhook)).deliveries.nodes[0]?.id;
  const again =
    'mutation ($deliveryId: ID!) { redeliverWebhook(input: { deliveryId: $deliveryId }) { delivery { cause status } } }';
  await expect(ada.query(again, { deliveryId })).resolves.toEqual({
    redeliverWebhook: { delivery: { cause: 'REDELIVERY', status: 'PENDING' } },
  });
  await expect(bob.query(again, { deliveryId })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await ada.query('mutation ($id: ID!) { testWebhook(input: { id: $id }) { cursor } }', webhook);
  await expect.poll(() => receiver.types(), SOON).toEqual(['TASK_CREATED', 'TASK_CREATED', 'TEST']);
  const [first, second, trial] = receiver.received;
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
  expect(verify(webhook.secret, trial)).toMatchObject({ type: 'TEST', webhook: { id: webhook.id } });
});

test('after a rotation, both secrets verify for 24 hours, then only the new one', async () => {
  const { ada } = await people('Ada');
  const receiver = await startReceiver();
  const webhook = await makeWebhook(ada, { url: receiver.url, kinds: ['TASK_CREATED'] });
  const { rotateWebhookSecret } = await ada.query<{ rotateWebhookSecret: { secret: string } }>(
    'mutation ($id: ID!) { rotateWebhookSecret(input: { id: $id }) { secret webhook { previousSecretUntil } } }',
    webhook,
  );
  const { secret } = rotateWebhookSecret;
  expect(secret).toMatch(/^whsec_[\w+/]{43}=$/);
  await ada.createTask('Both');
  await expect.poll(() => receiver.received.length, SOON).toBe(1);
  for (const each of [webhook.secret, secret]) verify(each, receiver.received[0]);
  await db.webhook.update({
    where: { id: uuidOf('Webhook', webhook.id) },
    data: { previousSecretUntil: new Date(Date.now() - 1000) },
  });
  await ada.createTask('One');
  await expect.poll(() => receiver.received.length, SOON).toBe(2);
  verify(secret, receiver.received[1]);
  expect(() => verify(webhook.secret, receiver.received[1])).toThrow();
  const stored = await db.webhook.findUniqueOrThrow({ where: { id: uuidOf('Webhook', webhook.id) } });
  expect(
    JSON.stringify(stored, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  ).not.toMatch(/whsec_/);
});

async function startServer(port = '0') {
  const server = await startProcess({
    PORT: port,
    LOG_LEVEL: 'error',
    AUTH_SECRET: SECRET,
    DATABASE_URL: world.databaseUrl,
    WEBHOOK_ALLOW: '127.0.0.1',
  });
  onTestFinished(() => server.kill());
  return server;
}

test('two servers deliver each event once, in the order of its task', async () => {
  await startServer();
  const { ada } = await people('Ada');
  const receivers = await Promise.all(Array.from({ length: 3 }, () => startReceiver()));
  const kinds = ['TASK_CREATED', 'TASK_COMPLETED', 'TASK_REOPENED'];
  for (const { url } of receivers) await makeWebhook(ada, { url, kinds });
  const before = await lastSequence();
  const ids = await Promise.all(Array.from({ length: 10 }, (_, n) => ada.createTask(`Task ${n}`)));
  for (const verb of ['completeTask', 'reopenTask', 'completeTask'])
    await Promise.all(
      ids.map((id) => ada.query(`mutation ($id: ID!) { ${verb}(input: { id: $id }) { cursor } }`, { id })),
    );
  await expect.poll(() => receivers.map(({ received }) => received.length), SOON).toEqual([40, 40, 40]);
  const expected = await eventsSince(ada, before);
  expect(expected).toHaveLength(40);
  for (const { received } of receivers) {
    expect(received.map(({ body }) => body.id).sort()).toEqual([...expected].sort());
    for (const id of ids) {
      const ofTask = received.filter(({ text }) => text.includes(id)).map(({ body }) => body.type);
      expect(ofTask).toEqual(['TASK_CREATED', 'TASK_COMPLETED', 'TASK_REOPENED', 'TASK_COMPLETED']);
    }
  }
}, 60_000);

test('finished deliveries are kept for 30 days', async () => {
  const { ada } = await people('Ada');
  const receiver = await startReceiver();
  const webhook = await makeWebhook(ada, { url: receiver.url, kinds: ['TASK_CREATED'] });
  await ada.createTask('Old');
  await ada.createTask('New');
  await expect.poll(() => receiver.received.length, SOON).toBe(2);
  const webhookId = uuidOf('Webhook', webhook.id);
  const [oldest] = await db.webhookDelivery.findMany({ where: { webhookId }, orderBy: { place: 'asc' } });
  const createdAt = new Date(Date.now() - 31 * 24 * 60 * 60_000);
  await db.webhookDelivery.update({ where: { id: oldest?.id ?? '' }, data: { createdAt } });
  await trimDeliveries(db);
  expect((await stateOf(ada, webhook)).deliveries.totalCount).toBe(1);
});

test('a webhook gets no events from before it, also while a long transaction holds the log back', async () => {
  const { ada } = await people('Ada');
  const receiver = await startReceiver();
  const held = Promise.withResolvers<unknown>();
  const began = Promise.withResolvers<unknown>();
  const holding = db.$transaction(
    async (tx) => {
      await tx.$queryRaw`SELECT pg_current_xact_id()::text`;
      began.resolve(null);
      await held.promise;
    },
    { timeout: 20_000 },
  );
  await began.promise;
  await ada.createTask('Before');
  await makeWebhook(ada, { url: receiver.url });
  await ada.createTask('After');
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(receiver.received).toEqual([]);
  held.resolve(null);
  await holding;
  await expect.poll(() => receiver.received.length, SOON).toBe(1);
  expect(receiver.received[0]?.body).toMatchObject({ task: { title: 'After' } });
});
