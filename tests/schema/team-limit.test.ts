import { beforeEach, describe, expect, test } from 'vitest';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { agentOf } from '../kit/agent.ts';
import { apiTokenOf } from '../kit/api-tokens.ts';
import { APPROVE, failure, STATE } from '../kit/approvals.ts';
import { connected, refresh } from '../kit/oauth.ts';
import { browserOf } from '../kit/browser-session.ts';
import { watchEvents } from '../kit/live.ts';
import { accept, invite, outcome, teamOf, type Team } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld({ RATE_LIMIT_POINTS: '0' });

let ada: Person;
let bob: Person;
let team: Team;
let other: Team;
let token: { id: string; token: string };

beforeEach(async () => {
  ({ ada, bob } = await world.people('Ada', 'Bob'));
  team = await teamOf(bob, [[ada, 'MEMBER']]);
  other = await teamOf(ada);
  token = await apiTokenOf(ada, { scopes: ['WRITE'], teamIds: [team.id] });
});

const by = ({ token: credential }: { token: string }, document: string, variables: object = {}) =>
  world.query<Record<string, never>>(document, { ...variables }, { authorization: `Bearer ${credential}` });

const CREATE = 'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } } }';
const DELETE = 'mutation ($id: ID!) { deleteTask(input: { id: $id }) { deletedTaskId } }';
const LEAVE = 'mutation ($teamId: ID!) { leaveTeam(input: { teamId: $teamId }) { cursor } }';
const CHOOSE = 'This token is limited to teams. Choose one of them with';

const limitsOf = (person: Person) =>
  person.query<{ viewer: { apiTokens: { nodes: { teams: { id: string }[] | null }[] } } }>(
    '{ viewer { apiTokens { nodes { teams { id name } } } } }',
  );

describe('[FR-009] [FR-027] a token', () => {
  test('shows its teams, or none without a limit', async () => {
    await apiTokenOf(ada);
    expect((await limitsOf(ada)).viewer.apiTokens.nodes).toEqual([
      { teams: [{ id: team.id, name: team.name }] },
      { teams: null },
    ]);
  });

  test.each([
    ['a team that the person is not in', async () => [(await teamOf(bob)).id], 'NOT_FOUND'],
    ['a team that does not exist', () => [publicId('Team', newId())], 'NOT_FOUND'],
    ['no team', () => [], 'VALIDATION_FAILED'],
    ['51 teams', () => Array.from({ length: 51 }, () => publicId('Team', newId())), 'VALIDATION_FAILED'],
    ['an id of a task', () => [publicId('Task', newId())], 'VALIDATION_FAILED'],
  ])('cannot be limited to %s', async (_what, teamIds, code) => {
    expect(await outcome(apiTokenOf(ada, { teamIds: await teamIds() }))).toBe(code);
  });

  test('has no more teams after a second mention', async () => {
    const twice = await apiTokenOf(ada, { teamIds: [team.id, team.id] });
    expect(await by(twice, '{ teams { totalCount } }')).toEqual({ teams: { totalCount: 1 } });
  });
});

