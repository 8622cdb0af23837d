import { expect, onTestFinished, test } from 'vitest';
import { startProcess } from '../../../ops/drills/server-process.ts';
import { connect, disconnect } from '../../../server/database/client.ts';
import { freshDatabase } from '../../kit/database.ts';
import { startReceiver } from '../../kit/receiver.ts';
import { SECRET } from '../../kit/server.ts';
import { PASSWORD } from '../../kit/world.ts';

/** A lease ends after 30 seconds. */
const SOON = { timeout: 60_000, interval: 100 };

async function startServer(databaseUrl: string) {
  const server = await startProcess({
    PORT: '0',
    LOG_LEVEL: 'error',
    AUTH_SECRET: SECRET,
    DATABASE_URL: databaseUrl,
    WEBHOOK_ALLOW: '127.0.0.1',
  });
  onTestFinished(() => server.kill());
  return server;
}

test('a server that is killed in mid-delivery loses no event, and the order of each task stays', async () => {
  const databaseUrl = await freshDatabase();
  const db = connect(databaseUrl);
  onTestFinished(() => disconnect(db));
  const server = await startServer(databaseUrl);
  let token = '';
  const query = async <Data>(document: string, variables: object = {}) => {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify({ query: document, variables }),
    });
    return ((await response.json()) as { data: Data }).data;
  };
  const { signUp } = await query<{ signUp: { token: string } }>(
    'mutation ($input: SignUpInput!) { signUp(input: $input) { token } }',
    { input: { name: 'Ada', email: 'ada@example.com', password: PASSWORD } },
  );
  ({ token } = signUp);

  const receiver = await startReceiver();
  let killing: Promise<void> | undefined;
  receiver.answer = (response) => {
    if (receiver.received.length < 5) response.writeHead(204).end();
    else if (receiver.received.length === 5) killing = server.kill();
    else response.writeHead(204).end();
  };
  const kinds = ['TASK_CREATED', 'TASK_COMPLETED', 'TASK_REOPENED'];
  const paused = new Date(Date.now() + 60_000);
  await query('mutation ($input: CreateWebhookInput!) { createWebhook(input: $input) { cursor } }', {
    input: { url: receiver.url, kinds },
  });
  await db.webhook.updateMany({ data: { retryAt: paused } });
  const ids = await Promise.all(
    Array.from({ length: 8 }, async (_, n) => {
      const { createTask } = await query<{ createTask: { task: { id: string } } }>(
        'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } } }',
        { input: { title: `Task ${n}` } },
      );
      return createTask.task.id;
    }),
  );
  for (const verb of ['completeTask', 'reopenTask'])
    await Promise.all(
      ids.map((id) => query(`mutation ($id: ID!) { ${verb}(input: { id: $id }) { cursor } }`, { id })),
    );
  await db.webhook.updateMany({ data: { retryAt: null } });
  await expect.poll(() => killing !== undefined, SOON).toBe(true);
  await killing;
  expect(await db.webhookDelivery.count({ where: { status: 'DELIVERED' } })).toBe(4);

  await startServer(databaseUrl);
  await expect.poll(() => new Set(receiver.received.map(({ body }) => body.id)).size, SOON).toBe(24);
  expect(receiver.received).toHaveLength(25);
  expect(receiver.received[5]?.body.id).toBe(receiver.received[4]?.body.id);
  for (const id of ids) {
    const types = receiver.received.filter(({ text }) => text.includes(id)).map(({ body }) => body.type);
    expect(types.filter((type, n) => type !== types[n - 1])).toEqual(kinds);
  }
  await expect.poll(() => db.webhookDelivery.count({ where: { status: 'DELIVERED' } })).toBe(24);
}, 120_000);
