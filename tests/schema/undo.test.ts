import { beforeAll, describe, expect, test } from 'vitest';
import { uuidOf } from '../../server/ids.ts';
import { APPROVE, failure } from '../kit/approvals.ts';
import { browserOf } from '../kit/browser-session.ts';
import { dice } from '../kit/dice.ts';
import { connected } from '../kit/oauth.ts';
import { scriptOf, type Script } from '../kit/script.ts';
import { teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();

const RUN = `{ agentRuns(first: 1) { nodes { id undoneAt } } }`;
const PREVIEW = `query ($id: ID!) {
  undoPreview(id: $id) { event { kind task { id } } fields outcome problem }
}`;
const UNDO = 'mutation ($id: ID!) { undoRun(input: { id: $id }) { undone run { undoneAt } cursor } }';
const UPDATE = 'mutation ($input: UpdateTaskInput!) { updateTask(input: $input) { cursor } }';
const COMPLETE = 'mutation ($id: ID!) { completeTask(input: { id: $id }) { cursor } }';
const REOPEN = 'mutation ($id: ID!) { reopenTask(input: { id: $id }) { cursor } }';
const ARCHIVE = 'mutation ($id: ID!) { archiveTask(input: { id: $id }) { cursor } }';
const MOVE = 'mutation ($input: MoveTaskInput!) { moveTask(input: $input) { cursor } }';
const DELETE = 'mutation ($id: ID!) { deleteTask(input: { id: $id }) { cursor } }';
const COMMENT = `mutation ($taskId: ID!, $body: String!) {
  addComment(input: { taskId: $taskId, body: $body }) { comment { id } }
}`;
const EDIT_COMMENT =
  'mutation ($id: ID!, $body: String!) { updateComment(input: { id: $id, body: $body }) { cursor } }';

interface Step {
  event: { kind: string };
  fields: string[];
  outcome: 'UNDONE' | 'KEPT' | 'CONFLICT';
  problem: string | null;
}

type Queries = Pick<Person, 'query'>;

async function runOf(person: Queries): Promise<string> {
  const { agentRuns } = await person.query<{ agentRuns: { nodes: { id: string }[] } }>(RUN);
  return agentRuns.nodes[0]?.id ?? '';
}

async function previewOf(person: Queries, id: string): Promise<Step[]> {
  return (await person.query<{ undoPreview: Step[] }>(PREVIEW, { id })).undoPreview;
}

async function undo(person: Queries, id: string): Promise<number> {
  return (await person.query<{ undoRun: { undone: number } }>(UNDO, { id })).undoRun.undone;
}

async function comment(by: Queries, taskId: string, body: string): Promise<string> {
  const { addComment } = await by.query<{ addComment: { comment: { id: string } } }>(COMMENT, {
    taskId,
    body,
  });
  return addComment.comment.id;
}

/** Every row that a run of an agent can change, without versions and times of changes. */
async function rows(): Promise<object> {
  const [tasks, comments, shares, offers, memberships, invitations] = await Promise.all([
    world.db.task.findMany({ orderBy: { id: 'asc' } }),
    world.db.comment.findMany({ orderBy: { id: 'asc' } }),
    world.db.taskShare.findMany({ orderBy: { id: 'asc' } }),
    world.db.shareOffer.findMany({ orderBy: { id: 'asc' } }),
    world.db.membership.findMany({ orderBy: { id: 'asc' } }),
    world.db.teamInvitation.findMany({ orderBy: { id: 'asc' } }),
  ]);
  const lasting = ({ version: _v, updatedAt: _u, ...row }: Record<string, unknown>) => row;
  return {
    tasks: tasks.map(lasting),
    comments: comments.map(lasting),
    shares,
    offers,
    memberships,
    invitations,
  };
}

describe('a random run, undone', () => {
  let ada: Person;
  let teamId: string;
  let bob: Person;

  beforeAll(async () => {
    ({ ada, bob } = await world.people('Ada', 'Bob'));
    ({ id: teamId } = await teamOf(ada, [[bob, 'MEMBER']]));
  });

  test.each([1, 2, 3])('leaves every row as it was before (seed %i)', async (seed) => {
    const { roll, pick } = dice(seed);
    const own: string[] = [];
    for (let n = 0; n < 8; n += 1)
      own.push(
        await ada.createTask(`Task ${n}`, {
          status: pick(['TODO', 'IN_PROGRESS', 'DONE']),
          ...(roll(2) === 0 ? { teamId, assigneeId: pick([bob.id, ada.id, null]) } : {}),
          ...(own.length > 2 && roll(3) === 0 ? { parentId: pick(own) } : {}),
        }),
      );
    const comments = [await comment(ada, own[0] ?? '', 'First')];
    const before = await rows();

    const script = await scriptOf(world, ada, { run: `seed ${seed}` });
    const all = [...own];
    const parentless = () => pick(own);
    const steps: (() => Promise<unknown>)[] = [
      async () => all.push(await script.createTask('New', { parentId: pick([null, pick(all)]) })),
      () => script.query(UPDATE, { input: { id: pick(all), title: `Title ${roll(99)}`, labels: ['x'] } }),
      () => script.query(UPDATE, { input: { id: pick(all), description: `Text ${roll(9)}` } }),
      () => script.query(UPDATE, { input: { id: pick(all), priority: pick(['HIGH', 'LOW', 'NONE']) } }),
      () => script.query(UPDATE, { input: { id: pick(all), dueOn: pick(['2027-01-31', null]) } }),
      () =>
        script.query(UPDATE, { input: { id: pick(all), teamId: pick([teamId, null]), assigneeId: null } }),
      () => script.query(UPDATE, { input: { id: pick(all), parentId: pick([null, pick(all)]) } }),
      () => script.query(COMPLETE, { id: pick(all) }),
      () => script.query(REOPEN, { id: pick(all) }),
      () => script.query(ARCHIVE, { id: pick(all) }),
      () => script.query(MOVE, { input: { id: pick(all), after: parentless(), status: 'IN_PROGRESS' } }),
      async () => comments.push(await comment(script, pick(all), 'Noted')),
      () => script.query(EDIT_COMMENT, { id: pick(comments), body: `Edited ${roll(99)}` }),
      () =>
        script.query('mutation ($input: ShareTaskInput!) { shareTask(input: $input) { cursor } }', {
          input: { taskId: pick(all), email: `eve${roll(9)}@example.com`, permission: 'VIEW' },
        }),
      () =>
        script.query('mutation ($input: InviteMemberInput!) { inviteMember(input: $input) { cursor } }', {
          input: { teamId, email: `eve${roll(99)}.${seed}@example.com` },
        }),
    ];
    let done = 0;
    for (let n = 0; n < 50; n += 1) {
      // Some are refused, such as a task under itself.
      done += await pick(steps)().then(
        () => 1,
        () => 0,
      );
    }
    expect(done).toBeGreaterThan(25);
    expect(await rows()).not.toEqual(before);

    const id = await runOf(ada);
    const preview = await previewOf(ada, id);
    expect(preview.filter(({ outcome }) => outcome !== 'UNDONE')).toEqual([]);
    expect(await undo(ada, id)).toBe(preview.length);
    expect(await rows()).toEqual(before);
    expect(await previewOf(ada, id)).toEqual([]);
    expect(await undo(ada, id)).toBe(0);
  });
});

async function scene(): Promise<{ ada: Person; bob: Person; teamId: string; script: Script; id: string }> {
  const { ada, bob } = await world.people('Ada', 'Bob');
  const { id: teamId } = await teamOf(ada, [[bob, 'ADMIN']]);
  const script = await scriptOf(world, ada, { run: 'cleanup' });
  const id = await ada.createTask('Garden', { teamId });
  return { ada, bob, teamId, script, id };
}

const titleOf = (id: string) => world.db.task.findUnique({ where: { id: uuidOf('Task', id) } });

test('a field that someone changed since keeps the whole run from being undone, and is named', async () => {
  const { ada, bob, script, id } = await scene();
  const other = await ada.createTask('Other');
  await script.query(UPDATE, { input: { id, title: 'By the agent', priority: 'HIGH' } });
  await script.query(UPDATE, { input: { id: other, title: 'By the agent' } });
  await bob.query(UPDATE, { input: { id, title: 'By Bob' } });
  const run = await runOf(ada);
  expect(await previewOf(ada, run)).toMatchObject([
    { outcome: 'CONFLICT', fields: ['title', 'priority'] },
    { outcome: 'UNDONE', fields: ['title'] },
  ]);
  await expect(undo(ada, run)).rejects.toMatchObject({
    code: 'CONFLICT',
    extensions: { conflicts: [{ taskId: id, fields: ['title', 'priority'] }] },
  });
  expect(await titleOf(other)).toMatchObject({ title: 'By the agent' });
});

test('a field that someone changed in the middle of the run gets their value back', async () => {
  const { ada, bob, script, id } = await scene();
  await script.query(UPDATE, { input: { id, title: 'First' } });
  await bob.query(UPDATE, { input: { id, title: 'By Bob' } });
  await script.query(UPDATE, { input: { id, title: 'Second' } });
  expect(await undo(ada, await runOf(ada))).toBe(1);
  expect(await titleOf(id)).toMatchObject({ title: 'By Bob' });
});

test('other fields that someone changed since stay', async () => {
  const { ada, bob, script, id } = await scene();
  await script.query(UPDATE, { input: { id, title: 'By the agent' } });
  await bob.query(UPDATE, { input: { id, description: 'By Bob' } });
  expect(await undo(ada, await runOf(ada))).toBe(1);
  expect(await titleOf(id)).toMatchObject({ title: 'Garden', description: 'By Bob' });
});

test.each<[string, (bob: Person, id: string) => Promise<unknown>]>([
  ['commented on', (bob, id) => comment(bob, id, 'Good idea')],
  ['changed', (bob, id) => bob.query(COMPLETE, { id })],
  ['put a subtask under', (bob, id) => bob.createTask('Sub', { parentId: id })],
])('a created task that someone has %s is not deleted', async (_, build) => {
  const { ada, bob, script, teamId } = await scene();
  const id = await script.createTask('By the agent', { teamId });
  await build(bob, id);
  const run = await runOf(ada);
  expect(await previewOf(ada, run)).toMatchObject([{ event: { kind: 'TASK_CREATED' }, outcome: 'CONFLICT' }]);
  await expect(undo(ada, run)).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(await titleOf(id)).not.toBeNull();
});

test('a deleted task comes back with its subtasks, and then also its earlier values', async () => {
  const { ada, script, id } = await scene();
  const other = await ada.createTask('Other');
  const sub = await ada.createTask('Sub', { parentId: other });
  await script.query(UPDATE, { input: { id: other, title: 'By the agent' } });
  await script.query(DELETE, { id: other });
  await script.query(COMPLETE, { id });
  const run = await runOf(ada);
  expect(await previewOf(ada, run)).toMatchObject([
    { event: { kind: 'TASK_DELETED' }, outcome: 'UNDONE' },
    { event: { kind: 'TASK_COMPLETED' }, outcome: 'UNDONE', fields: ['status'] },
  ]);
  expect(await undo(ada, run)).toBe(2);
  expect(await titleOf(id)).toMatchObject({ status: 'TODO', completedAt: null });
  expect(await titleOf(sub)).toMatchObject({ parentId: uuidOf('Task', other) });
  expect(await titleOf(other)).toMatchObject({ title: 'By the agent' });
  expect(await undo(ada, run)).toBe(1);
  expect(await titleOf(other)).toMatchObject({ title: 'Other' });
});

test('what cannot be taken back stays, and the rest is undone', async () => {
  const { ada, script, id } = await scene();
  const other = await ada.createTask('Other');
  await script.query(DELETE, { id: other });
  await script.query('mutation ($id: ID!) { purgeTask(input: { id: $id }) { cursor } }', { id: other });
  await script.query(COMPLETE, { id });
  const run = await runOf(ada);
  expect(await previewOf(ada, run)).toMatchObject([
    {
      event: { kind: 'TASK_PURGED' },
      outcome: 'KEPT',
      problem: 'A task that was deleted permanently cannot be brought back.',
    },
    { event: { kind: 'TASK_COMPLETED' }, outcome: 'UNDONE', fields: ['status'] },
  ]);
  expect(await undo(ada, run)).toBe(1);
  expect(await titleOf(id)).toMatchObject({ status: 'TODO', completedAt: null });
});

test('an undo is in the log, made in the session of the person', async () => {
  const { ada, script, id } = await scene();
  await script.query(COMPLETE, { id });
  const run = await runOf(ada);
  const { undoRun } = await ada.query<{ undoRun: object }>(UNDO, { id: run });
  expect(undoRun).toMatchObject({ undone: 1, run: { undoneAt: expect.any(String) as string } });
  const { activity } = await ada.query<{ activity: { nodes: object[] } }>(
    '{ activity(first: 2) { nodes { kind through { kind } changes { field after } subject { id } } } }',
  );
  expect(activity.nodes).toMatchObject([
    { kind: 'RUN_UNDONE', through: null, changes: [{ field: 'changes', after: '1' }], subject: { id: run } },
    { kind: 'TASK_REOPENED', through: null },
  ]);
});

test('[BR-13] an approved share is taken back with the run', async () => {
  const { ada, bob, id } = await scene();
  const { eve } = await world.people('Eve');
  const { token } = await connected(world, ada, { path: '/graphql' });
  await teamOf(ada, [[eve, 'MEMBER']]);
  const ask = world.query(
    'mutation ($input: ShareTaskInput!) { shareTask(input: $input) { cursor } }',
    { input: { taskId: id, email: eve.email, permission: 'VIEW' } },
    { authorization: `Bearer ${token}`, 'taskwire-run': 'share it' },
  );
  const { approvalId } = await failure(ask);
  await (await browserOf(world, ada)).query(APPROVE, { id: approvalId });
  expect(await eve.query('query ($id: ID!) { task(id: $id) { id } }', { id })).toEqual({ task: { id } });
  expect(await undo(ada, await runOf(ada))).toBe(1);
  await expect(eve.query('query ($id: ID!) { task(id: $id) { id } }', { id })).rejects.toThrow();
  expect(await bob.query('query ($id: ID!) { task(id: $id) { id } }', { id })).toEqual({ task: { id } });
});

test('no one else sees, previews or undoes a run, and no token undoes one', async () => {
  const { ada, bob, script, id } = await scene();
  await script.query(COMPLETE, { id });
  const run = await runOf(ada);
  await expect(previewOf(bob, run)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(undo(bob, run)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(undo(script, run)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  expect(await titleOf(id)).toMatchObject({ status: 'DONE' });
});

test('a person who has lost the right to a change undoes nothing', async () => {
  const { ada, bob } = await world.people('Ada', 'Bob');
  const team = await teamOf(bob, [[ada, 'ADMIN']]);
  const script = await scriptOf(world, ada, { run: 'cleanup' });
  const theirs = await bob.createTask('Garden', { teamId: team.id });
  const own = await ada.createTask('Own');
  await script.query(COMPLETE, { id: theirs });
  await script.query(COMPLETE, { id: own });
  await bob.query('mutation ($input: ChangeRoleInput!) { changeRole(input: $input) { cursor } }', {
    input: { id: team.memberships.get(ada.id), role: 'VIEWER' },
  });
  await expect(undo(ada, await runOf(ada))).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('You can read this task but not change it') as string,
  });
  expect(await titleOf(own)).toMatchObject({ status: 'DONE' });
});

test('500 changes are undone at once, and not one more', { timeout: 60_000 }, async () => {
  const { ada } = await world.people('Ada');
  const script = await scriptOf(world, ada, { run: 'import' });
  const create = (count: number) =>
    script.query(
      'mutation ($tasks: [CreateTaskInput!]!) { createTasks(input: { tasks: $tasks }) { cursor } }',
      {
        tasks: Array.from({ length: count }, (_, n) => ({ title: `Task ${n}` })),
      },
    );
  await create(500);
  const run = await runOf(ada);
  expect(await previewOf(ada, run)).toHaveLength(500);
  expect(await undo(ada, run)).toBe(500);
  expect(await world.db.task.count({ where: { ownerId: uuidOf('User', ada.id) } })).toBe(0);
  await create(1);
  await expect(undo(ada, run)).rejects.toMatchObject({
    code: 'VALIDATION_FAILED',
    message: 'This run made more than 500 changes, which is the most that can be undone at once.',
  });
});

test('changes in a team that the person has left are left out', async () => {
  const { ada, bob } = await world.people('Ada', 'Bob');
  const { id: teamId } = await teamOf(bob, [[ada, 'MEMBER']]);
  const script = await scriptOf(world, ada, { run: 'in a team' });
  const theirs = await script.createTask('Mow', { teamId });
  await comment(script, await bob.createTask('Rake', { teamId }), 'Noted');
  const own = await ada.createTask('Own');
  await script.query(COMPLETE, { id: own });
  await ada.query('mutation ($teamId: ID!) { leaveTeam(input: { teamId: $teamId }) { cursor } }', { teamId });
  const run = await runOf(ada);
  expect(await previewOf(ada, run)).toMatchObject([{ event: { kind: 'TASK_COMPLETED' }, outcome: 'UNDONE' }]);
  expect(await undo(ada, run)).toBe(1);
  expect(await titleOf(theirs)).toMatchObject({ title: 'Mow' });
});

test('two undos at once take back each change once', async () => {
  const { ada, script, id } = await scene();
  await script.query(COMPLETE, { id });
  await script.createTask('New');
  const run = await runOf(ada);
  const both = await Promise.all([undo(ada, run), undo(ada, run)]);
  expect(both.sort()).toEqual([0, 2]);
});
