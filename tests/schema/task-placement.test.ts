import { beforeAll, describe, expect, test } from 'vitest';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { outcome, teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people } = await startWorld();

interface Task {
  id: string;
  team: { id: string } | null;
  assignee: { id: string } | null;
  parent: { id: string } | null;
  version: number;
}

let ada: Person;
let bob: Person;
let cara: Person;
let dan: Person;
let eve: Person;
/** Ada owns it, Bob is ADMIN, Cara MEMBER, Dan VIEWER; Eve is not in it. */
let team: string;

beforeAll(async () => {
  ({ ada, bob, cara, dan, eve } = await people('Ada', 'Bob', 'Cara', 'Dan', 'Eve'));
  ({ id: team } = await teamOf(ada, [
    [bob, 'ADMIN'],
    [cara, 'MEMBER'],
    [dan, 'VIEWER'],
  ]));
});

async function update(person: Person, input: object): Promise<Task> {
  const { updateTask } = await person.query<{ updateTask: { task: Task } }>(
    `mutation ($input: UpdateTaskInput!) {
       updateTask(input: $input) { task { id version team { id } assignee { id } parent { id } } } }`,
    { input },
  );
  return updateTask.task;
}

const remove = (person: Person, id: string) =>
  person.query('mutation ($id: ID!) { deleteTask(input: { id: $id }) { cursor } }', { id });

async function share(
  id: string,
  from: Person,
  to: Person,
  permission: 'VIEW' | 'EDIT',
  expiresAt: Date | null = null,
) {
  const [taskId, sharedById, sharedWithId] = [
    uuidOf('Task', id),
    uuidOf('User', from.id),
    uuidOf('User', to.id),
  ];
  await db.taskShare.create({ data: { taskId, sharedById, sharedWithId, permission, expiresAt } });
}

const invalid = (field: string) => ({ code: 'VALIDATION_FAILED', extensions: { field } });

describe('[BR-04] in a team', () => {
  test('leaders edit and delete any task, members their own and assigned ones, viewers none', async () => {
    const by = async (owner: Person, assignee?: Person) =>
      owner.createTask('Tea', { teamId: team, assigneeId: assignee?.id ?? null });
    const rows: [string, Person, () => Promise<string>, string][] = [
      ['the owner, a member’s', ada, () => by(cara), 'ok'],
      ['the admin, a member’s', bob, () => by(cara), 'ok'],
      ['a member, their own', cara, () => by(cara), 'ok'],
      ['a member, another’s', cara, () => by(bob), 'FORBIDDEN'],
      ['a member, one assigned to them', cara, () => by(bob, cara), 'ok'],
      ['a viewer, a member’s', dan, () => by(cara), 'FORBIDDEN'],
      ['a viewer, one assigned to them', dan, () => by(cara, dan), 'FORBIDDEN'],
      ['an outsider, a member’s', eve, () => by(cara), 'NOT_FOUND'],
    ];
    for (const [what, person, make, expected] of rows) {
      const id = await make();
      expect([what, await outcome(update(person, { id, title: 'Coffee' }))]).toEqual([what, expected]);
      expect([what, await outcome(remove(person, id))]).toEqual([what, expected]);
    }
  });

  test('a member creates tasks, a viewer does not, and for others the team is NOT_FOUND', async () => {
    expect(await outcome(cara.createTask('Tea', { teamId: team }))).toBe('ok');
    expect(await outcome(dan.createTask('Tea', { teamId: team }))).toBe('FORBIDDEN');
    expect(await outcome(eve.createTask('Tea', { teamId: team }))).toBe('NOT_FOUND');
    expect(await outcome(eve.createTask('Tea', { teamId: publicId('Team', newId()) }))).toBe('NOT_FOUND');
  });

  test('[BR-05] a viewer with an EDIT share edits that task, but neither deletes nor moves it', async () => {
    const id = await cara.createTask('Tea', { teamId: team });
    await share(id, cara, dan, 'EDIT');
    expect(await outcome(update(dan, { id, title: 'Coffee' }))).toBe('ok');
    expect(await outcome(update(dan, { id, teamId: null }))).toBe('FORBIDDEN');
    expect(await outcome(remove(dan, id))).toBe('FORBIDDEN');
  });

  test('[BR-06] a former member has no rights on its tasks, including those they created', async () => {
    const { fay } = await people('Fay');
    const { id: other } = await teamOf(ada, [[fay, 'MEMBER']]);
    const id = await fay.createTask('Tea', { teamId: other });
    await fay.query('mutation ($id: ID!) { leaveTeam(input: { teamId: $id }) { cursor } }', { id: other });
    expect(await outcome(update(fay, { id, title: 'Coffee' }))).toBe('NOT_FOUND');
    expect(await outcome(remove(fay, id))).toBe('NOT_FOUND');
    const { tasks } = await fay.query<{ tasks: { totalCount: number } }>('{ tasks { totalCount } }');
    expect(tasks.totalCount).toBe(0);
    const { dashboard } = await fay.query<{ dashboard: { statistics: { total: number } } }>(
      '{ dashboard { statistics { total } } }',
    );
    expect(dashboard.statistics.total).toBe(0);
  });
});