describe('[BR-04] [BR-05] a token that is limited to a team', () => {
  test('creates tasks in the team, and says how if none is chosen', async () => {
    const made = await by(token, CREATE, { input: { title: 'In', teamId: team.id } });
    expect(made['createTask']).toMatchObject({ task: { id: expect.stringMatching(/^task_/) as string } });
    await expect(by(token, CREATE, { input: { title: 'Own' } })).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: `${CHOOSE} \`teamId\`.`,
    });
    const batch = 'mutation ($input: CreateTasksInput!) { createTasks(input: $input) { cursor } }';
    const tasks = [{ title: 'In', teamId: team.id }, { title: 'Own' }];
    await expect(by(token, batch, { input: { tasks } })).rejects.toMatchObject({
      message: `${CHOOSE} \`tasks.1.teamId\`.`,
    });
    await expect(by(token, CREATE, { input: { title: 'x', teamId: other.id } })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(by(token, '{ dashboard { overdue } }')).rejects.toMatchObject({
      message: `${CHOOSE} \`scope.teamId\`.`,
    });
    await expect(by(token, '{ sessions { id } }')).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: 'This token is limited to teams. Use a token without this limit.',
    });
  });

  test('does not take its tasks out of the team', async () => {
    const id = await ada.createTask('In', { teamId: team.id });
    const edit = 'mutation ($input: UpdateTaskInput!) { updateTask(input: $input) { cursor } }';
    await expect(by(token, edit, { input: { id, teamId: null } })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await expect(by(token, edit, { input: { id, teamId: other.id } })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    const parentId = await ada.createTask('Own');
    await expect(by(token, edit, { input: { id, parentId } })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('[BR-10] does not learn of earlier changes elsewhere by repeating them', async () => {
    const id = publicId('Task', newId());
    const input = { id, title: 'Own' };
    await ada.query(CREATE, { input });
    expect(await outcome(by(token, CREATE, { input: { ...input, teamId: team.id } }))).toBe('CONFLICT');
    await ada.query(DELETE, { id });
    const unknown = publicId('Task', newId());
    const answers = await Promise.all(
      [id, unknown].map((each) => by(token, DELETE, { id: each }).catch((error: unknown) => error)),
    );
    expect(answers[0]).toMatchObject({ code: 'NOT_FOUND' });
    expect(answers[0]).toEqual(answers[1]);
  });

  test('[BR-10] repeats its own changes', async () => {
    const input = { id: publicId('Task', newId()), title: 'In', teamId: team.id };
    expect(await by(token, CREATE, { input })).toEqual(await by(token, CREATE, { input }));
    const { id } = input;
    expect(await by(token, DELETE, { id })).toEqual(await by(token, DELETE, { id }));
  });

  test('[BR-06] sees nothing once the person has left, also if they join again', async () => {
    const id = await bob.createTask('In', { teamId: team.id });
    const read = () => by(token, '{ viewer { id name } tasks { totalCount } teams { totalCount } }');
    expect(await read()).toMatchObject({ tasks: { totalCount: 1 } });
    const empty = { viewer: { id: ada.id, name: 'Ada' }, tasks: { totalCount: 0 }, teams: { totalCount: 0 } };
    await ada.query(LEAVE, { teamId: team.id });
    expect(await read()).toEqual(empty);
    await accept(ada, await invite(bob, team.id, ada.email, 'ADMIN'));
    expect(await outcome(by(token, 'query ($id: ID!) { task(id: $id) { title } }', { id }))).toBe(
      'NOT_FOUND',
    );
    expect((await limitsOf(ada)).viewer.apiTokens.nodes).toEqual([{ teams: [] }]);
  });

  test('sees nothing once the team is deleted', async () => {
    const mine = await apiTokenOf(ada, { scopes: ['WRITE'], teamIds: [other.id] });
    const id = await ada.createTask('In', { teamId: other.id });
    await ada.query('mutation ($id: ID!) { deleteTeam(input: { id: $id }) { cursor } }', { id: other.id });
    expect(await by(mine, '{ tasks { totalCount } viewer { email } activity { totalCount } }')).toEqual({
      tasks: { totalCount: 0 },
      viewer: { email: null },
      activity: { totalCount: 0 },
    });
    expect(await outcome(by(mine, 'query ($id: ID!) { task(id: $id) { title } }', { id }))).toBe('NOT_FOUND');
  });

  test('[FR-022] [BR-06] follows only its teams, and no longer a team that the person has left and joined again', async () => {
    const events = await watchEvents(world, token);
    await ada.createTask('Own');
    await ada.createTask('Elsewhere', { teamId: other.id });
    await bob.createTask('First', { teamId: team.id });
    await events.until(({ events: { event } }) => event?.task?.title === 'First');
    await ada.query(LEAVE, { teamId: team.id });
    await accept(ada, await invite(bob, team.id, ada.email, 'MEMBER'));
    await bob.createTask('Second', { teamId: team.id });
    const whole = await watchEvents(world, ada);
    await bob.createTask('Third', { teamId: team.id });
    await whole.until(({ events: { event } }) => event?.task?.title === 'Third');
    const titles = events.told.flatMap(({ events: { event } }) => event?.task?.title ?? []);
    expect(titles).toEqual(['First']);
  });
});

describe('[BR-13] what a limited agent asks for', () => {
  test('is done when the person approves it, and the agent sees what came of it', async () => {
    const id = await ada.createTask('In', { teamId: team.id });
    const agent = await agentOf(ada, world.url, { token: token.token });
    const { approvalId } = await failure(agent.call('delete_tasks', { ids: [id] }));
    expect(await by(token, STATE, { id: approvalId })).toMatchObject({ approval: { status: 'PENDING' } });
    const another = await apiTokenOf(ada, { teamIds: [team.id] });
    expect(await outcome(by(another, STATE, { id: approvalId }))).toBe('NOT_FOUND');
    await (await browserOf(world, ada)).query(APPROVE, { id: approvalId });
    await agent.call('delete_tasks', { ids: [id] });
    expect(await world.db.task.count({ where: { id: uuidOf('Task', id) } })).toBe(0);
  });

  test('cannot be asked for what lies elsewhere', async () => {
    const agent = await agentOf(ada, world.url, { token: token.token });
    for (const ids of [[await ada.createTask('Own')], [await ada.createTask('x', { teamId: other.id })]])
      await expect(agent.call('delete_tasks', { ids })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await world.db.approval.count({ where: { apiTokenId: uuidOf('ApiToken', token.id) } })).toBe(0);
  });

  test('is not done once the team is no longer in the limit', async () => {
    const id = await ada.createTask('In', { teamId: team.id });
    const agent = await agentOf(ada, world.url, { token: token.token });
    const { approvalId } = await failure(agent.call('delete_tasks', { ids: [id] }));
    await world.db.credentialTeam.deleteMany({ where: { apiTokenId: uuidOf('ApiToken', token.id) } });
    const browser = await browserOf(world, ada);
    await expect(browser.query(APPROVE, { id: approvalId })).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await world.db.task.count({ where: { id: uuidOf('Task', id) } })).toBe(1);
  });
});

describe('[FR-011] an agent with a limited token', () => {
  test('is told what its token covers, and is not offered what is refused', async () => {
    const { client, call } = await agentOf(ada, world.url, { token: token.token });
    expect(client.getInstructions()).toContain('This token is limited to teams');
    const { tools } = await client.listTools();
    const names = tools.map(({ name }) => name);
    expect(names).toContain('create_tasks');
    expect(names).not.toContain('share_task');
    expect(names).not.toContain('send_message');
    expect(tools.find(({ name }) => name === 'dashboard')?.description).toContain('limited to teams');
    expect(await call('dashboard')).toMatchObject({
      viewer: { id: ada.id },
      teams: [{ id: team.id, viewerRole: 'MEMBER' }],
      limitedToTeams: true,
    });
    await call('create_tasks', { tasks: [{ title: 'In', teamId: team.id }] });
    expect(await call('dashboard', { teamId: team.id })).toMatchObject({
      dashboard: { byStatus: { TODO: 1 } },
    });
    await expect(call('create_tasks', { tasks: [{ title: 'Own' }] })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
  });

  test('is not told so without a limit', async () => {
    const { client } = await agentOf(ada, world.url);
    expect(client.getInstructions()).not.toContain('limited');
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('share_task');
  });
});

describe('[FR-009] a connected application', () => {
  const APPLICATIONS = '{ viewer { connectedApplications { nodes { name teams { id } } } } }';
  const READ = '{ tasks { totalCount nodes { title } } teams { nodes { id } } conversations { totalCount } }';

  test('is limited to the teams that the person chose, also after it has refreshed its tokens', async () => {
    await ada.createTask('Own');
    await ada.createTask('In', { teamId: team.id });
    const program = await connected(world, ada, { path: '/graphql', teamIds: [team.id] });
    const seen = {
      tasks: { totalCount: 1, nodes: [{ title: 'In' }] },
      teams: { nodes: [{ id: team.id }] },
      conversations: { totalCount: 0 },
    };
    expect(await by(program, READ)).toEqual(seen);
    const { body } = await refresh(world, program);
    expect(await by({ token: body['access_token'] as string }, READ)).toEqual(seen);
    const { viewer } = await ada.query<{ viewer: unknown }>(APPLICATIONS);
    expect(viewer).toEqual({
      connectedApplications: { nodes: [{ name: 'A program', teams: [{ id: team.id }] }] },
    });
  });

  test('has no limit unless the person chose one', async () => {
    await ada.createTask('Own');
    const program = await connected(world, ada, { path: '/graphql' });
    expect(await by(program, '{ tasks { totalCount } }')).toEqual({ tasks: { totalCount: 1 } });
    expect(await ada.query(APPLICATIONS)).toMatchObject({
      viewer: { connectedApplications: { nodes: [{ teams: null }] } },
    });
  });

  test('cannot be limited to a team that the person is not in', async () => {
    const { id } = await teamOf(bob);
    expect(await outcome(connected(world, ada, { teamIds: [id] }))).toBe('NOT_FOUND');
    expect(await outcome(connected(world, ada, { teamIds: [] }))).toBe('VALIDATION_FAILED');
    expect(await world.db.connectedApplication.count({ where: { userId: uuidOf('User', ada.id) } })).toBe(0);
  });

  test('[BR-13] asks for approvals within its limit', async () => {
    const [own, inTeam] = [await ada.createTask('Own'), await ada.createTask('In', { teamId: team.id })];
    const program = await connected(world, ada, { path: '/graphql', teamIds: [team.id] });
    expect(await outcome(by(program, DELETE, { id: own }))).toBe('NOT_FOUND');
    expect(await outcome(by(program, DELETE, { id: inTeam }))).toBe('CONFIRMATION_REQUIRED');
  });

  test('[BR-06] sees nothing of a team that the person has left', async () => {
    await bob.createTask('In', { teamId: team.id });
    const program = await connected(world, ada, { path: '/graphql', teamIds: [team.id, other.id] });
    await ada.query(LEAVE, { teamId: team.id });
    expect(await by(program, READ)).toMatchObject({
      tasks: { totalCount: 0 },
      teams: { nodes: [{ id: other.id }] },
    });
  });
});
