import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { uuidOf } from '../../../server/ids.ts';
import { makeWebhook, startReceiver, stateOf, type MadeWebhook } from '../../kit/receiver.ts';
import { startWorld } from '../../kit/world.ts';

const world = await startWorld({ WEBHOOK_ALLOW: '127.0.0.1' });

const uuid = ({ id }: MadeWebhook) => uuidOf('Webhook', id);
const SOON = { timeout: 10_000, interval: 50 };

/** Makes the pauses between attempts pass. */
async function pass(webhook: MadeWebhook, hours = 0): Promise<void> {
  await world.db.$executeRaw`UPDATE webhooks SET retry_at = NULL WHERE id = ${uuid(webhook)}::uuid`;
  await world.db.$executeRaw`
    UPDATE webhook_deliveries SET next_attempt_at = now(), first_attempt_at = first_attempt_at - make_interval(hours => ${hours}::int)
    WHERE webhook_id = ${uuid(webhook)}::uuid AND status = 'PENDING'`;
}

test('a receiver that fails gets the events again later, in their order, with the same id', async () => {
  const { ada } = await world.people('Ada');
  const receiver = await startReceiver();
  receiver.answer = (response) => response.writeHead(503).end();
  const webhook = await makeWebhook(ada, { url: receiver.url, kinds: ['TASK_CREATED', 'TASK_UPDATED'] });
  const id = await ada.createTask('Water the plants');
  for (const title of ['Water all plants', 'Water no plants'])
    await ada.query('mutation ($input: UpdateTaskInput!) { updateTask(input: $input) { cursor } }', {
      input: { id, title },
    });
  await expect
    .poll(async () => (await stateOf(ada, webhook)).deliveries.nodes.at(-1), SOON)
    .toMatchObject({ status: 'PENDING', attempts: 1, responseStatus: 503 });
  const { deliveries } = await stateOf(ada, webhook);
  expect(deliveries.nodes.map(({ attempts }) => attempts)).toEqual([0, 0, 1]);
  const wait = Date.parse(deliveries.nodes.at(-1)?.nextAttemptAt ?? '') - Date.now();
  expect(wait).toBeGreaterThan(1_000);
  expect(wait).toBeLessThan(7_000);
  receiver.answer = (response) => response.writeHead(200).end('thanks');
  await pass(webhook);
  await expect
    .poll(() => receiver.types(), SOON)
    .toEqual(['TASK_CREATED', 'TASK_CREATED', 'TASK_UPDATED', 'TASK_UPDATED']);
  const [first, again] = receiver.received;
  expect(again?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
  expect((await stateOf(ada, webhook)).deliveries.nodes.map(({ status }) => status)).toEqual(
    Array(3).fill('DELIVERED'),
  );
});

test('an event that a receiver does not take delays only later events about the same task', async () => {
  const { ada } = await world.people('Ada');
  const receiver = await startReceiver();
  const webhook = await makeWebhook(ada, { url: receiver.url, kinds: ['TASK_CREATED', 'TASK_COMPLETED'] });
  const poison = await ada.createTask('Poison');
  receiver.answer = (response, { text }) => response.writeHead(text.includes(poison) ? 500 : 204).end();
  await ada.query('mutation ($id: ID!) { completeTask(input: { id: $id }) { cursor } }', { id: poison });
  const other = await ada.createTask('Harmless');
  const taken = () =>
    receiver.received.filter(({ text }) => text.includes(other)).map(({ body }) => body.type);
  await expect.poll(taken, SOON).toEqual(['TASK_CREATED']);
  expect(receiver.types()).not.toContain('TASK_COMPLETED');
  receiver.answer = (response) => response.writeHead(204).end();
  await pass(webhook);
  await expect.poll(() => receiver.types().at(-1), SOON).toBe('TASK_COMPLETED');
});

test('a receiver that fails for 24 hours is disabled with an event, and resumes without a gap', async () => {
  const { ada } = await world.people('Ada');
  const receiver = await startReceiver();
  receiver.answer = (response) => response.writeHead(500).end();
  const webhook = await makeWebhook(ada, { url: receiver.url, kinds: ['TASK_CREATED'] });
  await ada.createTask('First');
  await expect.poll(() => receiver.received.length, SOON).toBe(1);
  await pass(webhook, 23);
  await expect.poll(() => receiver.received.length, SOON).toBe(2);
  expect(await stateOf(ada, webhook)).toMatchObject({ enabled: true });
  await ada.createTask('Second');
  await pass(webhook, 2);
  await expect
    .poll(() => stateOf(ada, webhook), SOON)
    .toMatchObject({
      enabled: false,
      disabledReason: 'FAILING',
      deliveries: { nodes: [{ status: 'FAILED', attempts: 3 }] },
    });
  const activity = await ada.query(
    '{ activity(first: 1) { nodes { kind actor { id } changes { field after } } } }',
  );
  expect(activity).toEqual({
    activity: {
      nodes: [
        { kind: 'WEBHOOK_DISABLED', actor: null, changes: [{ field: 'disabledReason', after: 'FAILING' }] },
      ],
    },
  });
  await ada.createTask('Third');
  receiver.received.length = 0;
  receiver.answer = (response) => response.writeHead(204).end();
  await ada.query(
    'mutation ($id: ID!) { updateWebhook(input: { id: $id, enabled: true, resume: true }) { cursor } }',
    {
      id: webhook.id,
    },
  );
  const titles = () => receiver.received.map(({ body }) => (body['task'] as { title: string }).title);
  await expect.poll(titles, SOON).toEqual(['First', 'Second', 'Third']);
});

test('a receiver that answers 410 is disabled at once', async () => {
  const { ada } = await world.people('Ada');
  const receiver = await startReceiver();
  receiver.answer = (response) => response.writeHead(410).end();
  const webhook = await makeWebhook(ada, { url: receiver.url, kinds: ['TASK_CREATED'] });
  await ada.createTask('First');
  await expect
    .poll(() => stateOf(ada, webhook), SOON)
    .toMatchObject({
      enabled: false,
      disabledReason: 'GONE',
      deliveries: { nodes: [{ status: 'FAILED', responseStatus: 410 }] },
    });
  await ada.createTask('Second');
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(receiver.received).toHaveLength(1);
});

test('a redirect is not followed', async () => {
  const { ada } = await world.people('Ada');
  const [receiver, inner] = [await startReceiver(), await startReceiver()];
  receiver.answer = (response) => response.writeHead(307, { location: inner.url }).end();
  const webhook = await makeWebhook(ada, { url: receiver.url, kinds: ['TASK_CREATED'] });
  await ada.createTask('First');
  await expect
    .poll(async () => (await stateOf(ada, webhook)).deliveries.nodes[0], SOON)
    .toMatchObject({
      status: 'PENDING',
      attempts: 1,
      responseStatus: 307,
      error: expect.stringMatching(/redirects/) as string,
    });
  expect(inner.received).toEqual([]);
});

test('a huge response is not read to its end', async () => {
  const { ada } = await world.people('Ada');
  const receiver = await startReceiver();
  let written = 0;
  receiver.answer = (response) => {
    response.writeHead(200);
    const chunk = Buffer.alloc(64 * 1024);
    const more = () => {
      while (!response.destroyed && written < 200 * 1024 * 1024) {
        written += chunk.length;
        if (!response.write(chunk)) return void response.once('drain', more);
      }
      response.end();
    };
    more();
  };
  const webhook = await makeWebhook(ada, { url: receiver.url, kinds: ['TASK_CREATED'] });
  await ada.createTask('First');
  await expect
    .poll(async () => (await stateOf(ada, webhook)).deliveries.nodes[0], SOON)
    .toMatchObject({ status: 'DELIVERED', responseStatus: 200 });
  expect(written).toBeLessThan(20 * 1024 * 1024);
});

test('[BR-19] receivers that hang, or accept no connection, delay nobody else, and are given up after ten seconds', async () => {
  const { ada, bob } = await world.people('Ada', 'Bob');
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => void silent.close());
  const hanging = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
  const webhooks = await Promise.all(
    Array.from({ length: 10 }, () => makeWebhook(ada, { url: hanging, kinds: ['TASK_CREATED'] })),
  );
  await makeWebhook(ada, { url: 'http://127.0.0.1:1/', kinds: ['TASK_CREATED'] });
  const receiver = await startReceiver();
  await makeWebhook(ada, { url: receiver.url, kinds: ['TASK_UPDATED'] });
  const ofBob = await startReceiver();
  await makeWebhook(bob, { url: ofBob.url, kinds: ['TASK_CREATED'] });
  await ada.createTask('Held up');
  const began = Date.now();
  await bob.createTask('Not held up');
  await expect.poll(() => ofBob.received.length, SOON).toBe(1);
  expect(Date.now() - began).toBeLessThan(4_000);
  await expect
    .poll(
      async () =>
        (await Promise.all(webhooks.map((webhook) => stateOf(ada, webhook)))).filter(
          ({ deliveries }) => deliveries.nodes[0]?.attempts === 1,
        ).length,
      { timeout: 25_000, interval: 500 },
    )
    .toBeGreaterThanOrEqual(2);
  const states = await Promise.all(webhooks.map((webhook) => stateOf(ada, webhook)));
  expect(
    states.find(({ deliveries }) => deliveries.nodes[0]?.attempts === 1)?.deliveries.nodes[0],
  ).toMatchObject({
    status: 'PENDING',
    responseStatus: null,
    error: 'No response within 10 seconds.',
  });
}, 60_000);