describe('moving a task into a team', () => {
  test('[BR-04] is possible for its owner, into teams in which they may create tasks', async () => {
    const id = await cara.createTask('Tea');
    await share(id, cara, bob, 'EDIT');
    expect(await outcome(update(bob, { id, teamId: team }))).toBe('FORBIDDEN');
    expect(await update(cara, { id, teamId: team })).toMatchObject({ team: { id: team } });
    const { id: foreign } = await teamOf(eve);
    expect(await outcome(update(cara, { id, teamId: foreign }))).toBe('NOT_FOUND');
    const { id: readOnly } = await teamOf(eve, [[cara, 'VIEWER']]);
    expect(await outcome(update(cara, { id, teamId: readOnly }))).toBe('FORBIDDEN');
    expect(await update(cara, { id, teamId: null })).toMatchObject({ team: null });
  });

  test('or out of one is possible for its owner; leaders can move it only to where they still see it', async () => {
    const id = await cara.createTask('Tea', { teamId: team });
    expect(await outcome(update(bob, { id, teamId: null }))).toBe('FORBIDDEN');
    const { id: other } = await teamOf(bob);
    expect(await update(bob, { id, teamId: other })).toMatchObject({ team: { id: other } });
    expect(await outcome(update(cara, { id, teamId: team }))).toBe('NOT_FOUND');
  });

  test('is not possible for its assignee', async () => {
    const id = await bob.createTask('Tea', { teamId: team, assigneeId: cara.id });
    expect(await outcome(update(cara, { id, teamId: null, assigneeId: null }))).toBe('FORBIDDEN');
  });
});

