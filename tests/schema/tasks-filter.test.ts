import { getNamedType, isInputObjectType, type GraphQLInputObjectType } from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { TaskPriority, TaskStatus, type Prisma, type Task } from '../../prisma/generated/client/client.ts';
import { schema } from '../../schema/index.ts';
import { LONGEST_FILTER } from '../../server/filter-text/grammar.ts';
import { ofFilter } from '../../server/filter-text/of-filter.ts';
import { printFilter } from '../../server/filter-text/print.ts';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { dice, type Dice } from '../kit/dice.ts';
import { foldToTheEnd } from '../kit/counters.ts';
import { orderColumns, someOrder, sorted, walk } from '../kit/task-order.ts';
import { plantTasks } from '../kit/tasks.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
const { db, people } = world;

type Filter = Record<string, unknown>;

/** Ada is in her team and not in Bob's; Bob shares some of his tasks with her, and some of his team's. */
let ada: Person;
let bob: Person;
const adasTeam = newId();
const bobsTeam = newId();
let rows: Task[];
let shared: Set<string>;
/** Search words, and the tasks that Ada finds by them. */
const findings = new Map<string, Set<string>>();

async function titles(person: Person, filter: Filter): Promise<string[]> {
  const { tasks } = await person.query<{ tasks: { nodes: { title: string }[]; totalCount: number } }>(
    'query ($filter: TaskFilter) { tasks(filter: $filter, first: 100) { nodes { title } totalCount } }',
    { filter },
  );
  expect(tasks.totalCount).toBe(tasks.nodes.length);
  return tasks.nodes.map(({ title }) => title).sort();
}

const uuid = (person: Person) => uuidOf('User', person.id);
const LABELS = ['home', 'work', 'late'];
const days = ['2026-06-01', '2026-06-02', '2026-06-03'];
const moments = ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z', '2026-01-03T00:00:00.000Z'];

beforeAll(async () => {
  ({ ada, bob } = await people('Ada', 'Bob'));
  await db.team.createMany({
    data: [
      { id: adasTeam, name: 'Ada’s', slug: 'adas' },
      { id: bobsTeam, name: 'Bob’s', slug: 'bobs' },
    ],
  });
  await db.membership.createMany({
    data: [
      { teamId: adasTeam, userId: uuid(ada), role: 'OWNER' },
      { teamId: bobsTeam, userId: uuid(bob), role: 'OWNER' },
    ],
  });
  const chance = dice(1);
  const { pick, happens } = chance;
  const made: Prisma.TaskCreateManyInput[] = [];
  for (let n = 0; n < 90; n++) {
    const status = pick(Object.values(TaskStatus));
    made.push({
      id: newId(),
      title: `${pick(['Tea', 'tea', '50% Off', 'a_b', 'axb', 'back\\slash'])} ${n}`,
      description: pick(['', 'Fill the kettle', 'Kettles for tea']),
      status,
      priority: pick(Object.values(TaskPriority)),
      position: 'a0',
      ownerId: uuid(happens(0.5) ? ada : bob),
      assigneeId: happens(0.4) ? null : uuid(pick([ada, bob])),
      teamId: happens(0.4) ? null : pick([adasTeam, bobsTeam]),
      parentId: happens(0.4) ? null : (made[chance.roll(n)]?.id ?? null),
      dueOn: happens(0.3) ? null : new Date(pick(days)),
      completedAt: status === 'DONE' ? new Date(pick(moments)) : null,
      archivedAt: happens(0.3) ? new Date() : null,
      createdAt: new Date(pick(moments)),
      updatedAt: new Date(pick(moments)),
      labels: LABELS.filter(() => happens(0.4)),
    });
  }
  await plantTasks(db, made);
  rows = await db.task.findMany();
  const given = rows.filter(({ ownerId }) => ownerId === uuid(bob)).filter(() => happens(0.4));
  await db.taskShare.createMany({
    data: given.map(({ id }) => ({ taskId: id, sharedWithId: uuid(ada), sharedById: uuid(bob) })),
  });
  shared = new Set(given.map(({ id }) => id));
  for (const words of ['tea', 'TEA 1', 'kettl', '"back slash"', 'a_b', 'b kettle', '50%', '!', '']) {
    const { search } = await ada.query<{ search: { node: { id: string } }[] }>(
      'query ($words: String!) { search(query: $words, types: [TASK], first: 50) { node { ... on Task { id } } } }',
      { words },
    );
    findings.set(words, new Set(search.map(({ node }) => uuidOf('Task', node.id))));
  }
});

