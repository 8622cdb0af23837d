import { expect, test } from 'vitest';
import { deleteOldRunChanges, deleteOldRuns } from '../../server/log/retention.ts';
import { agentOf, toolCall } from '../kit/agent.ts';
import { apiTokenOf } from '../kit/api-tokens.ts';
import { APPROVE, failure, programOf } from '../kit/approvals.ts';
import { browserOf } from '../kit/browser-session.ts';
import { connected } from '../kit/oauth.ts';
import { scriptOf } from '../kit/script.ts';
import { teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();

const CREATE = 'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } } }';
const EVENTS = `query ($task: ID!) {
  activity(filter: { task: $task }) { nodes {
    kind actor { name } through { kind name run isApproved agentRun { run } }
  } }
}`;
const RUNS = `query ($first: Int, $after: String) {
  agentRuns(first: $first, after: $after) {
    totalCount
    pageInfo { endCursor hasNextPage }
    nodes {
      id kind name run startedAt lastEventAt eventCount
      events(first: 2) { totalCount nodes { kind task { id } } pageInfo { hasNextPage endCursor } }
    }
  }
}`;

interface EventNode {
  kind: string;
  through: { kind: string; name: string | null; run: string | null; isApproved: boolean } | null;
}

async function eventsOf(person: Pick<Person, 'query'>, task: string): Promise<EventNode[]> {
  return (await person.query<{ activity: { nodes: EventNode[] } }>(EVENTS, { task })).activity.nodes;
}

test('an event says through which token and run it was made, also after the token is revoked', async () => {
  const { ada } = await world.people('Ada');
  const script = await scriptOf(world, ada, { run: 'run 7' });
  const id = await script.createTask('Water the plants');
  await ada.query('mutation ($id: ID!) { completeTask(input: { id: $id }) { cursor } }', { id });
  await ada.query('mutation ($id: ID!) { revokeApiToken(input: { id: $id }) { cursor } }', {
    id: script.tokenId,
  });
  const source = { kind: 'API_TOKEN', name: 'Nightly script', run: 'run 7', isApproved: false };
  expect(await eventsOf(ada, id)).toMatchObject([
    { kind: 'TASK_COMPLETED', through: null },
    { kind: 'TASK_CREATED', through: { ...source, agentRun: { run: 'run 7' } } },
  ]);
});

test('others see the name of an application, but neither that of a token nor the run id', async () => {
  const { ada, bob } = await world.people('Ada', 'Bob');
  const { id: teamId } = await teamOf(ada, [[bob, 'MEMBER']]);
  const byToken = await (await scriptOf(world, ada, { run: 'secret run' })).createTask('Mow', { teamId });
  const program = await programOf(world, ada);
  const { createTask } = await program.query<{ createTask: { task: { id: string } } }>(CREATE, {
    input: { title: 'Rake', teamId },
  });
  const hidden = { run: null, isApproved: false, agentRun: null };
  expect(await eventsOf(bob, byToken)).toMatchObject([
    { actor: { name: 'Ada' }, through: { kind: 'API_TOKEN', name: null, ...hidden } },
  ]);
  expect(await eventsOf(bob, createTask.task.id)).toMatchObject([
    { actor: { name: 'Ada' }, through: { kind: 'APPLICATION', name: 'A program', ...hidden } },
  ]);
});

test('changes made at the same time keep their own sources', async () => {
  const { ada } = await world.people('Ada');
  const scripts = await Promise.all(['one', 'two'].map((run) => scriptOf(world, ada, { run, name: run })));
  const made = await Promise.all(
    Array.from({ length: 30 }, async (_, index) => {
      const script = [...scripts, undefined][index % 3];
      const title = `Task ${index}`;
      const id = script ? await script.createTask(title) : await ada.createTask(title);
      return [id, ['one', 'two', null][index % 3]] as const;
    }),
  );
  for (const [id, run] of made) {
    const [event] = await eventsOf(ada, id);
    expect(event?.through?.run ?? null).toBe(run);
  }
});

test('changes that follow from a change have its source', async () => {
  const { ada } = await world.people('Ada');
  const script = await scriptOf(world, ada, { run: 'cleanup' });
  const parentId = await ada.createTask('Garden');
  const child = await ada.createTask('Weed', { parentId });
  await script.query('mutation ($id: ID!) { deleteTask(input: { id: $id }) { cursor } }', { id: parentId });
  expect(await eventsOf(ada, child)).toMatchObject([
    { kind: 'TASK_UPDATED', through: { run: 'cleanup' } },
    { kind: 'TASK_CREATED', through: null },
  ]);
});

test('the receiver of an offer does not learn through what it was made', async () => {
  const { ada, bob } = await world.people('Ada', 'Bob');
  const script = await scriptOf(world, ada, { run: 'sharing' });
  const taskId = await ada.createTask('Garden');
  await world.db.user.updateMany({ where: { email: bob.email }, data: { emailVerified: true } });
  await script.query('mutation ($input: ShareTaskInput!) { shareTask(input: $input) { cursor } }', {
    input: { taskId, email: bob.email, permission: 'VIEW' },
  });
  const { activity } = await bob.query<{ activity: { nodes: object[] } }>(
    '{ activity(filter: { kind: { eq: TASK_SHARE_OFFERED } }) { nodes { actor { id } through { kind } } } }',
  );
  expect(activity.nodes).toEqual([{ actor: null, through: null }]);
});

test.each(['', 'a'.repeat(101), 'tab\there', 'größer'])('the run id %j is refused', async (run) => {
  const { ada } = await world.people('Ada');
  const { token } = await apiTokenOf(ada, { scopes: ['READ', 'WRITE'] });
  const bearer = { authorization: `Bearer ${token}` };
  if (run !== '') {
    const refused = world.query(CREATE, { input: { title: 'x' } }, { ...bearer, 'taskwire-run': run });
    await expect(refused).rejects.toMatchObject({ status: 400, code: 'BAD_USER_INPUT' });
  }
  const call = toolCall('create_tasks', { tasks: [{ title: 'x' }] }, bearer);
  const message = JSON.parse(call.body) as { params: object };
  const body = JSON.stringify({
    ...message,
    params: { ...message.params, _meta: { 'taskwire/run': run } },
  });
  const response = await fetch(`${world.url}/mcp`, { ...call, body });
  expect(response.status).toBe(400);
  expect(await response.text()).toContain('BAD_USER_INPUT');
});

test('an agent names its run per call, and reads it with the changes', async () => {
  const { ada } = await world.people('Ada');
  const agent = await agentOf(ada, world.url);
  const { cursor } = await agent.call<{ cursor: string }>('changes_since');
  const { structuredContent } = await agent.client.callTool({
    name: 'create_tasks',
    arguments: { tasks: [{ title: 'Water the plants' }] },
    _meta: { 'taskwire/run': 'chat 12' },
  });
  expect(structuredContent).toMatchObject({ tasks: [{ title: 'Water the plants' }] });
  const { changes } = await agent.call<{ changes: object[] }>('changes_since', { cursor });
  expect(changes).toMatchObject([
    { kind: 'TASK_CREATED', actor: 'Ada', through: 'a script', run: 'chat 12' },
  ]);
});

test('[BR-13] an approved change is made through the agent that asked for it', async () => {
  const { ada } = await world.people('Ada');
  const { token } = await connected(world, ada, { path: '/graphql' });
  const headers = { authorization: `Bearer ${token}`, 'taskwire-run': 'tidy up' };
  const id = await ada.createTask('Water the plants');
  const { approvalId } = await failure(
    world.query('mutation ($id: ID!) { deleteTask(input: { id: $id }) { cursor } }', { id }, headers),
  );
  await (await browserOf(world, ada)).query(APPROVE, { id: approvalId });
  expect(await eventsOf(ada, id)).toMatchObject([
    { kind: 'TASK_DELETED', through: { name: 'A program', run: 'tidy up', isApproved: true } },
    { kind: 'TASK_CREATED', through: null },
  ]);
  const { activity } = await ada.query<{ activity: { nodes: object[] } }>(
    `{ activity(filter: { kind: { in: [APPROVAL_REQUESTED, APPROVAL_APPROVED] } }) {
      nodes { kind through { run isApproved } }
    } }`,
  );
  expect(activity.nodes).toEqual([
    { kind: 'APPROVAL_APPROVED', through: null },
    { kind: 'APPROVAL_REQUESTED', through: { run: 'tidy up', isApproved: false } },
  ]);
});

test('a refused request says through which token it came', async () => {
  const { ada, bob } = await world.people('Ada', 'Bob');
  const script = await scriptOf(world, ada, { run: 'probing' });
  const id = await bob.createTask('Private');
  await failure(script.query('mutation ($id: ID!) { completeTask(input: { id: $id }) { cursor } }', { id }));
  const { activity } = await ada.query<{ activity: { nodes: object[] } }>(
    '{ activity(filter: { kind: { eq: ACCESS_REFUSED } }) { nodes { through { run } } } }',
  );
  expect(activity.nodes).toEqual([{ through: { run: 'probing' } }]);
});

test('a person lists what their agents did, by credential and run, or by day', async () => {
  const { ada, bob } = await world.people('Ada', 'Bob');
  const named = await scriptOf(world, ada, { run: 'first' });
  for (const title of ['a', 'b', 'c']) await named.createTask(title);
  const unnamed = await scriptOf(world, ada, { name: 'Other script' });
  await unnamed.createTask('d');
  await bob.createTask('e');

  const { agentRuns } = await ada.query<{ agentRuns: { nodes: Record<string, unknown>[] } }>(RUNS);
  expect(agentRuns).toMatchObject({
    totalCount: 2,
    nodes: [
      { name: 'Other script', run: null, eventCount: 1 },
      {
        kind: 'API_TOKEN',
        name: 'Nightly script',
        run: 'first',
        eventCount: 3,
        events: { totalCount: 3, nodes: [{ kind: 'TASK_CREATED' }, {}], pageInfo: { hasNextPage: true } },
      },
    ],
  });
  const [, run] = agentRuns.nodes;
  expect(run?.['lastEventAt']).toEqual(expect.any(String));
  const { agentRuns: second } = await ada.query<{ agentRuns: { pageInfo: { endCursor: string } } }>(RUNS, {
    first: 1,
  });
  expect(await ada.query(RUNS, { first: 1, after: second.pageInfo.endCursor })).toMatchObject({
    agentRuns: { nodes: [{ id: run?.['id'] }], pageInfo: { hasNextPage: false } },
  });

  expect(await bob.query(RUNS)).toMatchObject({ agentRuns: { totalCount: 0, nodes: [] } });
  expect(await bob.query('query ($id: ID!) { node(id: $id) { id } }', { id: run?.['id'] })).toEqual({
    node: null,
  });
});

test('the events of a run leave out a team that the person has left', async () => {
  const { ada, bob } = await world.people('Ada', 'Bob');
  const { id: teamId } = await teamOf(bob, [[ada, 'MEMBER']]);
  const script = await scriptOf(world, ada, { run: 'in a team' });
  await script.createTask('Mow', { teamId });
  await ada.query('mutation ($teamId: ID!) { leaveTeam(input: { teamId: $teamId }) { cursor } }', { teamId });
  expect(await ada.query(RUNS)).toMatchObject({ agentRuns: { nodes: [{ events: { nodes: [] } }] } });
});

test('runs are kept as long as their events, and replaced values for 30 days', async () => {
  const { ada } = await world.people('Ada');
  const script = await scriptOf(world, ada, { run: 'long ago' });
  const id = await ada.createTask('Garden');
  await script.query('mutation ($id: ID!) { completeTask(input: { id: $id }) { cursor } }', { id });
  const { id: runId } = await world.db.agentRun.findFirstOrThrow({ where: { run: 'long ago' } });
  await world.db.$executeRaw`UPDATE run_changes SET created_at = created_at - interval '29 days'`;
  expect(await deleteOldRunChanges(world.db)).toBe(0);
  await world.db.$executeRaw`UPDATE run_changes SET created_at = created_at - interval '2 days'`;
  expect(await deleteOldRunChanges(world.db)).toBeGreaterThan(0);
  await world.db.agentRun.updateMany({ data: { startedAt: new Date('2020-01-01') }, where: { id: runId } });
  expect(await deleteOldRuns(world.db, 400)).toBe(0);
  await world.db.event.deleteMany({ where: { runId } });
  expect(await deleteOldRuns(world.db, 400)).toBe(1);
});
