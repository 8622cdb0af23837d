import type { SubscriptionFilter } from '@modelcontextprotocol/client';
import { expect, test, vi } from 'vitest';
import { newId, publicId } from '../../../server/ids.ts';
import { agentOf } from '../../kit/agent.ts';
import { converse, say } from '../../kit/talk.ts';
import { teamOf } from '../../kit/team.ts';
import { startTestServer } from '../../kit/server.ts';
import { startWorld, type Person } from '../../kit/world.ts';

const world = await startWorld({ SUBSCRIPTIONS_PER_PERSON: '4' });

async function following(person: Person, uris: string[], url = world.url) {
  const { client } = await agentOf(person, url, { path: '/mcp/readonly' });
  const changed: string[] = [];
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => {
    changed.push(params.uri);
  });
  const filter: SubscriptionFilter = { resourceSubscriptions: uris };
  return { changed, stream: await client.listen(filter) };
}

const RENAME = 'mutation ($input: UpdateTaskInput!) { updateTask(input: $input) { task { id } } }';

test('an agent that follows resources is told which of them changed, and nothing of others', async () => {
  const { ada, bob } = await world.people('Ada', 'Bob');
  const team = await teamOf(ada, [[bob, 'MEMBER']]);
  const [plan, other] = [await ada.createTask('Plan', { teamId: team.id }), await ada.createTask('Other')];
  const conversation = await converse(ada, [bob]);
  const uris = {
    task: `taskwire://task/${plan}`,
    team: `taskwire://team/${team.id}`,
    conversation: `taskwire://conversation/${conversation}`,
  };
  const { changed, stream } = await following(ada, Object.values(uris));
  expect(stream.honoredFilter).toEqual({ resourceSubscriptions: Object.values(uris) });

  await ada.query(RENAME, { input: { id: other, title: 'Not followed' } });
  await bob.createTask('In the team, which itself does not change', { teamId: team.id });
  await ada.query(RENAME, { input: { id: plan, title: 'Plan B' } });
  await vi.waitFor(() => {
    expect(changed).toEqual([uris.task]);
  });
  await say(bob, conversation, 'Hello');
  await ada.query('mutation ($id: ID!) { updateTeam(input: { id: $id, description: "Us" }) { cursor } }', {
    id: team.id,
  });
  await vi.waitFor(() => {
    expect(changed.slice(1).toSorted()).toEqual([uris.conversation, uris.team]);
  });
  await stream.close();
});

test('the dashboard changes with each task of the person, at most four times a second', async () => {
  const { ada } = await world.people('Ada');
  const { changed, stream } = await following(ada, ['taskwire://dashboard']);
  for (let n = 0; n < 20; n += 1) await ada.createTask(`Task ${n}`);
  await vi.waitFor(() => {
    expect(changed).toContain('taskwire://dashboard');
  });
  expect(changed.length).toBeLessThan(20);
  await stream.close();
});

test.each([
  ['another person’s task', (hidden: string) => [`taskwire://task/${hidden}`], 'you do not have access'],
  ['a task that never was', () => [`taskwire://task/${publicId('Task', newId())}`], 'you do not have access'],
  ['an address of something else', () => ['file:///etc/passwd'], 'There is no resource'],
  [
    'too many resources',
    () => Array.from({ length: 21 }, () => `taskwire://task/${publicId('Task', newId())}`),
    'at most 20',
  ],
])('[FR-009] a stream of %s is refused', async (_, uris, words) => {
  const { ada, eve } = await world.people('Ada', 'Eve');
  const hidden = await ada.createTask('Secret');
  await expect(following(eve, uris(hidden))).rejects.toThrow(words);
});

test('[BR-19] streams count as subscriptions of the person, until they are closed', async () => {
  const { ada } = await world.people('Ada');
  const open = [];
  for (let n = 0; n < 4; n += 1) open.push(await following(ada, ['taskwire://dashboard']));
  await expect(following(ada, ['taskwire://dashboard'])).rejects.toThrow('You have 4 open subscriptions');
  await open[0]?.stream.close();
  await vi.waitFor(() => following(ada, ['taskwire://dashboard']));
});

test('[FR-012] a stream ends when its token is revoked', async () => {
  const { ada } = await world.people('Ada');
  const { stream } = await following(ada, ['taskwire://dashboard']);
  const { viewer } = await ada.query<{ viewer: { apiTokens: { nodes: { id: string }[] } } }>(
    '{ viewer { apiTokens { nodes { id } } } }',
  );
  const before = performance.now();
  await ada.query('mutation ($id: ID!) { revokeApiToken(input: { id: $id }) { cursor } }', {
    id: viewer.apiTokens.nodes[0]?.id,
  });
  expect(await stream.closed).toBe('graceful');
  expect(performance.now() - before).toBeLessThan(5_000);
});

test('a stream ends when the server stops, and does not delay it', async () => {
  const { ada } = await world.people('Ada');
  const server = await startTestServer(world.databaseUrl);
  const { stream } = await following(ada, ['taskwire://dashboard'], server.url);
  await server.stop();
  expect(await stream.closed).not.toBe('local');
});

test('a stream without resources ends at once, since lists of tools and prompts do not change', async () => {
  const { ada } = await world.people('Ada');
  const { client } = await agentOf(ada, world.url);
  const stream = await client.listen({ toolsListChanged: true });
  expect(stream.honoredFilter).toEqual({});
  expect(await stream.closed).toBe('graceful');
});
