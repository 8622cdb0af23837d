import { beforeAll, describe, expect, test } from 'vitest';
import type { Prisma } from '../../prisma/generated/client/client.ts';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { share } from '../kit/shares.ts';
import { statementsOf } from '../kit/statements.ts';
import { plantTasks } from '../kit/tasks.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld({ LOG_LEVEL: 'silent' });
const { db, people } = world;

const noon = new Date('2026-05-05T12:00:00.000Z');
const minute = (n: number) => new Date(noon.getTime() + n * 60_000);

interface Page {
  edges: { cursor: string; node: { id: string; title: string; status: string } }[];
  nodes: { id: string }[];
  pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
  totalCount: number;
}

type Arguments = Record<string, unknown>;

async function list(person: Person, args: Arguments = {}): Promise<Page> {
  const { tasks } = await person.query<{ tasks: Page }>(
    `query ($first: Int, $last: Int, $after: String, $before: String, $filter: TaskFilter, $orderBy: [TaskOrder!]) {
      tasks(first: $first, last: $last, after: $after, before: $before, filter: $filter, orderBy: $orderBy) {
        edges { cursor node { id title status } }
        nodes { id }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
        totalCount
      }
    }`,
    args,
  );
  return tasks;
}

function titles({ edges }: Page): string[] {
  return edges.map(({ node }) => node.title);
}

function ids({ edges }: Page): string[] {
  return edges.map(({ node }) => node.id);
}

/** Inserts tasks into the database, so that a test can choose their times. */
async function plant(owner: Person, tasks: Partial<Prisma.TaskCreateManyInput>[]): Promise<string[]> {
  const rows = tasks.map((task) => ({
    id: newId(),
    ownerId: uuidOf('User', owner.id),
    title: 'Tea',
    completedAt: task.status === 'DONE' ? noon : null,
    ...task,
  }));
  await plantTasks(db, rows);
  return rows.map(({ id }) => publicId('Task', id));
}

/** Reads a whole list page by page; calls `between` after each page. */
async function walk(
  person: Person,
  args: Arguments,
  between: (page: Page) => Promise<unknown> = () => Promise.resolve(),
): Promise<string[]> {
  const backward = 'last' in args;
  const seen: string[] = [];
  let cursor: Arguments = {};
  for (;;) {
    const page = await list(person, { ...args, ...cursor });
    if (backward) seen.unshift(...ids(page));
    else seen.push(...ids(page));
    await between(page);
    const { pageInfo } = page;
    if (!(backward ? pageInfo.hasPreviousPage : pageInfo.hasNextPage)) return seen;
    cursor = backward ? { before: pageInfo.startCursor } : { after: pageInfo.endCursor };
  }
}

describe('a list of tasks', () => {
  test('of a person without tasks is empty', async () => {
    const { eve } = await people('Eve');
    expect(await list(eve)).toEqual({
      edges: [],
      nodes: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
      totalCount: 0,
    });
  });

  test('starts with the newest task', async () => {
    const { eve } = await people('Eve');
    for (const title of ['First', 'Second', 'Third']) await eve.createTask(title);
    const page = await list(eve);
    expect(titles(page)).toEqual(['Third', 'Second', 'First']);
    expect(page.nodes.map(({ id }) => id)).toEqual(ids(page));
    expect(page.pageInfo.startCursor).toBe(page.edges[0]?.cursor);
    expect(page.pageInfo.endCursor).toBe(page.edges[2]?.cursor);
    expect(page.totalCount).toBe(3);
  });

  test('has the requested order, in both directions', async () => {
    const { eve } = await people('Eve');
    await plant(eve, [
      { title: 'A', createdAt: minute(1), updatedAt: minute(9) },
      { title: 'B', createdAt: minute(2), updatedAt: minute(7) },
      { title: 'C', createdAt: minute(3), updatedAt: minute(8) },
    ]);
    const ordered = async (field: string, direction?: string) =>
      titles(await list(eve, { orderBy: { field, ...(direction ? { direction } : {}) } })).join('');
    expect(await ordered('CREATED_AT')).toBe('CBA');
    expect(await ordered('CREATED_AT', 'ASC')).toBe('ABC');
    expect(await ordered('CREATED_AT', 'DESC')).toBe('CBA');
    expect(await ordered('UPDATED_AT', 'ASC')).toBe('BCA');
    expect(await ordered('UPDATED_AT', 'DESC')).toBe('ACB');
  });

  test('[BR-08] has the viewer’s own and currently shared tasks, and counts just these', async () => {
    const { eve, fay, gil } = await people('Eve', 'Fay', 'Gil');
    const [seen = '', edited = '', ended = ''] = await plant(fay, [
      { title: 'To see' },
      { title: 'To edit' },
      { title: 'Was shared' },
      { title: 'Fay’s own' },
    ]);
    await eve.createTask('Eve’s own');
    await share(world, seen, { from: fay, to: eve });
    await share(world, seen, { from: fay, to: gil });
    await share(world, edited, { from: fay, to: eve, permission: 'EDIT', expiresAt: minute(99_999_999) });
    await share(world, ended, { from: fay, to: eve, expiresAt: new Date(Date.now() - 1) });
    const page = await list(eve);
    expect(titles(page).sort()).toEqual(['Eve’s own', 'To edit', 'To see']);
    expect(page.totalCount).toBe(3);
    expect((await list(fay)).totalCount).toBe(4);
    expect(titles(await list(gil))).toEqual(['To see']);
  });
});