function sees({ id, ownerId, teamId }: Task): boolean {
  return shared.has(id) || (teamId === null ? ownerId === uuid(ada) : teamId === adasTeam);
}

/** Ada's view of each field, for filters. */
const shown: Record<string, (task: Task) => string | null> = {
  id: ({ id }) => publicId('Task', id),
  owner: ({ ownerId }) => publicId('User', ownerId),
  assignee: ({ assigneeId }) => assigneeId && publicId('User', assigneeId),
  team: ({ teamId }) => (teamId === adasTeam ? publicId('Team', teamId) : null),
  parent: ({ parentId }) => {
    const parent = rows.find((task) => task.id === parentId && sees(task));
    return parent ? publicId('Task', parent.id) : null;
  },
  title: ({ title }) => title,
  status: ({ status }) => status,
  priority: ({ priority }) => priority,
  dueOn: ({ dueOn }) => dueOn?.toISOString().slice(0, 10) ?? null,
  createdAt: ({ createdAt }) => createdAt.toISOString(),
  updatedAt: ({ updatedAt }) => updatedAt.toISOString(),
  completedAt: ({ completedAt }) => completedAt?.toISOString() ?? null,
};

type Test = (value: string | null, given: never) => boolean;

const operators: Record<string, Test> = {
  eq: (value, given: string) => value === given,
  in: (value, given: string[]) => value !== null && given.includes(value),
  notIn: (value, given: string[]) => value === null || !given.includes(value),
  contains: (value, given: string) => value?.toLowerCase().includes(given.toLowerCase()) ?? false,
  before: (value, given: string) => value !== null && value < given,
  after: (value, given: string) => value !== null && value > given,
  isNull: (value, given: boolean) => (value === null) === given,
};

const labelTests: Record<string, (labels: string[], given: never) => boolean> = {
  has: (labels, given: string) => labels.includes(given),
  hasSome: (labels, given: string[]) => given.some((label) => labels.includes(label)),
  hasEvery: (labels, given: string[]) => given.every((label) => labels.includes(label)),
  isEmpty: (labels, given: boolean) => (labels.length === 0) === given,
};

/** The filter as its descriptions define it. */
function holds(task: Task, filter: Filter): boolean {
  return Object.entries(filter).every(([field, given]) => {
    if (field === 'and') return (given as Filter[]).every((part) => holds(task, part));
    if (field === 'or') return (given as Filter[]).some((part) => holds(task, part));
    if (field === 'not') return !holds(task, given as Filter);
    if (field === 'archived') return (task.archivedAt !== null) === given;
    if (field === 'text') return findings.get(given as string)?.has(task.id);
    if (field === 'ownedOrAssigned') return [task.ownerId, task.assigneeId].includes(uuid(ada)) === given;
    if (field === 'sharedWithViewer') return shared.has(task.id) === given;
    return Object.entries(given as Filter).every(([operator, value]) =>
      field === 'labels'
        ? labelTests[operator]?.(task.labels, value as never)
        : operators[operator]?.(shown[field]?.(task) ?? null, value as never),
    );
  });
}

/** All fields with operators of their own, except labels. */
const fieldOperators = Object.fromEntries(
  Object.values((schema.getType('TaskFilter') as GraphQLInputObjectType).getFields()).flatMap(
    ({ name, type }) => {
      const conditions = getNamedType(type);
      if (!isInputObjectType(conditions) || ['TaskFilter', 'LabelsFilter'].includes(conditions.name))
        return [];
      return [[name, Object.keys(conditions.getFields())]];
    },
  ),
);

