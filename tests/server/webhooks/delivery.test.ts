import { expect, test } from 'vitest';
import { makeWebhook, startReceiver, stateOf, verify } from '../../kit/receiver.ts';
import { startWorld } from '../../kit/world.ts';

const world = await startWorld({ WEBHOOK_ALLOW: '127.0.0.1' });

test('an event of a person reaches their webhook once, signed, as the API shows it', async () => {
  const { ada } = await world.people('Ada');
  const receiver = await startReceiver();
  const webhook = await makeWebhook(ada, { url: receiver.url });
  const id = await ada.createTask('Water the plants', { priority: 'HIGH' });
  await expect.poll(() => receiver.types(), { timeout: 5_000 }).toEqual(['TASK_CREATED']);
  const [received] = receiver.received;
  expect(verify(webhook.secret, received)).toMatchObject({ type: 'TASK_CREATED' });
  if (!received) throw new Error('verified before');
  const { activity } = await ada.query<{ activity: { nodes: Record<string, unknown>[] } }>(
    '{ activity(first: 1) { nodes { id type: kind cursor at } } }',
  );
  expect(received.body).toMatchObject({
    ...activity.nodes[0],
    actor: { id: ada.id, name: 'Ada' },
    team: null,
    subject: { __typename: 'Task', id },
    task: { id, title: 'Water the plants', priority: 'HIGH' },
    changes: [],
  });
  expect(received.headers).toMatchObject({
    'webhook-id': received.body.id,
    'user-agent': 'Taskwire-Webhooks',
  });
  await expect
    .poll(() => stateOf(ada, webhook))
    .toMatchObject({
      enabled: true,
      position: received.body.cursor,
      deliveries: {
        totalCount: 1,
        nodes: [{ status: 'DELIVERED', attempts: 1, responseStatus: 204, kind: 'TASK_CREATED' }],
      },
    });
});
