import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { share } from '../kit/shares.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld({ LOG_LEVEL: 'silent' });
const { db, people } = world;

interface Task {
  id: string;
  title: string;
  description: string;
  status: string;
  priority: string;
  dueOn: string | null;
  completedAt: string | null;
  archivedAt: string | null;
  version: number;
  createdAt: string;
  updatedAt: string;
  owner: { id: string };
  viewerCan: { edit: boolean; delete: boolean; share: boolean };
}

type Verb = 'updateTask' | 'completeTask' | 'reopenTask';

const fields = `id title description status priority dueOn completedAt archivedAt version createdAt updatedAt
  owner { id } viewerCan { edit delete share }`;

async function create(person: Person, input: object): Promise<Task & { cursor: string }> {
  const { createTask } = await person.query<{ createTask: { task: Task; cursor: string } }>(
    `mutation ($input: CreateTaskInput!) { createTask(input: $input) { cursor task { ${fields} } } }`,
    { input },
  );
  return { ...createTask.task, cursor: createTask.cursor };
}

async function change(person: Person, verb: Verb, input: object): Promise<Task> {
  const type = `${verb.charAt(0).toUpperCase()}${verb.slice(1)}Input`;
  const answer = await person.query<Record<Verb, { task: Task }>>(
    `mutation ($input: ${type}!) { ${verb}(input: $input) { task { ${fields} } } }`,
    { input },
  );
  return answer[verb].task;
}

const update = (person: Person, input: object) => change(person, 'updateTask', input);
const complete = (person: Person, id: string) => change(person, 'completeTask', { id });
const reopen = (person: Person, id: string) => change(person, 'reopenTask', { id });

async function remove(person: Person, id: string, version?: number) {
  const { deleteTask } = await person.query<{ deleteTask: { deletedTaskId: string; cursor: string } }>(
    'mutation ($input: DeleteTaskInput!) { deleteTask(input: $input) { deletedTaskId cursor } }',
    { input: { id, version } },
  );
  return deleteTask;
}

async function read(person: Person, id: string): Promise<Task> {
  const { task } = await person.query<{ task: Task }>(`query ($id: ID!) { task(id: $id) { ${fields} } }`, {
    id,
  });
  return task;
}

function eventsOf(id: string) {
  return db.event.findMany({ where: { subjectId: uuidOf('Task', id) }, orderBy: { sequence: 'asc' } });
}

/** The kinds of its change events, in order. Refused attempts are in `refusalsOf`. */
async function kindsOf(id: string): Promise<string[]> {
  return (await eventsOf(id)).map(({ kind }) => kind).filter((kind) => kind !== 'access.refused');
}

/** Refused operations on it with their actors, in order. */
async function refusalsOf(id: string) {
  return (await eventsOf(id))
    .filter(({ kind }) => kind === 'access.refused')
    .map(({ actorId, data }) => ({ actorId, data }));
}

function refused(person: Person, operation: string, code: string) {
  return { actorId: uuidOf('User', person.id), data: { code, operation } };
}

const notFound = { code: 'NOT_FOUND', message: 'This task does not exist, or you do not have access to it.' };

let ada: Person;
let bob: Person;

beforeAll(async () => {
  ({ ada, bob } = await people('Ada', 'Bob'));
});

