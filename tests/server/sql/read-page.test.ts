import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../../server/ids.ts';
import { connect } from '../../../server/database/client.ts';
import { liveShareOf, visible } from '../../../server/policy.ts';
import { countRows, readPage, type Wanted } from '../../../server/sql/read-page.ts';
import { conversations, tasks as tasksTable, type Table } from '../../../server/sql/tables.ts';
import { viewerOf } from '../../../server/sql/viewer.ts';
import { orderedTasks, type Criterion } from '../../../server/sql/ordered-tasks.ts';
import { visibleSql } from '../../../server/sql/visible.ts';
import { RawRow } from '../../../server/sql/raw-row.ts';
import { dice } from '../../kit/dice.ts';
import { freshDatabase } from '../../kit/database.ts';
import { sample } from '../../kit/sample.ts';

const db = connect(await freshDatabase());
const { pick, happens } = dice(11);

const users = Array.from({ length: 6 }, newId);
const teams = Array.from({ length: 3 }, newId);
const moments = [
  new Date('0099-05-01T10:00:00.001Z'),
  new Date('2026-03-29T01:30:00.999Z'),
  new Date('9999-12-31'),
];

beforeAll(async () => {
  await db.user.createMany({
    data: users.map((id, n) => ({
      id,
      name: `N,“${n}”\u001e'`,
      email: `${n}@example.org`,
      updatedAt: new Date(),
    })),
  });
  await db.team.createMany({ data: teams.map((id, n) => ({ id, name: `Team ${n}`, slug: `team-${n}` })) });
  await db.membership.createMany({
    data: teams.flatMap((teamId) =>
      users
        .filter(() => happens(0.5))
        .map((userId) => ({ teamId, userId, role: pick(['ADMIN', 'VIEWER'] as const) })),
    ),
  });
  const ids = Array.from({ length: 120 }, newId);
  const tasks = ids.map((id, n) => {
    const status = pick(['TODO', 'DONE'] as const);
    return {
      id,
      parentId: n > 60 && n % 2 === 0 ? (ids[n % 50] ?? null) : null,
      title: pick(['a, b', '', '{"a":1}', 'NULL', '😀\n']) + 'x',
      description: pick(['', 'a,b\\', '\u001f']),
      labels: pick([[], ['a,b', '"'], ['NULL']]),
      status,
      priority: pick(['NONE', 'URGENT'] as const),
      dueOn: pick([null, new Date('0001-01-01'), new Date('2026-12-31')]),
      completedAt: status === 'DONE' ? pick(moments) : null,
      updatedAt: pick(moments),
      ownerId: pick(users),
      assigneeId: happens(0.5) ? pick(users) : null,
      teamId: happens(0.5) ? pick(teams) : null,
    };
  });
  await db.task.createMany({ data: tasks });
  await db.taskShare.createMany({
    data: tasks.flatMap(({ id, ownerId }) =>
      users
        .filter((user) => user !== ownerId && happens(0.4))
        .map((user) => ({
          taskId: id,
          sharedWithId: user,
          sharedById: ownerId,
          permission: pick(['VIEW', 'EDIT'] as const),
          expiresAt: pick([null, new Date(0), new Date('2999-01-01')]),
        })),
    ),
  });
  for (let n = 0; n < 25; n += 1) {
    const ownerId = pick(users);
    const others = users.filter((user) => user !== ownerId && happens(0.4));
    await db.conversation.create({
      data: {
        title: pick(['a, b;', '“', 'NULL']),
        ownerId,
        updatedAt: pick(moments),
        participants: { create: [ownerId, ...others].map((userId) => ({ userId })) },
        messages: {
          create: Array.from({ length: pick([0, 1, 7]) }, (_, k) => ({
            authorId: happens(0.7) ? pick(users) : null,
            role: pick(['USER', 'TOOL'] as const),
            content: pick(['', ',', ';,"[]', '{"a":[1,2]}', '\n😀\u001e', 'null']),
            createdAt: new Date(pick(moments).getTime() + k),
            ...(happens(0.5) ? { toolCalls: pick([[], [1, { 'a,b': null }], 'text', 0, false]) } : {}),
          })),
        },
      },
    });
  }
});

/** All columns of a table, in Prisma's form. */
const all = (table: Table | undefined) =>
  Object.fromEntries(Object.keys(table?.columns ?? {}).map((field) => [field, true]));

const person = { select: all(tasksTable.names['owner']?.of) };
const team = { select: all(tasksTable.names['team']?.of) };