function someCondition({ pick, happens, roll }: Dice): Filter {
  if (happens(0.1)) return { archived: happens(0.5) };
  if (happens(0.15)) return { text: pick([...findings.keys()]) };
  if (happens(0.1)) return { sharedWithViewer: happens(0.5) };
  if (happens(0.1)) return { ownedOrAssigned: happens(0.5) };
  if (happens(0.15)) {
    const some = LABELS.filter(() => happens(0.5));
    return {
      labels: pick([{ has: pick(LABELS) }, { hasSome: some }, { hasEvery: some }, { isEmpty: happens(0.5) }]),
    };
  }
  const field = pick(Object.keys(fieldOperators));
  const operator = pick(fieldOperators[field] ?? []);
  const value = () =>
    field === 'team'
      ? publicId('Team', pick([adasTeam, bobsTeam]))
      : field === 'parent'
        ? publicId('Task', pick(rows.flatMap(({ parentId }) => parentId ?? [])))
        : (shown[field]?.(pick(rows.filter((row) => shown[field]?.(row) != null))) ?? '');
  if (operator === 'isNull') return { [field]: { isNull: happens(0.5) } };
  if (operator === 'contains')
    return { [field]: { contains: pick(['tea', '%', '_', 'A_', '\\', '1', '50% o', '']) } };
  return {
    [field]: { [operator]: operator.includes('n') ? Array.from({ length: roll(4) }, value) : value() },
  };
}

function someFilter(chance: Dice, depth = 0): Filter {
  const { roll, happens } = chance;
  const parts = () => Array.from({ length: roll(4) }, () => someFilter(chance, depth + 1));
  if (depth === 3 || happens(0.4))
    return { ...someCondition(chance), ...(happens(0.3) ? someCondition(chance) : {}) };
  return {
    ...(happens(0.4) ? someCondition(chance) : {}),
    ...(happens(0.4) ? { and: parts() } : {}),
    ...(happens(0.5) ? { or: parts() } : {}),
    ...(happens(0.5) ? { not: someFilter(chance, depth + 1) } : {}),
  };
}