describe('creating a task', () => {
  test('[FR-001] with a title only uses every default', async () => {
    const before = Date.now();
    const task = await create(ada, { title: 'Water the plants' });
    expect(task).toEqual({
      id: expect.stringMatching(/^task_[0-9a-z]{26}$/) as string,
      title: 'Water the plants',
      description: '',
      status: 'TODO',
      priority: 'NONE',
      dueOn: null,
      completedAt: null,
      archivedAt: null,
      version: 1,
      createdAt: task.createdAt,
      updatedAt: task.createdAt,
      owner: { id: ada.id },
      viewerCan: { edit: true, delete: true, share: true },
      cursor: expect.stringMatching(/./) as string,
    });
    expect(new Date(task.createdAt).getTime()).toBeGreaterThan(before - 1_000);
    expect(new Date(task.createdAt).getTime()).toBeLessThan(Date.now() + 1_000);
    expect(await read(ada, task.id)).toMatchObject({ title: 'Water the plants', version: 1 });
  });

  test('[FR-001] stores everything given, trimmed', async () => {
    const given = { description: '# Plants\n\n- [ ] fern', priority: 'HIGH', dueOn: '2026-12-31' };
    const task = await create(ada, { title: '\t Water the plants \n', status: 'IN_PROGRESS', ...given });
    expect(task).toMatchObject({ title: 'Water the plants', status: 'IN_PROGRESS', ...given });
  });

  test('accepts null for optional fields', async () => {
    const nothing = { id: null, description: null, status: null, priority: null, dueOn: null };
    const task = await create(ada, { title: 'Tea', ...nothing });
    expect(task).toMatchObject({ description: '', status: 'TODO', priority: 'NONE', dueOn: null });
  });

  test('[BR-07] as completed sets the time of completion', async () => {
    const task = await create(ada, { title: 'Done before it was written down', status: 'DONE' });
    expect(Math.abs(new Date(task.completedAt ?? 0).getTime() - Date.now())).toBeLessThan(5_000);
    expect(await kindsOf(task.id)).toEqual(['task.created']);
  });

  test('[FR-001] counts characters as people do, up to both limits', async () => {
    for (const title of ['x', 'x'.repeat(200), '🧵'.repeat(200), 'é'.repeat(200)]) {
      expect((await create(ada, { title })).title).toBe(title);
    }
    for (const description of ['x'.repeat(10_000), '🧵'.repeat(10_000)]) {
      expect((await create(ada, { title: 'Tea', description })).description).toBe(description);
    }
  });

  test.each([
    ['an empty title', { title: '' }, 'title'],
    ['a title of blanks', { title: ' \u00a0\t' }, 'title'],
    ['a title of 201 letters', { title: 'x'.repeat(201) }, 'title'],
    ['a title of 201 emoji', { title: '🧵'.repeat(201) }, 'title'],
    ['a title of two lines', { title: 'Water\nthe plants' }, 'title'],
    ['a title with a NUL', { title: 'Wa\0ter' }, 'title'],
    ['a title with half of an emoji', { title: 'Water \ud83e' }, 'title'],
    ['a description of 10,001 letters', { title: 'Tea', description: 'x'.repeat(10_001) }, 'description'],
    ['a description of 10,001 emoji', { title: 'Tea', description: '🧵'.repeat(10_001) }, 'description'],
    ['a description with a NUL', { title: 'Tea', description: 'a\0' }, 'description'],
    ['an id of version 4', { title: 'Tea', id: publicId('Task', randomUUID()) }, 'id'],
    ['the id of a person', { title: 'Tea', id: publicId('User', newId()) }, 'id'],
    ['a bare UUID for an id', { title: 'Tea', id: newId() }, 'id'],
  ])('rejects %s, and names the field', async (_what, input, field) => {
    const before = await db.task.count();
    await expect(create(ada, input)).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      extensions: { code: 'VALIDATION_FAILED', field },
    });
    expect(await db.task.count()).toBe(before);
  });

  test('accepts any calendar day', async () => {
    for (const dueOn of ['2024-02-29', '9999-12-31', '0001-01-01', '1582-10-15']) {
      expect((await create(ada, { title: 'Tea', dueOn })).dueOn).toBe(dueOn);
    }
    await expect(create(ada, { title: 'Tea', dueOn: '0000-01-01' })).rejects.toMatchObject({
      code: expect.stringMatching(/^(VALIDATION_FAILED|BAD_USER_INPUT)$/) as string,
    });
  });
});