describe('assigning a task', () => {
  test('of a team can be assigned only to members', async () => {
    const id = await cara.createTask('Tea', { teamId: team, assigneeId: dan.id });
    expect(await update(cara, { id, assigneeId: bob.id })).toMatchObject({ assignee: { id: bob.id } });
    expect(await update(cara, { id, assigneeId: null })).toMatchObject({ assignee: null });
    const strangers = [eve.id, publicId('User', newId())];
    for (const assigneeId of strangers) {
      await expect(update(cara, { id, assigneeId })).rejects.toMatchObject(invalid('assigneeId'));
      await expect(cara.createTask('Tea', { teamId: team, assigneeId })).rejects.toMatchObject(
        invalid('assigneeId'),
      );
    }
  });

  test('without a team is possible to its owner, or to the receiver of an active share', async () => {
    const id = await cara.createTask('Tea', { assigneeId: cara.id });
    await expect(update(cara, { id, assigneeId: bob.id })).rejects.toMatchObject(invalid('assigneeId'));
    await share(id, cara, bob, 'VIEW');
    expect(await update(cara, { id, assigneeId: bob.id })).toMatchObject({ assignee: { id: bob.id } });
    await share(id, cara, ada, 'VIEW', new Date(Date.now() - 1_000));
    await expect(update(cara, { id, assigneeId: ada.id })).rejects.toMatchObject(invalid('assigneeId'));
  });

  test('[BR-05] is not possible with an EDIT share, since an assignee could delete it (M3)', async () => {
    const id = await bob.createTask('Tea', { teamId: team });
    for (const person of [cara, dan, eve]) await share(id, bob, person, 'EDIT');
    const attempts: [Person, Person][] = [
      [cara, cara],
      [dan, cara],
      [eve, cara],
    ];
    for (const [person, assignee] of attempts) {
      await expect(update(person, { id, assigneeId: assignee.id })).rejects.toMatchObject({
        code: 'FORBIDDEN',
        extensions: { field: 'assigneeId' },
      });
      expect(await outcome(remove(person, id))).toBe('FORBIDDEN');
    }
    expect(await update(cara, { id, title: 'Coffee', assigneeId: null })).toMatchObject({ assignee: null });
  });

  test('[BR-05] of another person cannot be moved with an EDIT share either (M3)', async () => {
    const id = await bob.createTask('Tea');
    await share(id, bob, cara, 'EDIT');
    expect(await outcome(update(cara, { id, assigneeId: cara.id }))).toBe('FORBIDDEN');
    await update(bob, { id, teamId: team });
    expect(await outcome(remove(cara, id))).toBe('FORBIDDEN');
  });

  test('[BR-04] is possible for its assignee, who can reassign it or unassign themselves (M3)', async () => {
    const id = await bob.createTask('Tea', { teamId: team, assigneeId: cara.id });
    expect(await update(cara, { id, assigneeId: ada.id })).toMatchObject({ assignee: { id: ada.id } });
    expect(await outcome(update(cara, { id, assigneeId: cara.id }))).toBe('FORBIDDEN');
    await update(bob, { id, assigneeId: dan.id });
    expect(await outcome(update(dan, { id, assigneeId: null })), 'a VIEWER only reads').toBe('FORBIDDEN');
    await share(id, bob, dan, 'EDIT');
    expect(await outcome(update(dan, { id, assigneeId: cara.id }))).toBe('FORBIDDEN');
    expect(await update(dan, { id, assigneeId: null })).toMatchObject({ assignee: null });
  });

  test('[BR-05] is not affected by the role of a demoted owner, who keeps the owner’s rights (L5)', async () => {
    const { fay } = await people('Fay');
    const { id: other, memberships } = await teamOf(ada, [[fay, 'MEMBER']]);
    const id = await fay.createTask('Tea', { teamId: other });
    const foreign = await ada.createTask('Milk', { teamId: other, assigneeId: fay.id });
    await ada.query('mutation ($id: ID!) { changeRole(input: { id: $id, role: VIEWER }) { cursor } }', {
      id: memberships.get(fay.id),
    });
    expect(await outcome(fay.createTask('Cake', { teamId: other }))).toBe('FORBIDDEN');
    expect(await outcome(update(fay, { id: foreign, title: 'Cream' }))).toBe('FORBIDDEN');
    expect(await update(fay, { id, assigneeId: ada.id })).toMatchObject({ assignee: { id: ada.id } });
    expect(await outcome(remove(fay, id))).toBe('ok');
  });

  test('requires unassigning first if the task moves to a team without the assignee', async () => {
    const id = await cara.createTask('Tea', { teamId: team, assigneeId: bob.id });
    const { id: other } = await teamOf(cara);
    await expect(update(cara, { id, teamId: other })).rejects.toMatchObject(invalid('assigneeId'));
    expect(await update(cara, { id, teamId: other, assigneeId: null })).toMatchObject({
      team: { id: other },
    });
  });

  test('names the task of a batch that cannot be assigned', async () => {
    const tasks = [{ title: 'Tea' }, { title: 'Tea', assigneeId: eve.id }];
    await expect(
      cara.query('mutation ($input: CreateTasksInput!) { createTasks(input: $input) { cursor } }', {
        input: { tasks },
      }),
    ).rejects.toMatchObject(invalid('tasks.1.assigneeId'));
  });
});

