import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { dice } from '../kit/dice.ts';
import { teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people } = await startWorld();

let ada: Person;
let bob: Person;

beforeAll(async () => {
  ({ ada, bob } = await people('Ada', 'Bob'));
});

async function move(person: Person, input: object) {
  const { moveTask } = await person.query<{
    moveTask: { task: { status: string; version: number; position: string } };
  }>(
    'mutation ($input: MoveTaskInput!) { moveTask(input: $input) { cursor task { status version position } } }',
    { input },
  );
  return moveTask.task;
}

async function titles(person: Person, filter: object = {}): Promise<string> {
  const { tasks } = await person.query<{ tasks: { nodes: { title: string }[] } }>(
    'query ($filter: TaskFilter) { tasks(filter: $filter, orderBy: { field: POSITION, direction: ASC }) { nodes { title } } }',
    { filter },
  );
  return tasks.nodes.map(({ title }) => title).join(' ');
}

/** Creates tasks with these titles. @returns their ids by title. */
async function list<Title extends string>(person: Person, names: readonly Title[], details = {}) {
  const { createTasks } = await person.query<{ createTasks: { tasks: { id: string; title: Title }[] } }>(
    'mutation ($input: CreateTasksInput!) { createTasks(input: $input) { tasks { id title } } }',
    { input: { tasks: names.map((title) => ({ title, ...details })) } },
  );
  return Object.fromEntries(createTasks.tasks.map(({ id, title }) => [title, id])) as Record<Title, string>;
}