describe('[BR-10] a creation sent twice', () => {
  test('creates the task once, and returns the first result again', async () => {
    const input = { id: publicId('Task', newId()), title: 'Pay the rent', dueOn: '2027-01-01' };
    const first = await create(ada, input);
    const second = await create(ada, { ...input, title: '  Pay the rent ', description: '' });
    expect(second).toEqual(first);
    expect(first.id).toBe(input.id);
    expect(await kindsOf(input.id)).toEqual(['task.created']);
  });

  test('returns the current task if it has changed since', async () => {
    const input = { id: publicId('Task', newId()), title: 'Pay the rent' };
    const first = await create(ada, input);
    await complete(ada, input.id);
    const again = await create(ada, input);
    expect(again).toMatchObject({ status: 'DONE', version: 2, cursor: first.cursor });
  });

  test('with other content is CONFLICT, and changes nothing', async () => {
    const input = { id: publicId('Task', newId()), title: 'Pay the rent' };
    await create(ada, input);
    for (const other of [{ title: 'Pay rent' }, { priority: 'LOW' }, { dueOn: '2027-01-01' }]) {
      await expect(create(ada, { ...input, ...other })).rejects.toMatchObject({
        code: 'CONFLICT',
        extensions: { field: 'id' },
      });
    }
    expect(await read(ada, input.id)).toMatchObject({ title: 'Pay the rent', priority: 'NONE', version: 1 });
  });

  test('by another person is CONFLICT, and reveals nothing about the task', async () => {
    const input = { id: publicId('Task', newId()), title: 'Pay the rent' };
    await create(ada, input);
    await expect(create(bob, input)).rejects.toMatchObject({
      code: 'CONFLICT',
      extensions: { code: 'CONFLICT', field: 'id' },
    });
    await expect(read(bob, input.id)).rejects.toMatchObject(notFound);
  });

  test('ten times concurrently creates one', async () => {
    const input = { id: publicId('Task', newId()), title: 'Pay the rent' };
    const all = await Promise.all(Array.from({ length: 10 }, () => create(ada, input)));
    expect(new Set(all.map(({ cursor }) => cursor)).size).toBe(1);
    expect(await kindsOf(input.id)).toEqual(['task.created']);
  });

  test('after the deletion of the task does not restore it', async () => {
    const input = { id: publicId('Task', newId()), title: 'Pay the rent' };
    await create(ada, input);
    await remove(ada, input.id);
    await expect(create(ada, input)).rejects.toMatchObject({ code: 'CONFLICT', extensions: { field: 'id' } });
    await expect(create(bob, input)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(read(ada, input.id)).rejects.toMatchObject(notFound);
    expect(await kindsOf(input.id)).toEqual(['task.created', 'task.deleted']);
    expect(await refusalsOf(input.id)).toEqual([refused(ada, 'task', 'NOT_FOUND')]);
  });
});

describe('changing a task', () => {
  test('changes the given fields, and keeps the omitted ones', async () => {
    const task = await create(ada, {
      title: 'Tea',
      description: 'Green',
      priority: 'LOW',
      dueOn: '2026-12-01',
    });
    const changed = await update(ada, { id: task.id, title: ' Coffee ', priority: 'URGENT' });
    const { cursor, ...before } = task;
    expect(changed).toEqual({
      ...before,
      title: 'Coffee',
      priority: 'URGENT',
      version: 2,
      updatedAt: changed.updatedAt,
    });
    expect(changed.updatedAt >= task.updatedAt).toBe(true);
    expect(await update(ada, { id: task.id, description: '', dueOn: '2026-12-02' })).toMatchObject({
      title: 'Coffee',
      description: '',
      dueOn: '2026-12-02',
      version: 3,
    });
  });

  test('removes the due date by null, and rejects null for fields that cannot be empty (NULL-CLEAR)', async () => {
    const task = await create(ada, {
      title: 'Tea',
      description: 'Green',
      priority: 'LOW',
      dueOn: '2026-12-01',
    });
    expect(await update(ada, { id: task.id, dueOn: null })).toMatchObject({ dueOn: null, version: 2 });
    for (const field of ['title', 'description', 'status', 'priority']) {
      await expect(update(ada, { id: task.id, [field]: null })).rejects.toMatchObject({
        code: 'VALIDATION_FAILED',
        extensions: { field },
      });
    }
    const { cursor, ...before } = task;
    const after = await update(ada, { id: task.id, dueOn: null, version: null });
    expect(after).toEqual({ ...before, dueOn: null, version: 2, updatedAt: after.updatedAt });
  });

  test('without effect does not change its version and time, and appends no event', async () => {
    const task = await create(ada, { title: 'Tea', dueOn: '2026-12-01' });
    const same = [
      update(ada, { id: task.id }),
      update(ada, { id: task.id, title: ' Tea ', dueOn: '2026-12-01', status: 'TODO', priority: 'NONE' }),
      reopen(ada, task.id),
    ];
    for (const answer of await Promise.all(same)) {
      expect(answer).toMatchObject({ version: 1, updatedAt: task.updatedAt });
    }
    expect(await kindsOf(task.id)).toEqual(['task.created']);
  });

  test('rejects what creating rejects', async () => {
    const { id } = await create(ada, { title: 'Tea' });
    for (const [field, value] of [
      ['title', ''],
      ['title', 'x'.repeat(201)],
      ['title', 'two\nlines'],
      ['description', 'x'.repeat(10_001)],
      ['description', 'a\0b'],
      ['version', 0],
    ] as const) {
      await expect(update(ada, { id, [field]: value })).rejects.toMatchObject({
        code: 'VALIDATION_FAILED',
        extensions: { field },
      });
    }
    expect(await read(ada, id)).toMatchObject({ title: 'Tea', version: 1 });
  });

  test('[BR-09] with an outdated version is CONFLICT, with the current version', async () => {
    const { id } = await create(ada, { title: 'Tea' });
    expect(await update(ada, { id, version: 1, title: 'Coffee' })).toMatchObject({ version: 2 });
    const conflict = {
      code: 'CONFLICT',
      extensions: { code: 'CONFLICT', field: 'version', currentVersion: 2 },
    };
    await expect(update(ada, { id, version: 1, title: 'Cocoa' })).rejects.toMatchObject(conflict);
    await expect(update(ada, { id, version: 3, title: 'Cocoa' })).rejects.toMatchObject(conflict);
    await expect(change(ada, 'completeTask', { id, version: 1 })).rejects.toMatchObject(conflict);
    await expect(remove(ada, id, 1)).rejects.toMatchObject(conflict);
    expect(await read(ada, id)).toMatchObject({ title: 'Coffee', version: 2 });
    expect(await kindsOf(id)).toEqual(['task.created', 'task.updated']);
  });

  test('[BR-09] by two people with the same version succeeds once', async () => {
    const { id } = await create(ada, { title: 'Tea' });
    await share(world, id, { from: ada, to: bob, permission: 'EDIT' });
    const edits = await Promise.allSettled([
      update(ada, { id, version: 1, title: 'Coffee' }),
      update(bob, { id, version: 1, title: 'Cocoa' }),
    ]);
    expect(edits.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await read(ada, id)).version).toBe(2);
  });

  test('50 times concurrently loses no change', async () => {
    const { id } = await create(ada, { title: 'Tea' });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => update(ada, { id, title: `Tea ${n}`, description: `${n}` })),
    );
    const task = await read(ada, id);
    expect(task.version).toBe(51);
    expect(task.title).toBe(`Tea ${task.description}`);
    expect(Math.max(...answers.map(({ version }) => version))).toBe(51);
    const { length } = await eventsOf(id);
    expect(length).toBe(51);
  });
});