describe('setting a parent', () => {
  test('requires the right to edit it; the parent is visible to people who may see it', async () => {
    const parent = await bob.createTask('Dinner', { teamId: team });
    const id = await cara.createTask('Soup', { teamId: team });
    expect(await outcome(update(cara, { id, parentId: parent }))).toBe('FORBIDDEN');
    expect(await outcome(update(cara, { id, parentId: publicId('Task', newId()) }))).toBe('NOT_FOUND');
    expect(await update(bob, { id, parentId: parent })).toMatchObject({ parent: { id: parent } });
    await share(id, cara, eve, 'VIEW');
    const { task } = await eve.query<{ task: { parent: unknown } }>(
      'query ($id: ID!) { task(id: $id) { parent { id } } }',
      {
        id,
      },
    );
    expect(task.parent).toBeNull();
    const { task: above } = await dan.query<{ task: { subtasks: { nodes: { title: string }[] } } }>(
      'query ($id: ID!) { task(id: $id) { subtasks { nodes { title } } } }',
      { id: parent },
    );
    expect(above.subtasks.nodes).toEqual([{ title: 'Soup' }]);
  });

  test('never creates a cycle, not even in one call', async () => {
    const [a, b, c] = [await ada.createTask('a'), await ada.createTask('b'), await ada.createTask('c')];
    await expect(update(ada, { id: a, parentId: a })).rejects.toMatchObject(invalid('parentId'));
    await update(ada, { id: b, parentId: a });
    await update(ada, { id: c, parentId: b });
    await expect(update(ada, { id: a, parentId: c })).rejects.toMatchObject(invalid('parentId'));
    const [x, y] = [await ada.createTask('x'), await ada.createTask('y')];
    const tasks = [
      { id: x, parentId: y },
      { id: y, parentId: x },
    ];
    await expect(
      ada.query('mutation ($input: UpdateTasksInput!) { updateTasks(input: $input) { cursor } }', {
        input: { tasks },
      }),
    ).rejects.toMatchObject(invalid('tasks.0.parentId'));
    expect(await db.task.count({ where: { title: { in: ['x', 'y'] }, parentId: { not: null } } })).toBe(0);
  });

  test('never creates a cycle by concurrent calls', async () => {
    for (let round = 0; round < 5; round++) {
      const [a, b] = [await ada.createTask('a'), await ada.createTask('b')];
      const outcomes = await Promise.all([
        outcome(update(ada, { id: a, parentId: b })),
        outcome(update(ada, { id: b, parentId: a })),
      ]);
      expect(outcomes.sort()).toEqual(['VALIDATION_FAILED', 'ok']);
    }
  });

  test('is limited to ten levels, including the subtasks below', async () => {
    const chain = async (length: number) => {
      const ids: string[] = [];
      for (let n = 0; n < length; n++)
        ids.push(await ada.createTask(`${n}`, { parentId: ids.at(-1) ?? null }));
      return ids;
    };
    const [ten, one] = [await chain(10), await ada.createTask('one')];
    await expect(update(ada, { id: one, parentId: ten.at(-1) })).rejects.toMatchObject(invalid('parentId'));
    expect(await outcome(update(ada, { id: one, parentId: ten.at(-2) }))).toBe('ok');
    const [six, four, five] = [await chain(6), await chain(4), await chain(5)];
    await expect(update(ada, { id: five[0], parentId: six.at(-1) })).rejects.toMatchObject(
      invalid('parentId'),
    );
    expect(await outcome(update(ada, { id: four[0], parentId: six.at(-1) }))).toBe('ok');
  });

  test('is not undone for the subtasks of a deleted task', async () => {
    const parent = await ada.createTask('Dinner');
    const id = await ada.createTask('Soup', { parentId: parent });
    await remove(ada, parent);
    expect(await update(ada, { id })).toMatchObject({ parent: null });
  });
});