describe('a filter', () => {
  let eve: Person;
  beforeAll(async () => {
    ({ eve } = await people('Eve'));
    await plant(eve, [
      { title: 'A', status: 'TODO' },
      { title: 'B', status: 'IN_PROGRESS' },
      { title: 'C', status: 'DONE' },
      { title: 'D', status: 'CANCELLED' },
      { title: 'E', status: 'TODO' },
    ]);
  });

  test.each([
    [{}, 'ABCDE'],
    [{ status: {} }, 'ABCDE'],
    [{ status: { eq: null, in: null, notIn: null } }, 'ABCDE'],
    [{ status: { eq: 'TODO' } }, 'AE'],
    [{ status: { in: ['DONE', 'CANCELLED'] } }, 'CD'],
    [{ status: { in: [] } }, ''],
    [{ status: { notIn: ['TODO'] } }, 'BCD'],
    [{ status: { notIn: [] } }, 'ABCDE'],
    [{ status: { in: ['TODO', 'DONE'], notIn: ['TODO'] } }, 'C'],
    [{ status: { eq: 'TODO', in: ['DONE'] } }, ''],
  ])('%j matches exactly what it says, and the count agrees', async (filter, left) => {
    const page = await list(eve, { filter });
    expect(titles(page).sort().join('')).toBe(left);
    expect(page.totalCount).toBe(left.length);
  });

  test('applies to every page', async () => {
    const seen = await walk(eve, { first: 1, filter: { status: { in: ['TODO', 'DONE'] } } });
    expect(seen).toHaveLength(3);
  });
});