describe('[BR-07] completing and reopening', () => {
  test('sets and clears the time of completion, with events', async () => {
    const { id } = await create(ada, { title: 'Tea' });
    const done = await complete(ada, id);
    expect(done).toMatchObject({ status: 'DONE', version: 2 });
    expect(done.completedAt).not.toBeNull();
    expect(await reopen(ada, id)).toMatchObject({ status: 'TODO', completedAt: null, version: 3 });
    expect(await kindsOf(id)).toEqual(['task.created', 'task.completed', 'task.reopened']);
  });

  test('twice changes nothing the second time', async () => {
    const { id } = await create(ada, { title: 'Tea' });
    const done = await complete(ada, id);
    expect(await complete(ada, id)).toEqual(done);
    const open = await reopen(ada, id);
    expect(await reopen(ada, id)).toEqual(open);
    expect(await kindsOf(id)).toHaveLength(3);
  });

  test('an edit of a completed task keeps its day of completion', async () => {
    const { id } = await create(ada, { title: 'Tea' });
    await complete(ada, id);
    const lastYear = new Date('2025-03-04T05:06:07.008Z');
    await db.task.update({ where: { id: uuidOf('Task', id) }, data: { completedAt: lastYear } });
    const edited = await update(ada, { id, title: 'Coffee', status: 'DONE' });
    expect(edited.completedAt).toBe(lastYear.toISOString());
    await reopen(ada, id);
    const again = await complete(ada, id);
    expect(new Date(again.completedAt ?? 0).getTime()).toBeGreaterThan(Date.now() - 60_000);
  });

  test('by setting the status has the same effect', async () => {
    const { id } = await create(ada, { title: 'Tea' });
    expect((await update(ada, { id, status: 'DONE' })).completedAt).not.toBeNull();
    expect(await update(ada, { id, status: 'CANCELLED' })).toMatchObject({ completedAt: null });
    expect(await reopen(ada, id)).toMatchObject({ status: 'TODO' });
    expect(await update(ada, { id, status: 'IN_PROGRESS' })).toMatchObject({ completedAt: null });
    expect(await kindsOf(id)).toEqual([
      'task.created',
      'task.completed',
      'task.updated',
      'task.reopened',
      'task.updated',
    ]);
  });

  test('reopening an open task keeps its status', async () => {
    const { id } = await create(ada, { title: 'Tea', status: 'IN_PROGRESS' });
    expect(await reopen(ada, id)).toMatchObject({ status: 'IN_PROGRESS', version: 1 });
  });
});

