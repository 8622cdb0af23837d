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

/** The ids of new tasks of these titles, under the titles. */
async function list<Title extends string>(person: Person, names: readonly Title[], details = {}) {
  const { createTasks } = await person.query<{ createTasks: { tasks: { id: string; title: Title }[] } }>(
    'mutation ($input: CreateTasksInput!) { createTasks(input: $input) { tasks { id title } } }',
    { input: { tasks: names.map((title) => ({ title, ...details })) } },
  );
  return Object.fromEntries(createTasks.tasks.map(({ id, title }) => [title, id])) as Record<Title, string>;
}

describe('moving a task in its list', () => {
  test('puts it behind one, ahead of one, between two, and at either end', async () => {
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
    'again and again ends in the order in which people left it (seed %i)',
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

  test('by many people at once to the same place keeps every task, each at a place of its own', async () => {
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

  test('a new task comes last, wherever others were moved', async () => {
    const team = await teamOf(ada);
    const { a, b } = await list(ada, ['a', 'b'], { teamId: team.id });
    await move(ada, { id: a, after: b });
    await list(ada, ['c'], { teamId: team.id });
    expect(await titles(ada, { team: { eq: team.id } })).toBe('b a c');
  });

  test('between two that were created in the same millisecond puts it there', async () => {
    const team = await teamOf(ada);
    const { a, b, c } = await list(ada, ['a', 'b', 'c', 'd'], { teamId: team.id });
    const { position } = await db.task.findUniqueOrThrow({ where: { id: uuidOf('Task', a) } });
    await db.task.update({ where: { id: uuidOf('Task', b) }, data: { position } });
    await move(ada, { id: c, after: a, before: b });
    expect(await titles(ada, { team: { eq: team.id } })).toBe('a c b d');
  });

  test('refuses places that are none', async () => {
    const { a, b, c } = await list(ada, ['a', 'b', 'c']);
    const invalid = { code: 'VALIDATION_FAILED', extensions: { field: 'after' } };
    await expect(move(ada, { id: c })).rejects.toMatchObject(invalid);
    await expect(move(ada, { id: c, after: b, before: a })).rejects.toMatchObject(invalid);
    await expect(move(ada, { id: c, after: publicId('Task', newId()) })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('[BR-08] neither moves nor measures by what the viewer may not see', async () => {
    const { a } = await list(ada, ['a']);
    const { x } = await list(bob, ['x']);
    await expect(move(bob, { id: a, after: x })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(move(bob, { id: x, after: a })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('[BR-09] on an outdated version is CONFLICT', async () => {
    const { a, b } = await list(ada, ['a', 'b']);
    await move(ada, { id: b, before: a });
    await expect(move(ada, { id: b, after: a, version: 1 })).rejects.toMatchObject({
      code: 'CONFLICT',
      extensions: { field: 'version', currentVersion: 2 },
    });
  });
});

describe('a place with no room', () => {
  /** Gives tasks these positions, as many moves leave them. */
  async function put(places: Record<string, string>) {
    for (const [id, position] of Object.entries(places))
      await db.task.update({ where: { id: uuidOf('Task', id) }, data: { position } });
  }

  const longest = async (teamId: string) => {
    const rows = await db.task.findMany({ where: { teamId: uuidOf('Team', teamId) } });
    return Math.max(...rows.map(({ position }) => position.length));
  };

  test('is made between tasks of one position: it stands where it was put (POS-TIE)', async () => {
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

  test('is made by keys that do not grow, however often people move tasks there (POS-TIE)', async () => {
    const team = await teamOf(ada);
    const { a, b, c, d } = await list(ada, ['a', 'b', 'c', 'd'], { teamId: team.id });
    for (let turn = 0; turn < 200; turn += 1) {
      await move(ada, { id: turn % 2 ? c : d, after: a });
    }
    expect(await titles(ada, { team: { eq: team.id } })).toBe('a c d b');
    expect(await longest(team.id)).toBeLessThanOrEqual(48);
    expect(b).toBeTruthy();
  });

  test('succeeds next to a key of the maximum length, where moving failed (POS-TIE)', async () => {
    const team = await teamOf(ada);
    const { a, b, c } = await list(ada, ['a', 'b', 'c', 'd'], { teamId: team.id });
    // Chance cannot be compressed, so PostgreSQL counts every byte of it.
    const noise = Array.from({ length: 2_660 }, () => randomBytes(1).toString('base64url').charAt(0))
      .join('')
      .replaceAll(/[-_]/g, 'x');
    await put({ [a]: `a0${noise}V`, [b]: `a0${noise}W` });
    await move(ada, { id: c, after: a, before: b });
    expect(await titles(ada, { team: { eq: team.id } })).toBe('a c b d');
    expect(await longest(team.id)).toBeLessThanOrEqual(48);
  });

  test('leaves the others’ versions and moments, for they stand as before (POS-TIE)', async () => {
    const team = await teamOf(ada);
    const { a, b, c } = await list(ada, ['a', 'b', 'c'], { teamId: team.id });
    await put({ [a]: 'a0', [b]: 'a0' });
    const before = await db.task.findUniqueOrThrow({ where: { id: uuidOf('Task', b) } });
    await move(ada, { id: c, after: a, before: b });
    const after = await db.task.findUniqueOrThrow({ where: { id: uuidOf('Task', b) } });
    expect(after.position).not.toBe(before.position);
    expect({ ...after, position: '' }).toEqual({ ...before, position: '' });
  });

  test('is not asked for by a task that stands there already: no version, no event (POS-TIE)', async () => {
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

  test('goes to two people at once as two positions (POS-TIE)', async () => {
    const team = await teamOf(ada, [[bob, 'ADMIN']]);
    for (let round = 0; round < 5; round += 1) {
      const { a, b, c, d } = await list(ada, ['a', 'b', 'c', 'd'], { teamId: team.id });
      await Promise.all([move(ada, { id: c, after: a }), move(bob, { id: d, before: b })]);
      const rows = await db.task.findMany({ where: { id: { in: [c, d].map((id) => uuidOf('Task', id)) } } });
      expect(new Set(rows.map(({ position }) => position)).size).toBe(2);
    }
  });
});

describe('putting a task away', () => {
  const archive = async (person: Person, input: object) => {
    const { archiveTask } = await person.query<{
      archiveTask: { task: { archivedAt: string | null; version: number } };
    }>(
      'mutation ($input: ArchiveTaskInput!) { archiveTask(input: $input) { task { archivedAt version } } }',
      { input },
    );
    return archiveTask.task;
  };

  test('takes it out of lists and numbers, and back again', async () => {
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
