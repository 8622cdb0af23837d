import { expect, test } from 'vitest';
import { publicId, uuidOf } from '../../../server/ids.ts';
import { makeWebhook, startReceiver, stateOf } from '../../kit/receiver.ts';
import { giveShare } from '../../kit/shares.ts';
import { teamOf } from '../../kit/team.ts';
import { startWorld, type Person } from '../../kit/world.ts';

const world = await startWorld({ WEBHOOK_ALLOW: '127.0.0.1' });
const { people, db } = world;
const SOON = { timeout: 10_000, interval: 50 };

interface Seen {
  id: string;
  kind?: string;
  type?: string;
  subject?: { id: string } | null;
  [field: string]: unknown;
}

const kindOf = ({ kind, type }: Seen) => kind ?? type;

const quiet = () => new Promise((resolve) => setTimeout(resolve, 2_000));

/** Lets deliveries wait, as after a failed attempt. */
async function hold(webhookId: string): Promise<void> {
  await db.webhook.update({
    where: { id: uuidOf('Webhook', webhookId) },
    data: { retryAt: new Date(Date.now() + 60_000) },
  });
}

async function letGo(webhookId: string): Promise<void> {
  await db.webhook.update({ where: { id: uuidOf('Webhook', webhookId) }, data: { retryAt: null } });
}

async function membershipOf({ id }: Person, teamId: string): Promise<string> {
  const where = { teamId_userId: { teamId: uuidOf('Team', teamId), userId: uuidOf('User', id) } };
  return publicId('Membership', (await db.membership.findUniqueOrThrow({ where })).id);
}

test('[FR-009] [FR-026] a webhook sends what its person sees in `activity`: their own, their teams’ and shared tasks’ events, and no others', async () => {
  const { ada, bob, cleo } = await people('Ada', 'Bob', 'Cleo');
  const team = await teamOf(bob, [[ada, 'VIEWER']]);
  const receiver = await startReceiver();
  await makeWebhook(ada, { url: receiver.url });
  await ada.createTask('Own');
  await bob.createTask('In the team', { teamId: team.id });
  const shared = await bob.createTask('Shared');
  await giveShare(bob, ada, shared);
  await bob.createTask('Of Bob');
  await cleo.createTask('Of Cleo');
  await bob.query('mutation ($id: ID!) { completeTask(input: { id: $id }) { cursor } }', { id: shared });
  await expect.poll(() => receiver.types().at(-1), SOON).toBe('TASK_COMPLETED');
  const { activity } = await ada.query<{ activity: { nodes: Seen[] } }>(
    '{ activity(first: 50) { nodes { id kind subject { id } } } }',
  );
  const since = activity.nodes.slice(
    0,
    activity.nodes.findIndex(({ kind }) => kind === 'WEBHOOK_CREATED'),
  );
  // Whether the share came before the event of its task was queued is open.
  const isOpen = ({ subject, ...event }: Seen) => subject?.id === shared && kindOf(event) === 'TASK_CREATED';
  const ids = (events: Seen[]) => events.filter((event) => !isOpen(event)).map(({ id }) => id);
  expect(ids(receiver.received.map(({ body }) => body))).toEqual(ids(since.reverse()));
  expect(JSON.stringify(receiver.received)).not.toMatch(/Of Bob|Of Cleo/);
});

test('[FR-009] an event is not sent if its person lost the right to see it between event and delivery', async () => {
  const { ada, bob } = await people('Ada', 'Bob');
  const team = await teamOf(bob, [[ada, 'MEMBER']]);
  const receiver = await startReceiver();
  const webhook = await makeWebhook(ada, { url: receiver.url });
  await hold(webhook.id);
  await bob.createTask('Secret plan', { teamId: team.id });
  await expect.poll(async () => (await stateOf(ada, webhook)).deliveries.totalCount, SOON).toBe(1);
  await bob.query('mutation ($id: ID!) { removeMember(input: { id: $id }) { cursor } }', {
    id: await membershipOf(ada, team.id),
  });
  await letGo(webhook.id);
  await expect.poll(() => receiver.types(), SOON).toEqual(['TEAM_MEMBER_REMOVED']);
  expect(JSON.stringify(receiver.received)).not.toContain('Secret plan');
  expect((await stateOf(ada, webhook)).deliveries.totalCount).toBe(1);
});