describe('a filter of tasks', () => {
  test.each(Array.from({ length: 20 }, (_, seed) => seed))(
    '[FR-009] finds the matching visible tasks, for any combination (seed %i)',
    async (seed) => {
      const chance = dice(seed + 1000);
      for (let round = 0; round < 12; round++) {
        const filter = someFilter(chance);
        const wanted = JSON.stringify(filter).includes('"archived"')
          ? filter
          : { and: [filter, { archived: false }] };
        const found = rows.filter((task) => sees(task) && holds(task, wanted)).map(({ title }) => title);
        expect(await titles(ada, filter), JSON.stringify(filter)).toEqual(found.sort());
      }
    },
  );

  test.each(Array.from({ length: 10 }, (_, seed) => seed))(
    '[FR-009] finds the same tasks by the text of the filter (seed %i)',
    async (seed) => {
      const chance = dice(seed + 3000);
      for (let round = 0; round < 12; round++) {
        const filter = someFilter(chance);
        const filterText = printFilter(ofFilter(filter));
        if (filterText.length > LONGEST_FILTER) continue;
        const { tasks } = await ada.query<{ tasks: { nodes: { title: string }[]; totalCount: number } }>(
          'query ($filterText: String!) { tasks(filterText: $filterText, first: 100) { nodes { title } totalCount } }',
          { filterText },
        );
        const found = tasks.nodes.map(({ title }) => title).sort();
        expect(found, filterText).toEqual(await titles(ada, filter));
        expect(tasks.totalCount).toBe(found.length);
      }
    },
  );

  /** Titles sort differently by collation; the others have many equal values. */
  const ORDERS = Object.keys(orderColumns).filter((field) => field !== 'TITLE');

  test.each(Array.from({ length: 20 }, (_, seed) => seed))(
    '[FR-009] [FR-014] finds them in any order and in pages of any size, in both directions, in every scope (seed %i)',
    async (seed) => {
      const chance = dice(seed + 2000);
      for (let round = 0; round < 5; round++) {
        const scope = chance.pick([
          {},
          { owner: { eq: ada.id } },
          { assignee: { eq: ada.id } },
          { team: { eq: publicId('Team', adasTeam) } },
        ]);
        const filter = { and: [scope, chance.happens(0.3) ? {} : someFilter(chance)] };
        const wanted = JSON.stringify(filter).includes('"archived"')
          ? filter
          : { and: [filter, { archived: false }] };
        const order = someOrder(chance, ORDERS);
        const pages = { size: 1 + chance.roll(20), forward: chance.happens(0.5), filter };
        const found = rows.filter((task) => sees(task) && holds(task, wanted));
        expect(await walk(ada, order, pages), JSON.stringify({ order, pages })).toEqual(sorted(found, order));
      }
    },
  );

  test('accepts null for an omitted condition', async () => {
    const all = await titles(ada, {});
    expect(await titles(ada, { status: null, owner: { eq: null, in: null }, and: null, not: null })).toEqual(
      all,
    );
    expect(all.length).toBeGreaterThan(20);
  });

  test('accepts null for no condition inside of `not`, too (NOT-EMPTY)', async () => {
    const all = await titles(ada, {});
    const empty = { status: { in: null }, title: { contains: null } };
    const filters = [
      { not: empty },
      { not: { status: {} } },
      { not: { and: [empty, { priority: {} }] } },
      { not: { or: [empty] } },
      { not: { not: empty } },
      { and: [{ not: empty }], or: [empty] },
    ];
    for (const filter of filters) expect(await titles(ada, filter), JSON.stringify(filter)).toEqual(all);
    expect(await titles(ada, { not: { ...empty, archived: true } })).toEqual(all);
    for (const none of [{ or: [] }, { not: {} }, { not: { and: [] } }])
      expect(await titles(ada, none)).toEqual([]);
  });

  test.each([
    ['an id of another type', { owner: { eq: publicId('Task', newId()) } }, 'filter.owner.eq'],
    ['an id that is none', { or: [{ team: { in: ['nonsense'] } }] }, 'filter.or.0.team.in'],
    ['a NUL', { title: { contains: 'a\0b' } }, 'filter.title.contains'],
    ['half of an emoji', { labels: { has: '\ud83e' } }, 'filter.labels.has'],
    ['text of 201 characters', { title: { contains: 'x'.repeat(201) } }, 'filter.title.contains'],
    ['101 titles', { title: { in: Array(101).fill('x') } }, 'filter.title.in'],
    ['101 ids', { id: { notIn: Array(101).fill(publicId('Task', newId())) } }, 'filter.id.notIn'],
    [
      'a time in the year 10000',
      { createdAt: { before: '9999-12-31T23:59:59-01:00' } },
      'filter.createdAt.before',
    ],
    ['51 conditions', { or: Array(51).fill({ archived: true }) }, 'filter.or'],
    [
      '51 conditions in two places',
      { and: Array(26).fill({}), or: Array(25).fill({ archived: true }) },
      'filter',
    ],
    ['201 emoji to look for', { text: '🧵'.repeat(201) }, 'filter.text'],
    ['half of an emoji to look for', { and: [{ text: '\ud83e' }] }, 'filter.and.0.text'],
    ['six levels', { not: { not: { not: { not: { not: { not: {} } } } } } }, 'filter'],
  ])('rejects %s, and names the field', async (_what, filter, field) => {
    await expect(titles(ada, filter)).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      extensions: { field },
    });
  });

  test('accepts 200 emoji as search words', async () => {
    expect(await titles(ada, { text: '🧵'.repeat(200) })).toEqual([]);
  });

  test('accepts 50 conditions and five levels', async () => {
    const archived = (await titles(ada, { archived: true })).length;
    expect(await titles(ada, { or: Array(49).fill({ archived: true }) })).toHaveLength(archived);
    const deep = { not: { not: { not: { not: { and: [{ archived: true }] } } } } };
    expect(await titles(ada, deep)).toHaveLength(archived);
  });

  test('expresses “assigned to me”, “shared with me” and “due this week” in one line each', async () => {
    const plain = (keep: (task: Task) => boolean) =>
      rows
        .filter((task) => sees(task) && task.archivedAt === null && keep(task))
        .map(({ title }) => title)
        .sort();
    expect(await titles(ada, { assignee: { eq: ada.id } })).toEqual(
      plain((task) => task.assigneeId === uuid(ada)),
    );
    expect(await titles(ada, { sharedWithViewer: true })).toEqual(plain((task) => shared.has(task.id)));
    expect(await titles(ada, { dueOn: { after: '2026-05-31', before: '2026-06-08' } })).toEqual(
      plain((task) => task.dueOn !== null),
    );
  });
});