describe('deleting a task', () => {
  test('[BR-10] removes it and its shares permanently; repeating it has no effect', async () => {
    const { id } = await create(ada, { title: 'Tea' });
    await share(world, id, { from: ada, to: bob });
    const first = await remove(ada, id);
    expect(first.deletedTaskId).toBe(id);
    await expect(read(ada, id)).rejects.toMatchObject(notFound);
    await expect(read(bob, id)).rejects.toMatchObject(notFound);
    await expect(complete(ada, id)).rejects.toMatchObject(notFound);
    expect(await remove(ada, id)).toEqual(first);
    expect(await db.taskShare.count({ where: { taskId: uuidOf('Task', id) } })).toBe(0);
    expect(await kindsOf(id)).toEqual(['task.created', 'task.deleted']);
    await expect(remove(bob, id)).rejects.toMatchObject(notFound);
    expect(await refusalsOf(id)).toEqual([
      refused(ada, 'task', 'NOT_FOUND'),
      refused(bob, 'task', 'NOT_FOUND'),
      refused(ada, 'completeTask', 'NOT_FOUND'),
      refused(bob, 'deleteTask', 'NOT_FOUND'),
    ]);
  });

  test('[BR-10] [BR-11] ten times concurrently appends one event', async () => {
    const { id } = await create(ada, { title: 'Tea' });
    const answers = await Promise.all(Array.from({ length: 10 }, () => remove(ada, id)));
    expect(new Set(answers.map(({ cursor }) => cursor)).size).toBe(1);
    expect(await kindsOf(id)).toEqual(['task.created', 'task.deleted']);
  });

  test('during concurrent edits has a consistent result', async () => {
    const { id } = await create(ada, { title: 'Tea' });
    const edits = Array.from({ length: 8 }, (_, n) => update(ada, { id, title: `Tea ${n}` }));
    const [gone, ...edited] = await Promise.allSettled([remove(ada, id), ...edits]);
    expect(gone.status).toBe('fulfilled');
    for (const outcome of edited) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(notFound);
    }
    expect((await kindsOf(id)).at(-1)).toBe('task.deleted');
  });
});