describe('moving a task in its list', () => {
  test('puts it after a task, before a task, between two, and at either end', async () => {
    const team = await teamOf(ada);
    const filter = { team: { eq: team.id } };
    const { a, b, c, d } = await list(ada, ['a', 'b', 'c', 'd'], { teamId: team.id });
    expect(await titles(ada, filter)).toBe('a b c d');
    await move(ada, { id: d, after: a });
    expect(await titles(ada, filter)).toBe('a d b c');
    await move(ada, { id: a, before: c });
    expect(await titles(ada, filter)).toBe('d b a c');
    await move(ada, { id: c, after: d, before: b });
    expect(await titles(ada, filter)).toBe('d c b a');
    await move(ada, { id: b, before: d });
    expect(await titles(ada, filter)).toBe('b d c a');
    await move(ada, { id: d, after: a });
    expect(await titles(ada, filter)).toBe('b c a d');
  });

  test('changes its status along with it, as on a board', async () => {
    const { a, b } = await list(ada, ['a', 'b']);
    expect(await move(ada, { id: b, before: a, status: 'DONE' })).toMatchObject({
      status: 'DONE',
      version: 2,
    });
    const events = await db.event.findMany({
      where: { subjectId: uuidOf('Task', b) },
      orderBy: { sequence: 'asc' },
    });
    expect(events.map(({ kind }) => kind)).toEqual(['task.created', 'task.completed']);
  });

  test.each(Array.from({ length: 6 }, (_, seed) => seed))(
    'repeatedly results in the order of the moves (seed %i)',
    async (seed) => {
      const { roll, happens } = dice(seed);
      const team = await teamOf(ada);
      const order = ['a', 'b', 'c', 'd', 'e', 'f'];
      const ids = await list(ada, order, { teamId: team.id });
      for (let turn = 0; turn < 25; turn++) {
        const [moved = ''] = order.splice(roll(order.length), 1);
        const place = roll(order.length + 1);
        const [behind, ahead] = [order[place - 1], order[place]].map((title) => title && ids[title]);
        const both = behind && ahead && happens(0.5);
        const where =
          both || !ahead ? { after: behind, ...(both ? { before: ahead } : {}) } : { before: ahead };
        await move(ada, { id: ids[moved], ...where });
        order.splice(place, 0, moved);
        expect(await titles(ada, { team: { eq: team.id } })).toBe(order.join(' '));
      }
    },
  );

  test('by many people concurrently to the same place keeps every task, each with its own position', async () => {
    const team = await teamOf(ada, [[bob, 'ADMIN']]);
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const;
    const ids = await list(ada, names, { teamId: team.id });
    await Promise.all(
      names.slice(1).map((name, n) => move(n % 2 ? ada : bob, { id: ids[name], after: ids.a })),
    );
    const shown = await titles(bob, { team: { eq: team.id } });
    expect(shown.split(' ').sort()).toEqual([...names]);
    expect(shown.startsWith('a')).toBe(true);
  });

  test('a new task is last, after any moves', async () => {
    const team = await teamOf(ada);
    const { a, b } = await list(ada, ['a', 'b'], { teamId: team.id });
    await move(ada, { id: a, after: b });
    await list(ada, ['c'], { teamId: team.id });
    expect(await titles(ada, { team: { eq: team.id } })).toBe('b a c');
  });

  test('works between two tasks created in the same millisecond', async () => {
    const team = await teamOf(ada);
    const { a, b, c } = await list(ada, ['a', 'b', 'c', 'd'], { teamId: team.id });
    const { position } = await db.task.findUniqueOrThrow({ where: { id: uuidOf('Task', a) } });
    await db.task.update({ where: { id: uuidOf('Task', b) }, data: { position } });
    await move(ada, { id: c, after: a, before: b });
    expect(await titles(ada, { team: { eq: team.id } })).toBe('a c b d');
  });

  test('rejects invalid places', async () => {
    const { a, b, c } = await list(ada, ['a', 'b', 'c']);
    const invalid = { code: 'VALIDATION_FAILED', extensions: { field: 'after' } };
    await expect(move(ada, { id: c })).rejects.toMatchObject(invalid);
    await expect(move(ada, { id: c, after: b, before: a })).rejects.toMatchObject(invalid);
    await expect(move(ada, { id: c, after: publicId('Task', newId()) })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('[BR-08] does not depend on tasks that the viewer cannot see', async () => {
    const { a } = await list(ada, ['a']);
    const { x } = await list(bob, ['x']);
    await expect(move(bob, { id: a, after: x })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(move(bob, { id: x, after: a })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('[BR-09] with an outdated version is CONFLICT', async () => {
    const { a, b } = await list(ada, ['a', 'b']);
    await move(ada, { id: b, before: a });
    await expect(move(ada, { id: b, after: a, version: 1 })).rejects.toMatchObject({
      code: 'CONFLICT',
      extensions: { field: 'version', currentVersion: 2 },
    });
  });
});

describe('a place without room', () => {
  /** Gives tasks these positions, like many moves. */
  async function put(places: Record<string, string>) {
    for (const [id, position] of Object.entries(places))
      await db.task.update({ where: { id: uuidOf('Task', id) }, data: { position } });
  }

  const longest = async (teamId: string) => {
    const rows = await db.task.findMany({ where: { teamId: uuidOf('Team', teamId) } });
    return Math.max(...rows.map(({ position }) => position.length));
  };

  test('is created between tasks with the same position (POS-TIE)', async () => {
    const team = await teamOf(ada);
    const { a, b, c, d } = await list(ada, ['a', 'b', 'c', 'd'], { teamId: team.id });
    await put({ [a]: 'a0', [b]: 'a0', [c]: 'a0' });
    await move(ada, { id: d, after: a, before: b });
    expect(await titles(ada, { team: { eq: team.id } })).toBe('a d b c');
    await move(ada, { id: c, after: a });
    expect(await titles(ada, { team: { eq: team.id } })).toBe('a c d b');
    await put({ [a]: 'a0', [b]: 'a0', [c]: 'a0', [d]: 'a0' });
    await move(ada, { id: d, before: b });
    expect(await titles(ada, { team: { eq: team.id } })).toBe('a d b c');
  });

  test('has keys that do not grow with the number of moves (POS-TIE)', async () => {
    const team = await teamOf(ada);
    const { a, b, c, d } = await list(ada, ['a', 'b', 'c', 'd'], { teamId: team.id });
    for (let turn = 0; turn < 200; turn += 1) {
      await move(ada, { id: turn % 2 ? c : d, after: a });
    }
    expect(await titles(ada, { team: { eq: team.id } })).toBe('a c d b');
    expect(await longest(team.id)).toBeLessThanOrEqual(48);
    expect(b).toBeTruthy();
  });

  test('exists next to a key of the maximum length, where moving failed (POS-TIE)', async () => {
    const team = await teamOf(ada);
    const { a, b, c } = await list(ada, ['a', 'b', 'c', 'd'], { teamId: team.id });
    // Random text cannot be compressed, so PostgreSQL counts every byte.
    const noise = Array.from({ length: 2_660 }, () => randomBytes(1).toString('base64url').charAt(0))
      .join('')
      .replaceAll(/[-_]/g, 'x');
    await put({ [a]: `a0${noise}V`, [b]: `a0${noise}W` });
    await move(ada, { id: c, after: a, before: b });
    expect(await titles(ada, { team: { eq: team.id } })).toBe('a c b d');
    expect(await longest(team.id)).toBeLessThanOrEqual(48);
  });

  test('does not change versions and times of the neighbours (POS-TIE)', async () => {
    const team = await teamOf(ada);
    const { a, b, c } = await list(ada, ['a', 'b', 'c'], { teamId: team.id });
    await put({ [a]: 'a0', [b]: 'a0' });
    const before = await db.task.findUniqueOrThrow({ where: { id: uuidOf('Task', b) } });
    await move(ada, { id: c, after: a, before: b });
    const after = await db.task.findUniqueOrThrow({ where: { id: uuidOf('Task', b) } });
    expect(after.position).not.toBe(before.position);
    expect({ ...after, position: '' }).toEqual({ ...before, position: '' });
  });

  test('is not created for a task that is already there: no version, no event (POS-TIE)', async () => {
    const team = await teamOf(ada);
    const { a, b, c } = await list(ada, ['a', 'b', 'c'], { teamId: team.id });
    const events = await db.event.count();
    const places = [{ after: a }, { before: c }, { after: a, before: c }, { after: b }, { before: b }];
    for (const place of places) expect(await move(ada, { id: b, ...place })).toMatchObject({ version: 1 });
    expect(await db.event.count()).toBe(events);
    expect(await move(ada, { id: b, after: a, status: 'DONE' })).toMatchObject({
      version: 2,
      status: 'DONE',
    });
    expect(await titles(ada, { team: { eq: team.id } })).toBe('a b c');
  });

  test('gives two concurrent moves different positions (POS-TIE)', async () => {
    const team = await teamOf(ada, [[bob, 'ADMIN']]);
    for (let round = 0; round < 5; round += 1) {
      const { a, b, c, d } = await list(ada, ['a', 'b', 'c', 'd'], { teamId: team.id });
      await Promise.all([move(ada, { id: c, after: a }), move(bob, { id: d, before: b })]);
      const rows = await db.task.findMany({ where: { id: { in: [c, d].map((id) => uuidOf('Task', id)) } } });
      expect(new Set(rows.map(({ position }) => position)).size).toBe(2);
    }
  });
});

describe('archiving a task', () => {
  const archive = async (person: Person, input: object) => {
    const { archiveTask } = await person.query<{
      archiveTask: { task: { archivedAt: string | null; version: number } };
    }>(
      'mutation ($input: ArchiveTaskInput!) { archiveTask(input: $input) { task { archivedAt version } } }',
      { input },
    );
    return archiveTask.task;
  };

  test('removes it from lists and numbers, and can be reverted', async () => {
    const { cara } = await people('Cara');
    const { a } = await list(cara, ['a', 'b']);
    const numbers = async () => {
      const { dashboard } = await cara.query<{ dashboard: { statistics: { total: number } } }>(
        '{ dashboard { statistics { total } } }',
      );
      return dashboard.statistics.total;
    };
    const away = await archive(cara, { id: a });
    expect(away.archivedAt).not.toBeNull();
    expect(await archive(cara, { id: a })).toEqual(away);
    expect(await titles(cara)).toBe('b');
    expect(await titles(cara, { archived: true })).toBe('a');
    expect(await titles(cara, { or: [{ archived: true }, { archived: false }] })).toBe('a b');
    expect(await numbers()).toBe(1);
    expect(await archive(cara, { id: a, archived: false })).toMatchObject({ archivedAt: null, version: 3 });
    expect(await titles(cara)).toBe('a b');
    expect(await numbers()).toBe(2);
  });
});