describe('the total of a list of tasks', () => {
  async function countersRead(): Promise<number> {
    const metrics = await (await fetch(`${world.url}/metrics`)).text();
    return Number(
      /^taskwire_statement_seconds_count{statement="countByCounters"} (.*)$/m.exec(metrics)?.[1] ?? 0,
    );
  }

  const scopes = (): Filter[] => [
    {},
    { owner: { eq: ada.id } },
    { assignee: { eq: ada.id } },
    { ownedOrAssigned: true },
    { team: { eq: publicId('Team', adasTeam) } },
  ];
  const open = { status: { in: ['TODO', 'IN_PROGRESS'] } };
  const known: Filter[] = [
    {},
    open,
    { status: { eq: 'DONE' } },
    { status: { notIn: ['CANCELLED'] }, priority: { in: ['HIGH', 'URGENT'] } },
    { or: [{ status: { eq: 'TODO' } }, { priority: { eq: 'NONE' } }] },
    { not: { priority: { eq: 'LOW' } } },
    { ...open, dueOn: { before: '2026-06-02' } },
    { and: [open, { dueOn: { eq: '2026-06-02' } }] },
    { ...open, dueOn: { after: '2026-06-01', before: '2026-06-03' } },
    { ...open, dueOn: { isNull: true } },
  ];

  test('is read from the counters if they have it, for every scope, before and after folding', async () => {
    const before = await countersRead();
    let asked = 0;
    for (const fold of [() => Promise.resolve(), () => foldToTheEnd(world.databaseUrl)]) {
      await fold();
      for (const scope of scopes())
        for (const part of known)
          for (const filter of [{ ...scope, ...part }, { and: [part, scope] }]) {
            const found = rows.filter(
              (task) => sees(task) && task.archivedAt === null && holds(task, filter),
            );
            expect(await titles(ada, filter), JSON.stringify(filter)).toHaveLength(found.length);
            asked += 1;
          }
    }
    expect(await countersRead()).toBe(before + asked);
  });

  test('leaves out conditions that are null or empty', async () => {
    await foldToTheEnd(world.databaseUrl);
    const all = await titles(ada, open);
    for (const empty of [{ dueOn: {} }, { dueOn: { before: null } }, { and: [{ dueOn: { isNull: null } }] }])
      expect(await titles(ada, { ...open, ...empty }), JSON.stringify(empty)).toEqual(all);
    expect(await titles(ada, { ...open, owner: { eq: null }, team: {} })).toEqual(all);
  });

  test.each([
    ['another person’s tasks', () => ({ owner: { eq: bob.id } })],
    ['a team of others', () => ({ team: { eq: publicId('Team', bobsTeam) } })],
    ['two scopes', () => ({ owner: { eq: ada.id }, assignee: { eq: ada.id } })],
    ['archived tasks', () => ({ archived: true })],
    ['completed tasks by due date', () => ({ status: { eq: 'DONE' }, dueOn: { before: '2026-06-02' } })],
    ['open tasks without this date', () => ({ ...open, dueOn: { notIn: ['2026-06-02'] } })],
    [
      'open tasks of a priority by due date',
      () => ({ ...open, priority: { eq: 'LOW' }, dueOn: { eq: '2026-06-02' } }),
    ],
    ['words', () => ({ title: { contains: 'tea' } })],
  ])('is counted for %s', async (_what, filterOf) => {
    const filter = filterOf();
    const before = await countersRead();
    const isArchived = 'archived' in filter;
    const found = rows.filter(
      (task) => sees(task) && (task.archivedAt !== null) === isArchived && holds(task, filter),
    );
    expect(await titles(ada, filter)).toHaveLength(found.length);
    expect(await countersRead()).toBe(before);
  });

  test('is at most 10,000 if it must be counted, with a note that there are more', async () => {
    const { cyd } = await people('Cyd');
    await db.$executeRaw`
      INSERT INTO tasks (id, title, position, owner_id, updated_at)
      SELECT gen_random_uuid(), 'Many ' || n, 'a', ${uuid(cyd)}::uuid, now() FROM generate_series(1, 10001) AS n`;
    const count = async (contains: string) => {
      const { tasks } = await cyd.query<{ tasks: object }>(
        'query ($contains: String!) { tasks(filter: { title: { contains: $contains } }) { totalCount isTotalCountExact } }',
        { contains },
      );
      return tasks;
    };
    expect(await count('Many')).toEqual({ totalCount: 10_000, isTotalCountExact: false });
    expect(await count('Many 10000')).toEqual({ totalCount: 1, isTotalCountExact: true });
  });
});