describe('[FR-014] paging', () => {
  const orders = [
    { field: 'CREATED_AT', direction: 'DESC' },
    { field: 'CREATED_AT', direction: 'ASC' },
    { field: 'UPDATED_AT', direction: 'DESC' },
  ];
  let eve: Person;
  let planted: string[];

  beforeAll(async () => {
    ({ eve } = await people('Eve'));
    // Seven times for 250 tasks: every page begins and ends among equal times.
    const times = Array.from({ length: 250 }, (_, n) => minute(n % 7));
    planted = await plant(
      eve,
      times.map((time) => ({ createdAt: time, updatedAt: time })),
    );
  });

  test.each(orders)(
    'reads 250 tasks by $field $direction both ways, without gaps or duplicates',
    async (orderBy) => {
      const forward = await walk(eve, { first: 37, orderBy });
      expect(forward).toHaveLength(250);
      expect(new Set(forward)).toEqual(new Set(planted));
      expect(await walk(eve, { last: 41, orderBy })).toEqual(forward);
    },
  );

  test('returns on each page whether there are tasks before and after it', async () => {
    const first = await list(eve, { first: 100 });
    expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    const second = await list(eve, { first: 100, after: first.pageInfo.endCursor });
    expect(second.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: true });
    const third = await list(eve, { first: 100, after: second.pageInfo.endCursor });
    expect(third.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
    expect(third.edges).toHaveLength(50);
    const behind = await list(eve, { first: 100, after: third.pageInfo.endCursor });
    expect(behind.edges).toEqual([]);
    expect(behind.totalCount).toBe(250);
    const back = await list(eve, { last: 100, before: second.pageInfo.startCursor });
    expect(ids(back)).toEqual(ids(first));
    expect(back.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
  });

  test('between two cursors returns the tasks in between', async () => {
    const all = (await list(eve, { first: 100 })).edges;
    const bounds = { after: all[10]?.cursor, before: all[20]?.cursor };
    const between = all.slice(11, 20).map(({ node }) => node.id);
    expect(ids(await list(eve, { first: 100, ...bounds }))).toEqual(between);
    expect(ids(await list(eve, { last: 100, ...bounds }))).toEqual(between);
    expect(ids(await list(eve, { first: 4, ...bounds }))).toEqual(between.slice(0, 4));
    expect(ids(await list(eve, { last: 4, ...bounds }))).toEqual(between.slice(-4));
    expect(ids(await list(eve, { first: 9, after: bounds.before, before: bounds.after }))).toEqual([]);
  });

  test('returns 50 by default, and 0 and 100 on request', async () => {
    expect((await list(eve)).edges).toHaveLength(50);
    expect((await list(eve, { first: 100 })).edges).toHaveLength(100);
    const none = await list(eve, { first: 0 });
    expect(none.edges).toEqual([]);
    expect(none.pageInfo.hasNextPage).toBe(true);
  });

  test('is correct while tasks are added and deleted between the pages', async () => {
    const { fay } = await people('Fay');
    const early = await plant(
      fay,
      Array.from({ length: 60 }, () => ({ createdAt: noon, updatedAt: noon })),
    );
    const orderBy = { field: 'CREATED_AT', direction: 'ASC' };
    const late: string[] = [];
    const passed = new Set<string>();
    const gone = new Set<string>();
    const seen = await walk(fay, { first: 7, orderBy }, async (page) => {
      for (const id of ids(page)) passed.add(id);
      late.push(...(await plant(fay, [{ createdAt: minute(1) }])));
      await plant(fay, [{ createdAt: minute(-1) }]);
      // The row that the next page begins after, and a later one.
      const last = ids(page).at(-1);
      const next = early.findLast((id) => !passed.has(id) && !gone.has(id));
      if (next) gone.add(next);
      const doomed = [last, next].filter((id) => id !== undefined && early.includes(id)) as string[];
      await db.task.deleteMany({ where: { id: { in: doomed.map((id) => uuidOf('Task', id)) } } });
    });
    expect(seen.filter((id) => early.includes(id))).toEqual(early.filter((id) => !gone.has(id)));
    // The task added after the last page is not on it.
    expect(seen.filter((id) => !early.includes(id))).toEqual(late.slice(0, -1));
  });

  test.each([
    [{ first: -1 }, 'first'],
    [{ first: 101 }, 'first'],
    [{ last: -1 }, 'last'],
    [{ last: 101 }, 'last'],
    [{ first: 1, last: 1 }, 'last'],
    [{ after: '' }, 'after'],
    [{ after: 'x' }, 'after'],
    [{ before: '\0' }, 'before'],
    [{ after: '🧵' }, 'after'],
  ])('%j is VALIDATION_FAILED and names the argument', async (args, field) => {
    await expect(list(eve, args)).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      extensions: { field },
    });
  });

  test('rejects a cursor of another order', async () => {
    const { pageInfo } = await list(eve, { first: 1, orderBy: orders[0] });
    for (const orderBy of orders.slice(1)) {
      await expect(list(eve, { first: 1, orderBy, after: pageInfo.endCursor })).rejects.toMatchObject({
        code: 'VALIDATION_FAILED',
        extensions: { field: 'after' },
      });
    }
  });

  test('rejects every modified cursor, or continues from its position; never INTERNAL', async () => {
    const { pageInfo } = await list(eve, { first: 1 });
    const cursor = JSON.parse(Buffer.from(pageInfo.endCursor ?? '', 'base64url').toString()) as [
      string,
      string,
      string,
    ];
    const [signature, moment, id] = cursor;
    const tampered: unknown[] = [
      null,
      0,
      '',
      {},
      [],
      [signature],
      [signature, moment],
      [moment, signature, id],
      [signature, moment, id, id],
      [signature, null, id],
      [signature, 7, id],
      [signature, [moment], id],
      [signature, { gt: moment }, id],
      [signature, moment, null],
      [signature, moment, 7],
      [signature, moment, { not: id }],
      [signature, moment, 'x'],
      [signature, moment, `${id}'`],
      [signature, 'yesterday', id],
      [signature, 'infinity', id],
      [signature, '2026-02-30T00:00:00Z', id],
      [signature, '2026-01-01T25:00:00Z', id],
      [signature, '0000-01-01T00:00:00Z', id],
      [signature, '-271821-04-20T00:00:00Z', id],
      [signature, '+275760-09-13T00:00:00Z', id],
      [signature, '9999-12-31T23:59:59.999Z', '00000000-0000-0000-0000-000000000000'],
      [signature, '0001-01-01T00:00:00Z', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
      [signature, `${moment}\0`, id],
      ['id:asc', id],
      Object.fromEntries(Object.entries(cursor)),
    ];
    for (const value of tampered) {
      const after = Buffer.from(JSON.stringify(value)).toString('base64url');
      await list(eve, { first: 1, after }).catch((refusal: unknown) => {
        expect(refusal, JSON.stringify(value)).toMatchObject({
          code: 'VALIDATION_FAILED',
          extensions: { field: 'after' },
        });
      });
    }
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x80]).toString('base64url');
    await expect(list(eve, { after: bytes })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });
});

