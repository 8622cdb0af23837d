import { beforeAll, describe, expect, test } from 'vitest';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { statementsOf } from '../kit/statements.ts';
import { outcome, teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people } = await startWorld({ LOG_LEVEL: 'silent' });

interface Task {
  id: string;
  title: string;
  version: number;
  status: string;
}

interface Batch {
  tasks: Task[];
  cursor: string;
}

let ada: Person;
let bob: Person;

beforeAll(async () => {
  ({ ada, bob } = await people('Ada', 'Bob'));
});

async function createAll(person: Person, tasks: object[]): Promise<Batch> {
  const { createTasks } = await person.query<{ createTasks: Batch }>(
    `mutation ($input: CreateTasksInput!) {
       createTasks(input: $input) { cursor tasks { id title version status owner { id } } } }`,
    { input: { tasks } },
  );
  return createTasks;
}

async function updateAll(person: Person, tasks: object[]): Promise<Batch> {
  const { updateTasks } = await person.query<{ updateTasks: Batch }>(
    'mutation ($input: UpdateTasksInput!) { updateTasks(input: $input) { cursor tasks { id title version status } } }',
    { input: { tasks } },
  );
  return updateTasks;
}

/**
 * Sends the same edit a hundred times concurrently, each with its own text. A rejected request is retried as the answer
 * says, since the server may be too busy. @returns the results.
 */
async function crowdedEdits(edit: (n: number) => object): Promise<unknown[]> {
  const one = async (_: unknown, n: number): Promise<unknown> => {
    const sent = ada.query('mutation ($input: UpdateTasksInput!) { updateTasks(input: $input) { cursor } }', {
      input: { tasks: [edit(n)] },
    });
    const end = await outcome(sent);
    return end === 'UNAVAILABLE' ? one(_, n) : end;
  };
  const ends = await Promise.all(Array.from({ length: 100 }, one));
  return ends.sort();
}

const titled = (number: number, title = 'Task') =>
  Array.from({ length: number }, (_, n) => ({ title: `${title} ${n}` }));
const ownTask = (title = 'Tea') => ({ id: publicId('Task', newId()), title });

describe('creating many tasks', () => {
  test('returns them in the given order, each with its event and a position after the previous one', async () => {
    const { tasks, cursor } = await createAll(ada, titled(500));
    expect(tasks.map(({ title }) => title)).toEqual(titled(500).map(({ title }) => title));
    const rows = await db.task.findMany({
      where: { ownerId: uuidOf('User', ada.id) },
      orderBy: { position: 'asc' },
    });
    expect(rows.map(({ title }) => title)).toEqual(tasks.map(({ title }) => title));
    expect(new Set(rows.map(({ position }) => position)).size).toBe(500);
    const events = await db.event.findMany({ where: { kind: 'task.created' }, orderBy: { sequence: 'asc' } });
    expect(events.map(({ subjectId }) => publicId('Task', subjectId ?? ''))).toEqual(
      tasks.map(({ id }) => id),
    );
    expect(cursor).not.toBe('');
  });

  test('[FR-014] takes as many statements for 100 as for two', async () => {
    const few = await statementsOf(() => createAll(ada, titled(2)));
    const many = await statementsOf(() => createAll(ada, titled(100)));
    expect(many).toHaveLength(few.length);
    expect(many.filter((statement) => statement.includes('INSERT INTO tasks'))).toHaveLength(1);
    expect(many.filter((statement) => statement.includes('INSERT INTO events'))).toHaveLength(1);
  });

  test('is one statement with all events, and the answer needs no other', async () => {
    const create = () =>
      ada.query(
        'mutation ($input: CreateTasksInput!) { createTasks(input: $input) { tasks { id title } } }',
        {
          input: { tasks: titled(3) },
        },
      );
    const statements = await statementsOf(create);
    expect(statements.filter((statement) => /INTO tasks|FROM [^ ]*tasks|BEGIN/.test(statement))).toEqual([
      expect.stringMatching(/INSERT INTO tasks[^]*INSERT INTO events/),
    ]);
  });

  test.each([
    ['no tasks', [], 'tasks'],
    ['501', titled(501), 'tasks'],
    ['one without a title among others', [...titled(3), { title: ' ' }], 'tasks.3.title'],
    [
      'a label that is too long',
      [{ title: 'Tea' }, { title: 'Tea', labels: ['ok', 'x'.repeat(51)] }],
      'tasks.1.labels.1',
    ],
  ])('rejects %s, and creates none', async (_what, tasks, field) => {
    const before = await db.task.count();
    await expect(createAll(ada, tasks)).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      extensions: { field },
    });
    expect(await db.task.count()).toBe(before);
  });

  test('[BR-10] twice with client-generated ids creates them once', async () => {
    const tasks = [ownTask('One'), ownTask('Two'), ownTask('Three')];
    const first = await createAll(ada, tasks);
    expect(await createAll(ada, tasks)).toEqual(first);
    const ids = tasks.map(({ id }) => uuidOf('Task', id));
    expect(await db.event.count({ where: { subjectId: { in: ids } } })).toBe(3);
  });

  test('[BR-10] with a taken id, or with other content, is CONFLICT and creates none', async () => {
    const [one, two, three] = [ownTask('One'), ownTask('Two'), ownTask('Three')];
    await createAll(ada, [one]);
    const before = await db.task.count();
    const conflict = (path: string) => ({ code: 'CONFLICT', extensions: { field: `${path}id` } });
    await expect(createAll(ada, [two, one])).rejects.toMatchObject(conflict('tasks.0.'));
    await expect(createAll(ada, [{ ...one, title: 'Won' }])).rejects.toMatchObject(conflict('tasks.0.'));
    await expect(createAll(bob, [three, one])).rejects.toMatchObject(conflict('tasks.0.'));
    await expect(createAll(ada, [two, two])).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await db.task.count()).toBe(before);
  });

  test('[BR-10] again after a deletion does not restore the deleted task', async () => {
    const tasks = [ownTask('One'), ownTask('Two')];
    await createAll(ada, tasks);
    await ada.query('mutation ($id: ID!) { deleteTask(input: { id: $id }) { cursor } }', {
      id: tasks[0]?.id,
    });
    await expect(createAll(ada, tasks)).rejects.toMatchObject({ code: 'CONFLICT' });
    const ids = tasks.map(({ id }) => uuidOf('Task', id));
    expect(await db.task.count({ where: { id: { in: ids } } })).toBe(1);
  });

  test('can create subtasks of tasks in the same call', async () => {
    const parent = ownTask('Dinner');
    const { tasks } = await createAll(ada, [{ title: 'Soup', parentId: parent.id }, parent]);
    const soup = await db.task.findUniqueOrThrow({ where: { id: uuidOf('Task', tasks[0]?.id ?? '') } });
    expect(soup.parentId).toBe(uuidOf('Task', parent.id));
  });

  test('[FR-014] as subtasks of one task takes as many statements for 50 as for two', async () => {
    const parentId = await ada.createTask('Dinner');
    const under = (number: number) => titled(number).map((task) => ({ ...task, parentId }));
    const few = await statementsOf(() => createAll(ada, under(2)));
    const many = await statementsOf(() => createAll(ada, under(50)));
    expect(many).toHaveLength(few.length);
  });
});

