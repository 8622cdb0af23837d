import { describe, expect, test } from 'vitest';
import { ownFieldsOf } from '../kit/own-fields.ts';
import { share } from '../kit/shares.ts';
import { teamOf } from '../kit/team.ts';
import { Refusal, startWorld, type Person } from '../kit/world.ts';

const world = await startWorld({ LOG_LEVEL: 'silent' });
const { ada, bob } = await world.people('Ada', 'Bob');

type Task = Record<string, unknown>;

const own = ownFieldsOf('Task');

/** The extensions of the error for an outdated version. */
async function conflictOf(edit: Promise<unknown>): Promise<Task> {
  const refusal = await edit.catch((error: unknown) => error);
  if (!(refusal instanceof Refusal)) throw new Error('The edit went through');
  expect(refusal.code).toBe('CONFLICT');
  return refusal.extensions['current'] as Task;
}

function edit(person: Person, tasks: object[]) {
  return person.query('mutation ($input: UpdateTasksInput!) { updateTasks(input: $input) { cursor } }', {
    input: { tasks },
  });
}

function rename(person: Person, id: string, version: number) {
  return person.query('mutation ($input: UpdateTaskInput!) { updateTask(input: $input) { cursor } }', {
    input: { id, version, title: 'Late' },
  });
}

/** The task as `task` returns it, in the form of the error. */
async function read(person: Person, id: string): Promise<Task> {
  const { task } = await person.query<{
    task: Task & Record<'owner' | 'assignee' | 'team', { id: string } | null>;
  }>(`query ($id: ID!) { task(id: $id) { ${own.join(' ')} owner { id } assignee { id } team { id } } }`, {
    id,
  });
  const { owner, assignee, team, ...rest } = task;
  return { ...rest, ownerId: owner?.id ?? null, assigneeId: assignee?.id ?? null, teamId: team?.id ?? null };
}

describe('[BR-09] an edit of an outdated version', () => {
  test('has the current state of the task in its error, as the API returns it', async () => {
    const id = await ada.createTask('Tea', {
      description: '*hot*',
      dueOn: '2027-03-01',
      labels: ['kitchen', 'today'],
      priority: 'HIGH',
      assigneeId: ada.id,
    });
    await edit(ada, [{ id, status: 'DONE' }]);
    const current = await conflictOf(rename(ada, id, 1));
    expect(current).toEqual(await read(ada, id));
    expect(current).toMatchObject({ id, version: 2, status: 'DONE', dueOn: '2027-03-01', ownerId: ada.id });
    expect(own.length).toBeGreaterThan(10);
  });

  test('has it for every mutation', async () => {
    const id = await ada.createTask('Tea');
    const after = await ada.createTask('Water');
    await edit(ada, [{ id, title: 'Coffee', status: 'CANCELLED' }]);
    const now = await read(ada, id);
    for (const verb of ['completeTask', 'reopenTask', 'archiveTask', 'moveTask', 'deleteTask'] as const) {
      const type = `${verb.charAt(0).toUpperCase()}${verb.slice(1)}Input`;
      const change = `mutation ($input: ${type}!) { ${verb}(input: $input) { cursor } }`;
      const input = { id, version: 1, ...(verb === 'moveTask' ? { after } : {}) };
      expect(await conflictOf(ada.query(change, { input })), verb).toEqual(now);
    }
  });

  test('succeeds when it is retried after a lost response, and changes nothing (RETRY-CONFLICT)', async () => {
    const id = await ada.createTask('Tea');
    const after = await ada.createTask('Water');
    const inputs: [verb: string, input: object][] = [
      ['updateTask', { title: 'Coffee', labels: ['hot'], dueOn: '2027-03-01', assigneeId: ada.id }],
      ['completeTask', {}],
      ['reopenTask', {}],
      ['archiveTask', {}],
      ['archiveTask', { archived: false }],
      ['moveTask', { after, status: 'IN_PROGRESS' }],
    ];
    for (const [version, [verb, input]] of inputs.entries()) {
      const type = `${verb.charAt(0).toUpperCase()}${verb.slice(1)}Input`;
      const change = `mutation ($input: ${type}!) { ${verb}(input: $input) { task { version } } }`;
      const variables = { input: { id, version: version + 1, ...input } };
      const once = await ada.query(change, variables);
      expect(once, verb).toEqual({ [verb]: { task: { version: version + 2 } } });
      expect(await ada.query(change, variables), verb).toEqual(once);
    }
    await edit(ada, [{ id, version: 7, title: 'Juice' }]);
    await edit(ada, [{ id, version: 7, title: 'Juice' }]);
    expect(await conflictOf(edit(ada, [{ id, version: 7, title: 'Coffee' }]))).toMatchObject({
      version: 8,
      title: 'Juice',
    });
  });

  test('in a batch has the state of the first such task, and nothing changes', async () => {
    const ids = [await ada.createTask('One'), await ada.createTask('Two'), await ada.createTask('Three')];
    await edit(ada, [
      { id: ids[1], title: 'Two, faster' },
      { id: ids[2], title: 'Three, faster' },
    ]);
    const late = ids.map((id) => ({ id, version: 1, title: 'Late' }));
    await expect(edit(ada, late)).rejects.toMatchObject({ extensions: { field: 'tasks.1.version' } });
    const current = await conflictOf(edit(ada, late));
    expect(current).toMatchObject({ id: ids[1], title: 'Two, faster', version: 2 });
    expect(await read(ada, ids[0] ?? '')).toMatchObject({ title: 'One', version: 1 });
  });

  test('does not reveal a team to people outside it', async () => {
    const team = await teamOf(ada);
    const id = await ada.createTask('Tea', { teamId: team.id });
    await share(world, id, { from: ada, to: bob, permission: 'EDIT' });
    await edit(ada, [{ id, title: 'Coffee' }]);
    expect(await conflictOf(rename(ada, id, 1))).toMatchObject({ teamId: team.id });
    const current = await conflictOf(rename(bob, id, 1));
    expect(current).toEqual(await read(bob, id));
    expect(current).toMatchObject({ teamId: null, title: 'Coffee' });
  });

  test('reveals nothing to people who cannot see or edit the task', async () => {
    const id = await ada.createTask('Tea');
    await edit(ada, [{ id, title: 'Coffee' }]);
    for (const code of ['NOT_FOUND', 'FORBIDDEN']) {
      const refusal = await rename(bob, id, 1).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code });
      expect((refusal as Refusal).extensions).not.toHaveProperty('current');
      await share(world, id, { from: ada, to: bob });
    }
  });
});