test('[FR-029] a team’s webhook sends that team’s events only, and is managed by its owner and admins', async () => {
  const { ada, bob, cleo, dan } = await people('Ada', 'Bob', 'Cleo', 'Dan');
  const team = await teamOf(ada, [
    [bob, 'ADMIN'],
    [cleo, 'MEMBER'],
  ]);
  const receiver = await startReceiver();
  const webhook = await makeWebhook(bob, { url: receiver.url, teamId: team.id });
  await bob.createTask('Of Bob alone');
  await cleo.createTask('In the team', { teamId: team.id });
  await expect.poll(() => receiver.types(), SOON).toEqual(['TASK_CREATED']);
  expect(receiver.received[0]?.body).toMatchObject({ team: { id: team.id }, task: { title: 'In the team' } });
  const list = 'query ($id: ID!) { webhooks(scope: { teamId: $id }) { totalCount nodes { url person } } }';
  const expected = { webhooks: { totalCount: 1, nodes: [{ url: receiver.url, person: 'Bob' }] } };
  await expect(ada.query(list, { id: team.id })).resolves.toEqual(expected);
  for (const person of [cleo, dan]) {
    await expect(person.query(list, { id: team.id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(person.query('query ($id: ID!) { node(id: $id) { id } }', webhook)).resolves.toEqual({
      node: null,
    });
  }
  await expect(makeWebhook(cleo, { url: receiver.url, teamId: team.id })).rejects.toMatchObject({
    code: 'FORBIDDEN',
  });
  await expect(makeWebhook(dan, { url: receiver.url, teamId: team.id })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});

test.each([
  ['is removed', 'removeMember(input: { id: $id })'],
  ['becomes a member', 'changeRole(input: { id: $id, role: MEMBER })'],
])(
  '[FR-029] a team’s webhook stops when the admin who set it up %s; another admin can take it over',
  async (_how, field) => {
    const { ada, bob } = await people('Ada', 'Bob');
    const team = await teamOf(ada, [[bob, 'ADMIN']]);
    const receiver = await startReceiver();
    const webhook = await makeWebhook(bob, { url: receiver.url, teamId: team.id, kinds: ['TASK_CREATED'] });
    await ada.query(`mutation ($id: ID!) { ${field} { cursor } }`, { id: await membershipOf(bob, team.id) });
    expect(await stateOf(ada, webhook)).toMatchObject({ enabled: false, disabledReason: 'NO_ACCESS' });
    await ada.createTask('Unsent', { teamId: team.id });
    await quiet();
    expect(receiver.received).toEqual([]);
    await ada.query(
      'mutation ($id: ID!) { updateWebhook(input: { id: $id, enabled: true, resume: true }) { cursor } }',
      webhook,
    );
    await expect.poll(() => receiver.types(), SOON).toEqual(['TASK_CREATED']);
  },
);

test('a deleted team or account takes its webhooks along', async () => {
  const { ada } = await people('Ada');
  const team = await teamOf(ada, []);
  const receiver = await startReceiver();
  await makeWebhook(ada, { url: receiver.url, teamId: team.id });
  await makeWebhook(ada, { url: receiver.url });
  const ofAda = { userId: uuidOf('User', ada.id) };
  await ada.query('mutation ($id: ID!) { deleteTeam(input: { id: $id }) { cursor } }', { id: team.id });
  expect(await db.webhook.count({ where: ofAda })).toBe(1);
  await db.user.delete({ where: { id: ofAda.userId } });
  expect(await db.webhook.count({ where: ofAda })).toBe(0);
});

test('a filter lets events of matching tasks through, and those of deleted tasks', async () => {
  const { ada } = await people('Ada');
  const receiver = await startReceiver();
  const webhook = await makeWebhook(ada, {
    url: receiver.url,
    taskFilter: { priority: { in: ['HIGH', 'URGENT'] }, dueOn: { before: '2030-01-01' }, archived: null },
  });
  await ada.createTask('Not urgent', { dueOn: '2029-01-01' });
  const id = await ada.createTask('Urgent', { priority: 'URGENT', dueOn: '2029-01-01' });
  await ada.query('mutation { updateViewer(input: { timezone: "Europe/Berlin" }) { cursor } }');
  await expect.poll(() => receiver.types(), SOON).toEqual(['TASK_CREATED']);
  expect(receiver.received[0]?.body).toMatchObject({ task: { title: 'Urgent' } });
  await ada.query('mutation ($id: ID!) { deleteTask(input: { id: $id }) { cursor } }', { id });
  await expect.poll(() => receiver.types(), SOON).toEqual(['TASK_CREATED', 'TASK_DELETED']);
  await expect(
    ada.query('query ($id: ID!) { node(id: $id) { ... on Webhook { taskFilter } } }', webhook),
  ).resolves.toEqual({
    node: {
      taskFilter: { priority: { in: ['HIGH', 'URGENT'] }, dueOn: { before: '2030-01-01' }, archived: null },
    },
  });
});