describe('changing many tasks', () => {
  test('changes each separately, in one statement, and returns them in the given order', async () => {
    const { tasks } = await createAll(ada, titled(500));
    const changes = tasks.map(({ id }, n) =>
      n % 2
        ? { id, title: `Changed ${n}`, dueOn: '2027-01-01', labels: [`"quoted" ${n}`, '{a,b}'] }
        : { id, status: 'DONE' },
    );
    changes.reverse();
    let answer: Batch | undefined;
    const statements = await statementsOf(async () => {
      answer = await updateAll(ada, changes);
    });
    expect(answer?.tasks.map(({ id }) => id)).toEqual(changes.map(({ id }) => id));
    expect(answer?.tasks.at(-1)).toMatchObject({ title: 'Task 0', status: 'DONE', version: 2 });
    expect(answer?.tasks[0]).toMatchObject({ title: 'Changed 499', status: 'TODO', version: 2 });
    expect(statements.length).toBeLessThanOrEqual(10);
    const row = await db.task.findUniqueOrThrow({
      where: { id: uuidOf('Task', answer?.tasks[0]?.id ?? '') },
    });
    expect(row).toMatchObject({
      labels: ['"quoted" 499', '{a,b}'],
      dueOn: new Date('2027-01-01'),
      completedAt: null,
    });
    const ids = tasks.map(({ id }) => uuidOf('Task', id));
    const kinds = await db.event.groupBy({ by: ['kind'], where: { subjectId: { in: ids } }, _count: true });
    expect(Object.fromEntries(kinds.map(({ kind, _count }) => [kind, _count]))).toEqual({
      'task.created': 500,
      'task.completed': 250,
      'task.updated': 250,
    });
  });

  test('archives and restores many, like `archiveTask`', async () => {
    const { tasks } = await createAll(ada, titled(3));
    const ids = tasks.map(({ id }) => id);
    const archivedAt = async () => {
      const rows = await db.task.findMany({ where: { id: { in: ids.map((id) => uuidOf('Task', id)) } } });
      return rows.map((row) => row.archivedAt !== null);
    };
    await updateAll(
      ada,
      ids.map((id) => ({ id, version: 1, archived: true })),
    );
    expect(await archivedAt()).toEqual([true, true, true]);
    // Repeated, it is no conflict and no further change.
    const again = await updateAll(ada, [{ id: ids[0], version: 1, archived: true }]);
    expect(again.tasks[0]).toMatchObject({ version: 2 });
    await updateAll(
      ada,
      ids.map((id) => ({ id, version: 2, archived: false, title: 'Back' })),
    );
    expect(await archivedAt()).toEqual([false, false, false]);
    await expect(updateAll(ada, [{ id: ids[0], archived: null }])).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      extensions: { field: 'tasks.0.archived' },
    });
  });

  test('[BR-09] changes none if one of them is outdated, and names it', async () => {
    const { tasks } = await createAll(ada, titled(3));
    await updateAll(ada, [{ id: tasks[1]?.id, title: 'Faster' }]);
    await expect(
      updateAll(
        ada,
        tasks.map(({ id }) => ({ id, version: 1, title: 'Slower' })),
      ),
    ).rejects.toMatchObject({
      code: 'CONFLICT',
      extensions: { field: 'tasks.1.version', currentVersion: 2 },
    });
    const rows = await db.task.findMany({ where: { id: { in: tasks.map(({ id }) => uuidOf('Task', id)) } } });
    expect(rows.map(({ title }) => title)).not.toContain('Slower');
  });

  test('[BR-08] changes none if one of them is not visible, and answers as if it did not exist', async () => {
    const secret = await bob.createTask('Secret');
    const own = await ada.createTask('Own');
    const change = [
      { id: own, title: 'Mine' },
      { id: secret, title: 'Mine too' },
    ];
    const nothing = [
      { id: own, title: 'Mine' },
      { id: publicId('Task', newId()), title: 'Mine too' },
    ];
    const refusal = { code: 'NOT_FOUND', extensions: { code: 'NOT_FOUND', field: 'tasks.1.id' } };
    await expect(updateAll(ada, change)).rejects.toMatchObject(refusal);
    await expect(updateAll(ada, nothing)).rejects.toMatchObject(refusal);
    expect(await db.task.count({ where: { title: 'Mine' } })).toBe(0);
  });

  test('[BR-04] changes none if one of them may not be changed', async () => {
    const team = await teamOf(ada, [[bob, 'MEMBER']]);
    const adas = await ada.createTask('Ada’s', { teamId: team.id });
    const bobs = await bob.createTask('Bob’s', { teamId: team.id });
    await expect(
      updateAll(bob, [
        { id: bobs, title: 'x' },
        { id: adas, title: 'x' },
      ]),
    ).rejects.toMatchObject({
      code: 'FORBIDDEN',
      extensions: { field: 'tasks.1.id' },
    });
    expect(
      (
        await updateAll(ada, [
          { id: bobs, title: 'y' },
          { id: adas, title: 'y' },
        ])
      ).tasks,
    ).toHaveLength(2);
  });

  test.each([
    ['the same task twice', (id: string) => [{ id }, { id }], 'tasks.1.id'],
    ['a title of 201 letters', (id: string) => [{ id, title: 'x'.repeat(201) }], 'tasks.0.title'],
    ['an id that is none', () => [{ id: 'nonsense' }], 'tasks.0.id'],
    ['no tasks', () => [], 'tasks'],
    ['501', (id: string) => Array.from({ length: 501 }, () => ({ id })), 'tasks'],
  ])('rejects %s', async (_what, changes, field) => {
    const id = await ada.createTask('Tea');
    await expect(updateAll(ada, changes(id))).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      extensions: { field },
    });
  });

  test('concurrently in the opposite order never deadlocks', async () => {
    const { tasks } = await createAll(ada, titled(30));
    const ids = tasks.map(({ id }) => id);
    const rounds = Array.from({ length: 10 }, (_, n) =>
      updateAll(
        ada,
        (n % 2 ? ids : ids.toReversed()).map((id) => ({ id, title: `Round ${n}` })),
      ),
    );
    await Promise.all(rounds);
    const rows = await db.task.findMany({ where: { id: { in: ids.map((id) => uuidOf('Task', id)) } } });
    expect(new Set(rows.map(({ title }) => title)).size).toBe(1);
    expect(rows.every(({ version }) => version === 11)).toBe(true);
  });

  test('[BR-11] a hundred concurrent edits of one task all succeed', async () => {
    const id = await ada.createTask('Tea');
    const ends = await crowdedEdits((n) => ({ id, title: `${n}`, description: `${n}` }));
    expect(ends).toEqual(Array(100).fill('ok'));
    const row = await db.task.findUniqueOrThrow({ where: { id: uuidOf('Task', id) } });
    expect(row.description).toBe(row.title);
    expect(row.version).toBeGreaterThan(100);
    expect(await db.event.count({ where: { subjectId: row.id, kind: 'task.updated' } })).toBe(
      row.version - 1,
    );
  });

  test('[BR-09] of a hundred concurrent edits on one version, one succeeds', async () => {
    const id = await ada.createTask('Tea');
    const ends = await crowdedEdits((n) => ({ id, version: 1, title: `Tea ${n}` }));
    expect(ends.slice(0, 99)).toEqual(Array(99).fill('CONFLICT'));
    expect(await db.task.findUnique({ where: { id: uuidOf('Task', id) } })).toMatchObject({ version: 2 });
  });
});