describe('the rights of others', () => {
  const verbs: Record<string, (person: Person, id: string) => Promise<unknown>> = {
    task: read,
    updateTask: (person, id) => update(person, { id, title: 'Mine now' }),
    'updateTask without a change': (person, id) => update(person, { id }),
    'updateTask on a wrong version': (person, id) => update(person, { id, title: 'Mine', version: 99 }),
    completeTask: complete,
    reopenTask: reopen,
    deleteTask: (person, id) => remove(person, id),
  };
  const operationOf = (verb: string) => verb.split(' ')[0] ?? '';

  test.each(Object.entries(verbs))('[BR-08] [FR-009] a stranger’s %s is NOT_FOUND', async (verb, act) => {
    const { id } = await create(ada, { title: 'A secret' });
    await expect(act(bob, id)).rejects.toMatchObject({ ...notFound, extensions: { code: 'NOT_FOUND' } });
    await expect(act(bob, publicId('Task', newId()))).rejects.toMatchObject(notFound);
    expect(await read(ada, id)).toMatchObject({ title: 'A secret', version: 1, status: 'TODO' });
    expect(await kindsOf(id)).toEqual(['task.created']);
    expect(await refusalsOf(id)).toEqual([refused(bob, operationOf(verb), 'NOT_FOUND')]);
  });

  test('[BR-08] a VIEW share allows reading, and viewerCan denies the rest', async () => {
    const { id } = await create(ada, { title: 'Tea' });
    await share(world, id, { from: ada, to: bob, permission: 'VIEW' });
    const seen = await read(bob, id);
    expect(seen).toMatchObject({ title: 'Tea', owner: { id: ada.id } });
    expect(seen.viewerCan).toEqual({ edit: false, delete: false, share: false });
    for (const [verb, act] of Object.entries(verbs)) {
      if (verb !== 'task') await expect(act(bob, id), verb).rejects.toMatchObject({ code: 'FORBIDDEN' });
    }
    expect(await kindsOf(id)).toEqual(['task.created']);
    const changing = Object.keys(verbs).filter((verb) => verb !== 'task');
    expect(await refusalsOf(id)).toEqual(
      changing.map((verb) => refused(bob, operationOf(verb), 'FORBIDDEN')),
    );
  });

  test('[BR-05] an EDIT share allows editing, but not deleting', async () => {
    const { id } = await create(ada, { title: 'Tea' });
    await share(world, id, { from: ada, to: bob, permission: 'EDIT' });
    const edited = await update(bob, { id, title: 'Coffee' });
    expect(edited).toMatchObject({ title: 'Coffee', version: 2, owner: { id: ada.id } });
    expect(edited.viewerCan).toEqual({ edit: true, delete: false, share: false });
    expect(await complete(bob, id)).toMatchObject({ status: 'DONE' });
    expect(await reopen(bob, id)).toMatchObject({ status: 'TODO' });
    await expect(remove(bob, id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const [, ...since] = await eventsOf(id);
    expect(since.map(({ kind }) => kind)).toEqual([
      'task.updated',
      'task.completed',
      'task.reopened',
      'access.refused',
    ]);
    expect(new Set(since.map(({ actorId }) => actorId))).toEqual(new Set([uuidOf('User', bob.id)]));
  });

  test('[BR-08] an expired share gives no access', async () => {
    const { id } = await create(ada, { title: 'Tea' });
    await share(world, id, {
      from: ada,
      to: bob,
      permission: 'EDIT',
      expiresAt: new Date(Date.now() + 60_000),
    });
    await expect(read(bob, id)).resolves.toMatchObject({ title: 'Tea' });
    await share(world, id, { from: ada, to: bob, permission: 'EDIT', expiresAt: new Date(Date.now() - 1) });
    for (const [verb, act] of Object.entries(verbs)) {
      await expect(act(bob, id), verb).rejects.toMatchObject(notFound);
    }
    await expect(bob.query('query ($id: ID!) { node(id: $id) { id } }', { id })).resolves.toEqual({
      node: null,
    });
  });

  test('[BR-08] people see each other only through an active share', async () => {
    const { cara, dan } = await people('Cara', 'Dan');
    const find = (person: Person, id: string) =>
      person.query<{ node: { name: string } | null }>(
        'query ($id: ID!) { node(id: $id) { ... on User { name } } }',
        {
          id,
        },
      );
    expect(await find(cara, cara.id)).toEqual({ node: { name: 'Cara' } });
    expect(await find(cara, dan.id)).toEqual({ node: null });
    const { id } = await create(cara, { title: 'Tea' });
    await share(world, id, { from: cara, to: dan });
    expect(await find(cara, dan.id)).toEqual({ node: { name: 'Dan' } });
    expect(await find(dan, cara.id)).toEqual({ node: { name: 'Cara' } });
  });
});

describe('[BR-11] the log', () => {
  test('has the previous and the new state of each change, in the same transaction', async () => {
    const { id } = await create(ada, { title: 'Tea', priority: 'LOW', dueOn: '2026-12-01' });
    const transactionOfRow = async () => {
      const rows = await db.$queryRaw<{ xmin: string }[]>`
        SELECT xmin::text FROM tasks WHERE id = ${uuidOf('Task', id)}::uuid`;
      return rows[0]?.xmin;
    };
    const written = [await transactionOfRow()];
    await update(ada, { id, title: 'Coffee', status: 'IN_PROGRESS', dueOn: null });
    written.push(await transactionOfRow());
    await complete(ada, id);
    written.push(await transactionOfRow());
    await remove(ada, id);

    const owner = uuidOf('User', ada.id);
    const created = {
      owner,
      assignee: null,
      team: null,
      status: 'TODO',
      priority: 'LOW',
      dueOn: '2026-12-01',
      archived: false,
    };
    const updated = { ...created, status: 'IN_PROGRESS', dueOn: null };
    const done = { ...updated, status: 'DONE' };
    const events = await eventsOf(id);
    expect(events.map(({ kind, actorId, data }) => ({ kind, actorId, data }))).toMatchObject([
      { kind: 'task.created', actorId: owner, data: { before: null, after: created } },
      { kind: 'task.updated', actorId: owner, data: { before: created, after: updated } },
      { kind: 'task.completed', actorId: owner, data: { before: updated, after: done } },
      { kind: 'task.deleted', actorId: owner, data: { before: done, after: null } },
    ]);
    expect(events.slice(0, 3).map(({ transactionId }) => String(transactionId))).toEqual(written);
    expect(JSON.stringify(events.map(({ data }) => data))).not.toContain('Coffee');
  });

  test('and the change are written together or not at all', async () => {
    const task = await create(ada, { title: 'Tea' });
    const count = await db.task.count();
    await db.$executeRaw`ALTER TABLE events ADD CONSTRAINT refused CHECK (kind NOT LIKE 'task.%') NOT VALID`;
    try {
      const attempts = [
        () => create(ada, { title: 'Coffee' }),
        () => update(ada, { id: task.id, title: 'Coffee' }),
        () => complete(ada, task.id),
        () => remove(ada, task.id),
      ];
      for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ code: 'INTERNAL' });
    } finally {
      await db.$executeRaw`ALTER TABLE events DROP CONSTRAINT refused`;
    }
    expect(await db.task.count()).toBe(count);
    const { cursor, ...before } = task;
    expect(await read(ada, task.id)).toEqual(before);
  });
});