interface Conversation {
  messages: unknown[];
}

const plainly = (row: unknown) => RawRow.plain(row as RawRow);

describe('a page of tasks is the same as from Prisma', () => {
  const filters: Wanted['where'][] = [
    {},
    { status: 'TODO', dueOn: null },
    { dueOn: { gt: new Date('2026-01-01') } },
    {
      AND: [
        { OR: [{ status: 'DONE' }, { priority: { in: ['URGENT'] } }] },
        { completedAt: { lt: moments[2] as Date } },
      ],
    },
    { assigneeId: { in: users.slice(0, 2) }, title: { gt: 'NULL' } },
    { id: { in: [] } },
    // The shapes of the API's filters.
    { title: { contains: 'A', mode: 'insensitive' } },
    { title: { contains: '"a"' } },
    { NOT: { AND: [{ dueOn: { not: null } }, { dueOn: { in: [new Date('2026-12-31')] } }] } },
    { NOT: { status: { in: ['TODO'] } }, archivedAt: null },
    { AND: [{ completedAt: { not: null } }, { completedAt: { gt: moments[0] as Date } }] },
    { assigneeId: { not: users[0] } },
    { labels: { has: 'a,b' } },
    { labels: { hasSome: ['"', 'NULL'] } },
    { NOT: { labels: { hasEvery: ['a,b', '"'] } } },
    { OR: [{ labels: { isEmpty: true } }, { labels: { hasSome: [] } }] },
    { labels: { isEmpty: false } },
    { team: { memberships: { some: { userId: users[1] } } } },
    {
      NOT: {
        shares: { some: { sharedWithId: users[2], OR: [{ expiresAt: null }, { permission: 'EDIT' }] } },
      },
    },
    { parent: { OR: [{ ownerId: users[3] }, { shares: { some: { sharedWithId: users[4] } } }] } },
  ];
  const orders: Criterion[][] = [
    [{ field: 'id', direction: 'asc' }],
    [
      { field: 'updatedAt', direction: 'desc' },
      { field: 'id', direction: 'desc' },
    ],
    [
      { field: 'dueOn', direction: 'asc', nullable: true },
      { field: 'title', direction: 'desc' },
      { field: 'id', direction: 'asc' },
    ],
  ];

  test.each(filters)('%j', async (filter) => {
    for (const userId of sample(users, 2)) {
      const viewer = await viewerOf(db, { userId, limit: null });
      const shares = {
        where: { AND: [visible.share(viewer), { AND: [] }] },
        orderBy: [{ permission: 'desc' }, { id: 'asc' }] as const,
        take: 3,
      };
      for (const criteria of orders) {
        const orderBy = criteria.map(({ field, direction, nullable }) => ({
          [field]: nullable ? { sort: direction, nulls: 'last' } : direction,
        }));
        const query = { where: { AND: [visible.task(viewer), filter] }, orderBy, take: 20 };
        const sources = { from: visibleSql.tasks(viewer), added: { share: visibleSql.share(viewer) } };
        const ofShare = all(tasksTable.lists['shares']?.of);
        const select = {
          ...all(tasksTable),
          owner: person,
          assignee: person,
          team,
          shares: { ...shares, select: { ...ofShare, sharedWith: person, sharedBy: person } },
        };
        const wanted = { ...query, where: filter, select };
        const rows = await readPage(db, tasksTable, wanted, sources);
        const order = { criteria, bounds: [], isBackward: false };
        const rowsInOrder = await readPage(db, tasksTable, wanted, {
          ...sources,
          rows: (list) => orderedTasks(viewer, null, { where: filter, order, take: 20 }, list),
        });
        const expected = await db.task.findMany({ ...query, select } as never);
        const held = await db.taskShare.findMany({ where: liveShareOf(viewer) });
        const shareOf = (id: string) => held.find(({ taskId }) => taskId === id)?.permission ?? null;
        expect(rows?.map(plainly)).toEqual(expected.map((task) => ({ ...task, share: shareOf(task.id) })));
        expect(rowsInOrder?.map(plainly)).toEqual(rows?.map(plainly));
        expect(await countRows(db, tasksTable, filter, { ...sources, most: 1_000 })).toBe(
          await db.task.count({ where: query.where }),
        );
      }
    }
  });
});