describe('[FR-014] [SC-009] a list', () => {
  /** Every query starts with the statement of the viewer's rights. */
  const RIGHTS = 1;
  const rich = `nodes { id title description status priority dueOn version completedAt
    owner { id name } viewerCan { edit delete share } }`;

  test('uses the same number of statements for 1 task and for 50, with any owners', async () => {
    const { eve, fay } = await people('Eve', 'Fay');
    const [first = '', ...others] = await plant(fay, Array(30).fill({}) as object[]);
    await plant(eve, Array(30).fill({}) as object[]);
    for (const task of [first, ...others]) await share(world, task, { from: fay, to: eve });

    // From here on, the credential is cached.
    await eve.query('{ viewer { id } }');
    const cost = (document: string) => statementsOf(() => eve.query(document));
    const one = await cost(`{ tasks(first: 1) { ${rich} } }`);
    const fifty = await cost(`{ tasks(first: 50) { ${rich} } }`);
    expect(fifty).toHaveLength(one.length);
    expect(fifty.length).toBeLessThanOrEqual(2);
    expect(await cost(`{ tasks(first: 50) { totalCount ${rich} } }`)).toHaveLength(fifty.length + 1);
    expect(await cost('{ tasks(first: 50) { nodes { owner { email } } } }')).toHaveLength(2 + RIGHTS);
    expect(await cost('{ tasks(first: 50) { nodes { id title } } }')).toHaveLength(1 + RIGHTS);
  });

  test('uses one statement for a task, one per type for nodes, and one for the visibility of people', async () => {
    const { eve } = await people('Eve');
    const found = await plant(eve, Array(20).fill({}) as object[]);
    await eve.query('{ viewer { id } }');
    const alone = await statementsOf(() =>
      eve.query('query ($id: ID!) { task(id: $id) { title status } }', { id: found[0] }),
    );
    expect(alone).toHaveLength(1 + RIGHTS);
    const many = await statementsOf(() =>
      eve.query(
        `query ($ids: [ID!]!) {
          nodes(ids: $ids) { id ... on Task { title owner { name } viewerCan { edit } } ... on User { name } }
        }`,
        { ids: [...found, eve.id, ...found] },
      ),
    );
    expect(many).toHaveLength(3 + RIGHTS);
  });

  test('uses no statement for a cached credential', async () => {
    const { eve } = await people('Eve');
    await eve.query('{ viewer { id } }');
    expect(await statementsOf(() => eve.query('{ __typename }'))).toEqual([]);
    expect(await statementsOf(() => eve.query('{ viewer { id name } }'))).toHaveLength(1 + RIGHTS);
  });
});