describe('a page of conversations is the same as from Prisma', () => {
  const filters: Wanted['where'][] = [
    {},
    { ownerId: users[0] },
    { participants: { some: { userId: users[1] } }, updatedAt: { lt: new Date('2026-12-31') } },
  ];
  const pages = [
    { orderBy: [{ createdAt: 'asc' }, { id: 'asc' }], take: 3, where: {} },
    { orderBy: [{ createdAt: 'desc' }, { id: 'desc' }], take: 10, where: { role: 'USER' } },
  ] as const;

  test.each(filters)('%j', async (filter) => {
    for (const userId of users) {
      for (const messages of pages) {
        const query = {
          where: { AND: [visible.conversation({ userId, limit: null }), filter] },
          orderBy: [{ updatedAt: 'desc' }, { id: 'desc' }],
          take: 8,
        };
        const ofMessage = { ...all(conversations.lists['messages']?.of), author: person };
        const select = {
          ...all(conversations),
          owner: person,
          messages: { ...messages, select: ofMessage },
        };
        const rows = await readPage(db, conversations, { ...query, select });
        const expected = (await db.conversation.findMany({
          ...query,
          select,
        } as never)) as unknown as Conversation[];
        expect(expected.some((each) => each.messages.length > 0)).toBe(true);
        expect(rows?.map(plainly)).toEqual(expected);
      }
    }
  });
});

test('columns that are not selected are not read', async () => {
  const query = { where: {}, orderBy: [{ title: 'asc' }, { id: 'asc' }], take: 1 };
  const messages = { where: {}, orderBy: [{ createdAt: 'asc' }], take: 1 };
  const [row] = (await readPage(db, conversations, { ...query, select: { messages } })) ?? [];
  expect(Object.keys(plainly(row)).sort()).toEqual(['id', 'messages', 'title']);
});

test('related people have the columns that any row selects', async () => {
  const shares = { ...plain(), select: { sharedBy: { select: { name: true } } } };
  const query = { ...plain(), select: { owner: { select: { id: true } }, shares } };
  const [row] = (await readPage(db, tasksTable, query)) ?? [];
  expect(Object.keys(plainly(row)['owner'] as object).sort()).toEqual(['id', 'name']);
});

test.each<[string, Partial<Wanted>]>([
  ['a condition that is undefined', { where: { ownerId: undefined } }],
  ['a comparison with undefined', { where: { dueOn: { lt: undefined } } }],
  ['a choice of none', { where: { OR: [] } }],
  ['a search at the beginning of a text', { where: { title: { startsWith: 'a' } } }],
  ['a search in any case without words', { where: { title: { equals: 'a', mode: 'insensitive' } } }],
  ['shares of which all are', { where: { shares: { every: { permission: 'EDIT' } } } }],
  ['a team of some name', { where: { team: { name: 'a' } } }],
  ['a condition on another table', { where: { owner: { name: 'a' } } }],
  ['all of a person', { select: { owner: true } }],
  ['what belongs to a person', { select: { owner: { select: { tasks: { select: { id: true } } } } } }],
  ['a person on a condition', { select: { owner: { select: { id: true }, where: { name: 'a' } } } }],
  ['another relation', { select: { parent: { select: { id: true } } } }],
  ['a list with another relation', { select: { shares: { ...plain(), select: { task: person } } } }],
  ['how many there are', { select: { _count: { select: { shares: true } } } }],
  ['relations and all columns', { include: { owner: true } } as object],
])('%s is left to Prisma', async (_, wanted) => {
  expect(await readPage(db, tasksTable, { ...plain(), ...wanted })).toBeNull();
});

test.each([
  ['a participant who is undefined', { some: { userId: undefined } }],
  ['no one', { none: { userId: users[0] } }],
])('conversations with %s are left to Prisma', async (_, participants) => {
  const query = { ...plain(), where: { participants } };
  expect(await readPage(db, conversations, query)).toBeNull();
});

function plain(): Wanted {
  return { where: {}, orderBy: [{ id: 'asc' }], take: 1 };
}

test('rows with a list selected in two ways are not treated as whole rows', async () => {
  const query = { ...plain(), select: { shares: { ...plain(), select: { id: true } } } };
  const isWhole = async (isRepeated: boolean) => {
    const rows = await readPage(db, tasksTable, query, { isRepeated: () => isRepeated });
    expect(rows).toHaveLength(1);
    return rows?.[0] instanceof RawRow;
  };
  expect(await isWhole(false)).toBe(true);
  expect(await isWhole(true)).toBe(false);
});
