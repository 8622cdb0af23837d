import { beforeAll, describe, expect, test } from 'vitest';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { purgeExpiredTasks } from '../../server/log/retention.ts';
import { can, visible } from '../../server/policy.ts';
import { hangingTables, TRASH_DAYS, trashPage } from '../../server/sql/trash.ts';
import { viewerOf } from '../../server/sql/viewer.ts';
import { dice } from '../kit/dice.ts';
import { giveShare, offerShare } from '../kit/shares.ts';
import { teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people } = await startWorld({ LOG_LEVEL: 'silent' });

let ada: Person;
let bob: Person;
let eve: Person;

beforeAll(async () => {
  ({ ada, bob, eve } = await people('Ada', 'Bob', 'Eve'));
});

interface Changed {
  cursor: string;
}

async function run(person: Person, field: string, input: object): Promise<Changed> {
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`;
  const answer = await person.query<Record<string, Changed>>(
    `mutation ($input: ${type}!) { ${field}(input: $input) { cursor } }`,
    { input },
  );
  return answer[field] as Changed;
}

const remove = (person: Person, ...ids: string[]) =>
  run(person, 'deleteTasks', { tasks: ids.map((id) => ({ id })) });
const restore = (person: Person, ...ids: string[]) =>
  run(person, 'restoreTasks', { tasks: ids.map((id) => ({ id })) });
const purge = (person: Person, ...ids: string[]) =>
  run(person, 'purgeTasks', { tasks: ids.map((id) => ({ id })) });

const rowOf = (id: string) => db.task.findUnique({ where: { id: uuidOf('Task', id) } });
const parentOf = async (id: string) => {
  const parentId = (await rowOf(id))?.parentId;
  return parentId == null ? null : publicId('Task', parentId);
};

interface Listed {
  nodes: { id: string; title: string; deletedBy: { name: string } | null }[];
  totalCount: number;
}

async function trashOf(person: Person, args = ''): Promise<Listed> {
  const { trash } = await person.query<{ trash: Listed }>(
    `{ trash${args} { totalCount nodes { id title deletedBy { name } } } }`,
  );
  return trash;
}

const idsIn = async (person: Person) => (await trashOf(person)).nodes.map(({ id }) => id);

async function kindsOf(id: string): Promise<string[]> {
  const events = await db.event.findMany({
    where: { subjectId: uuidOf('Task', id), kind: { startsWith: 'task.' } },
    orderBy: { sequence: 'asc' },
  });
  return events.map(({ kind }) => kind);
}

const notFound = { code: 'NOT_FOUND' };

async function commentOn(person: Person, taskId: string, body: string): Promise<void> {
  await person.query('mutation ($input: AddCommentInput!) { addComment(input: $input) { cursor } }', {
    input: { taskId, body },
  });
}

describe('[BR-17] a deleted task', () => {
  test('comes back exactly as it was, with its comments, shares and offers', async () => {
    const parent = await ada.createTask('House');
    const id = await ada.createTask('Paint the fence', {
      description: 'Green, *twice*',
      status: 'DONE',
      priority: 'HIGH',
      dueOn: '2027-03-01',
      labels: ['garden', '庭'],
      parentId: parent,
    });
    await run(ada, 'updateTask', { id, title: 'Paint the old fence' });
    await giveShare(ada, bob, id, { permission: 'EDIT' });
    await offerShare(ada, 'someone@example.com', id);
    await commentOn(ada, id, 'Which green?');
    await commentOn(bob, id, 'The old one');
    const everything = () =>
      Promise.all(
        ['tasks', 'comments', 'task_shares', 'share_offers'].map((table) =>
          db.$queryRawUnsafe(
            `SELECT to_jsonb(x)::text AS row FROM ${table} AS x
             WHERE ${table === 'tasks' ? 'id' : 'task_id'} = '${uuidOf('Task', id)}' ORDER BY 1`,
          ),
        ),
      );
    const before = await everything();
    expect(before.map((rows) => (rows as object[]).length)).toEqual([1, 2, 1, 1]);

    await remove(ada, id);
    expect(await everything()).toEqual([[], [], [], []]);
    await restore(ada, id);
    expect(await everything()).toEqual(before);
    expect(await kindsOf(id)).toEqual(['task.created', 'task.updated', 'task.deleted', 'task.restored']);
    expect(await db.trashedRow.count({ where: { taskId: uuidOf('Task', id) } })).toBe(0);
    const found = await bob.query<{ search: { node: { id: string } }[] }>(
      '{ search(query: "old fence", types: [TASK]) { node { ... on Task { id } } } }',
    );
    expect(found.search.map(({ node }) => node.id)).toEqual([id]);
  });

  test('is only in the trash: with its title, who deleted it, when, and until when', async () => {
    const { cleo } = await people('Cleo');
    const id = await cleo.createTask('Tidy the cellar', { labels: ['cellar'] });
    await remove(cleo, id);
    const answer = await cleo.query<{
      tasks: { totalCount: number };
      search: unknown[];
      labels: unknown[];
      node: unknown;
      trashedTask: { deletedAt: string; expiresAt: string };
    }>(
      `query ($id: ID!) { tasks { totalCount } search(query: "cellar") { node { __typename } } labels { label }
         node(id: $id) { id } trashedTask(id: $id) { id title owner { name } deletedBy { name } team { id } deletedAt expiresAt } }`,
      { id },
    );
    expect(answer).toMatchObject({ tasks: { totalCount: 0 }, search: [], labels: [], node: null });
    const { deletedAt, expiresAt, ...others } = answer.trashedTask;
    expect(others).toEqual({
      id,
      title: 'Tidy the cellar',
      owner: { name: 'Cleo' },
      deletedBy: { name: 'Cleo' },
      team: null,
    });
    expect(Date.parse(expiresAt) - Date.parse(deletedAt)).toBe(TRASH_DAYS * 24 * 60 * 60_000);
    expect(await trashOf(cleo)).toMatchObject({ totalCount: 1, nodes: [{ id }] });
  });

  test('is listed with the last deleted first, page by page', async () => {
    const { dora } = await people('Dora');
    const ids: string[] = [];
    for (const title of ['One', 'Two', 'Three', 'Four', 'Five']) {
      ids.unshift(await dora.createTask(title));
      await remove(dora, ids[0] ?? '');
    }
    const paged: string[] = [];
    let after: string | null = null;
    do {
      const {
        trash,
      }: { trash: { nodes: { id: string }[]; pageInfo: { endCursor: string; hasNextPage: boolean } } } =
        await dora.query(
          'query ($after: String) { trash(first: 2, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } }',
          { after },
        );
      paged.push(...trash.nodes.map(({ id }) => id));
      after = trash.pageInfo.hasNextPage ? trash.pageInfo.endCursor : null;
    } while (after);
    expect(paged).toEqual(ids);
    const { trash } = await dora.query<{ trash: Listed }>('{ trash(last: 2) { nodes { id } } }');
    expect(trash.nodes.map(({ id }) => id)).toEqual(ids.slice(-2));
  });

  test('keeps its id: a creation with it is CONFLICT, also when the log no longer has the first', async () => {
    const id = publicId('Task', newId());
    await ada.createTask('Tea', { id });
    await remove(ada, id);
    await expect(ada.createTask('Tea', { id })).rejects.toMatchObject({ code: 'CONFLICT' });
    await db.event.deleteMany({ where: { subjectId: uuidOf('Task', id) } });
    for (const details of [{}, { assigneeId: ada.id }])
      await expect(ada.createTask('Tea', { id, ...details })).rejects.toMatchObject({ code: 'CONFLICT' });
    await restore(ada, id);
  });

  test('[BR-10] can be deleted, restored and purged twice with no further effect, and deleted again', async () => {
    const id = await ada.createTask('Tea');
    const deletions = [await remove(ada, id), await remove(ada, id)];
    expect(deletions[1]).toEqual(deletions[0]);
    await restore(ada, id);
    await restore(ada, id);
    expect(await kindsOf(id)).toEqual(['task.created', 'task.deleted', 'task.restored']);
    await expect(purge(ada, id)).rejects.toMatchObject({ code: 'CONFLICT' });
    await remove(ada, id);
    const purges = [await purge(ada, id), await purge(ada, id)];
    expect(purges[1]).toEqual(purges[0]);
    expect((await kindsOf(id)).slice(3)).toEqual(['task.deleted', 'task.purged']);
    await expect(restore(ada, id)).rejects.toMatchObject(notFound);
    await remove(ada, id);
  });

  test('[BR-10] restored and purged at the same time has one outcome', async () => {
    const ids = await Promise.all(Array.from({ length: 6 }, (_, n) => ada.createTask(`Tea ${n}`)));
    await remove(ada, ...ids);
    await Promise.allSettled(
      ids.flatMap((id) => [restore(ada, id), purge(ada, id), restore(ada, id), remove(ada, id)]),
    );
    for (const id of ids) {
      const uuid = uuidOf('Task', id);
      const there = await db.task.count({ where: { id: uuid } });
      const trashed = await db.trashedTask.count({ where: { id: uuid } });
      const kinds = await kindsOf(id);
      expect(there + trashed, kinds.join()).toBe(kinds.at(-1) === 'task.purged' ? 0 : 1);
    }
  });

  test('does not lose a comment that is written while it is deleted', async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, (_, n) => ada.createTask(`Tea ${n}`)));
    const outcomes = await Promise.all(
      ids.map(async (id) => {
        const [said] = await Promise.allSettled([commentOn(ada, id, 'Well'), remove(ada, id)]);
        return said.status;
      }),
    );
    await restore(ada, ...ids);
    for (const [n, id] of ids.entries()) {
      const comments = await db.comment.count({ where: { taskId: uuidOf('Task', id) } });
      expect(comments, outcomes[n]).toBe(outcomes[n] === 'fulfilled' ? 1 : 0);
    }
  });

  test('all or none: one that cannot be restored or purged keeps the others in the trash', async () => {
    const [mine, another] = [await ada.createTask('Mine'), await bob.createTask('His')];
    await remove(ada, mine);
    await remove(bob, another);
    for (const change of [restore, purge])
      await expect(change(ada, mine, another)).rejects.toMatchObject({
        ...notFound,
        extensions: { field: 'tasks.1.id' },
      });
    expect(await idsIn(ada)).toContain(mine);
    const many = Array.from({ length: 101 }, () => publicId('Task', newId()));
    await expect(restore(ada, ...many)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    await restore(ada, mine);
  });
});

describe('[BR-17] subtasks', () => {
  test('remain, and are linked again unless they have another parent', async () => {
    const parent = await ada.createTask('Dinner');
    const [soup, cake] = [
      await ada.createTask('Soup', { parentId: parent }),
      await ada.createTask('Cake', { parentId: parent }),
    ];
    const water = await ada.createTask('Water', { parentId: soup });
    await remove(ada, parent);
    expect([await parentOf(soup), await parentOf(cake), await parentOf(water)]).toEqual([null, null, soup]);
    const party = await ada.createTask('Party');
    await run(ada, 'updateTask', { id: cake, parentId: party });
    await restore(ada, parent);
    expect([await parentOf(soup), await parentOf(cake), await parentOf(water)]).toEqual([
      parent,
      party,
      soup,
    ]);
    expect((await kindsOf(soup)).slice(-2)).toEqual(['task.updated', 'task.updated']);
  });

  test.each(['together', 'parent first', 'subtask first'])(
    'that were deleted too are linked again when both are restored: %s',
    async (order) => {
      const parent = await ada.createTask('Dinner');
      const soup = await ada.createTask('Soup', { parentId: parent });
      const water = await ada.createTask('Water', { parentId: soup });
      if (order === 'together') {
        await remove(ada, parent, soup, water);
        await restore(ada, water, soup, parent);
      } else {
        await remove(ada, parent);
        await remove(ada, soup);
        const ids = order === 'parent first' ? [parent, soup] : [soup, parent];
        for (const id of ids) await restore(ada, id);
      }
      expect([await parentOf(soup), await parentOf(water)]).toEqual([parent, soup]);
      // Only the restored ones come back as they were; a remaining subtask changes.
      expect(await rowOf(water)).toMatchObject({ version: order === 'together' ? 1 : 3 });
    },
  );

  test('never become their own ancestors, nor too deep', async () => {
    const top = await ada.createTask('Top');
    const parent = await ada.createTask('Parent', { parentId: top });
    const child = await ada.createTask('Child', { parentId: parent });
    await remove(ada, parent);
    await run(ada, 'updateTask', { id: top, parentId: child });
    await restore(ada, parent);
    expect([await parentOf(parent), await parentOf(child)]).toEqual([top, null]);

    const chain = [await ada.createTask('1')];
    for (let n = 2; n <= 10; n += 1)
      chain.push(await ada.createTask(String(n), { parentId: chain.at(-1) ?? null }));
    const [, , third = '', , fifth = ''] = chain;
    await remove(ada, fifth);
    const above = await ada.createTask('0');
    await run(ada, 'updateTask', { id: chain[0] ?? '', parentId: above });
    await restore(ada, fifth);
    expect(await parentOf(fifth)).toBe(chain[3]);
    expect(await parentOf(chain[5] ?? '')).toBeNull();
    expect(await parentOf(third)).toBe(chain[1]);
  });
});

describe('[BR-17] [FR-009] the trash of a team', () => {
  test('follows the roles of now', async () => {
    const { lead, admin, owner, mate } = await people('Lead', 'Admin', 'Owner', 'Mate');
    const team = await teamOf(lead, [
      [admin, 'ADMIN'],
      [owner, 'MEMBER'],
      [mate, 'MEMBER'],
    ]);
    const id = await owner.createTask('Fence', { teamId: team.id, assigneeId: mate.id });
    await remove(admin, id);
    const all = [lead, admin, owner, mate];
    for (const person of all)
      expect(await trashOf(person), person.name).toMatchObject({
        totalCount: 1,
        nodes: [{ id, deletedBy: { name: 'Admin' } }],
      });
    expect(await idsIn(bob)).not.toContain(id);
    await expect(trashOf(bob, `(teamId: "${team.id}")`)).rejects.toMatchObject(notFound);

    await run(lead, 'changeRole', { id: team.memberships.get(admin.id), role: 'MEMBER' });
    await run(lead, 'changeRole', { id: team.memberships.get(mate.id), role: 'VIEWER' });
    for (const person of [admin, mate]) {
      expect(await idsIn(person), person.name).toEqual([]);
      await expect(restore(person, id)).rejects.toMatchObject(notFound);
      await expect(purge(person, id)).rejects.toMatchObject(notFound);
    }
    await run(owner, 'leaveTeam', { teamId: team.id });
    await expect(restore(owner, id)).rejects.toMatchObject(notFound);
    expect(await idsIn(owner)).toEqual([]);
    await restore(lead, id);
    expect(await rowOf(id)).toMatchObject({
      ownerId: uuidOf('User', owner.id),
      teamId: uuidOf('Team', team.id),
    });
  });

  test('has nothing for a person who was removed: no assignment and no share comes back', async () => {
    const team = await teamOf(ada, [
      [bob, 'MEMBER'],
      [eve, 'MEMBER'],
    ]);
    const id = await ada.createTask('Fence', { teamId: team.id, assigneeId: bob.id });
    await giveShare(ada, bob, id, { permission: 'EDIT' });
    await giveShare(ada, eve, id);
    await remove(ada, id);
    await run(ada, 'removeMember', { id: team.memberships.get(bob.id) });
    const { version } = (await db.trashedTask.findUniqueOrThrow({ where: { id: uuidOf('Task', id) } }))
      .content as { version: number };
    await restore(ada, id);
    expect(await rowOf(id)).toMatchObject({ assigneeId: null, version: version + 1 });
    const shares = await db.taskShare.findMany({ where: { taskId: uuidOf('Task', id) } });
    expect(shares.map(({ sharedWithId }) => sharedWithId)).toEqual([uuidOf('User', eve.id)]);
    await expect(bob.query('query ($id: ID!) { task(id: $id) { id } }', { id })).rejects.toMatchObject(
      notFound,
    );
  });

  test('goes to the owners of its tasks when the team is deleted', async () => {
    const team = await teamOf(ada, [[bob, 'MEMBER']]);
    const id = await bob.createTask('Fence', { teamId: team.id, assigneeId: ada.id });
    await remove(ada, id);
    await run(ada, 'deleteTeam', { id: team.id });
    expect(await idsIn(ada)).not.toContain(id);
    expect(await idsIn(bob)).toContain(id);
    await restore(bob, id);
    expect(await rowOf(id)).toMatchObject({
      teamId: null,
      assigneeId: null,
      ownerId: uuidOf('User', bob.id),
    });
  });

  test('in the API and in SQL has what the policy lets a person delete', async () => {
    const { pick, happens } = dice(11);
    const crowd = [ada, bob, eve];
    const uuids = crowd.map(({ id }) => uuidOf('User', id));
    const teams = [
      await teamOf(ada, [
        [bob, 'MEMBER'],
        [eve, 'VIEWER'],
      ]),
      await teamOf(bob, [[eve, 'ADMIN']]),
    ].map(({ id }) => uuidOf('Team', id));
    const planted = Array.from({ length: 60 }, () => ({
      id: newId(),
      title: 'Any',
      ownerId: pick(uuids),
      assigneeId: happens(0.5) ? pick(uuids) : null,
      teamId: happens(0.7) ? pick(teams) : null,
      deletedAt: new Date(),
      expiresAt: happens(0.8) ? new Date(Date.now() + 60_000) : new Date(),
      bytes: 0,
      content: {},
    }));
    await db.trashedTask.createMany({ data: planted });
    const now = new Date();
    for (const userId of uuids) {
      const viewer = await viewerOf(db, { userId, limit: null });
      const expected = planted
        .filter((task) => task.expiresAt > now && can(viewer, 'task.delete', { ...task, share: null }))
        .map(({ id }) => id)
        .sort();
      expect(expected.length).toBeGreaterThan(5);
      const mine = { id: { in: planted.map(({ id }) => id) } };
      const byPolicy = await db.trashedTask.findMany({
        where: { ...mine, AND: visible.trashedTask(viewer) },
      });
      expect(byPolicy.map(({ id }) => id).sort()).toEqual(expected);
      const page = { teamId: null, where: {}, oldestFirst: false, limit: 500 };
      const listed = await trashPage(db, viewer, page);
      expect(listed.filter((id) => mine.id.in.includes(id)).sort()).toEqual(expected);
    }
    await db.trashedTask.deleteMany({ where: { id: { in: planted.map(({ id }) => id) } } });
  });
});

describe('[BR-17] what happens meanwhile', () => {
  test('a deleted account takes its comments, shares and trash along', async () => {
    const { gus, hal } = await people('Gus', 'Hal');
    const id = await gus.createTask('Fence');
    await giveShare(gus, hal, id, { permission: 'EDIT' });
    await run(gus, 'updateTask', { id, assigneeId: hal.id });
    await commentOn(hal, id, 'Mine');
    await commentOn(gus, id, 'His');
    await remove(gus, id);
    await db.user.delete({ where: { id: uuidOf('User', hal.id) } });
    await restore(gus, id);
    expect(await rowOf(id)).toMatchObject({ assigneeId: null });
    expect(await db.comment.count({ where: { taskId: uuidOf('Task', id) } })).toBe(1);
    expect(await db.taskShare.count({ where: { taskId: uuidOf('Task', id) } })).toBe(0);
    await remove(gus, id);
    await db.user.delete({ where: { id: uuidOf('User', gus.id) } });
    expect(await db.trashedTask.count({ where: { id: uuidOf('Task', id) } })).toBe(0);
  });

  test('a new column gets its default, and a removed one is left out', async () => {
    const id = await ada.createTask('Fence');
    await remove(ada, id);
    const uuid = uuidOf('Task', id);
    await db.$executeRaw`UPDATE trashed_tasks SET content = content - 'labels' - 'priority' || '{"gone": 1}' WHERE id = ${uuid}::uuid`;
    await restore(ada, id);
    expect(await rowOf(id)).toMatchObject({ labels: [], priority: 'NONE', title: 'Fence' });
  });

  test('after 30 days it is gone for everyone, and purged with its comments', async () => {
    const [old, young] = [await ada.createTask('Old'), await ada.createTask('Young')];
    await commentOn(ada, old, 'Well');
    await remove(ada, old, young);
    const uuid = uuidOf('Task', old);
    await db.trashedTask.update({ where: { id: uuid }, data: { expiresAt: new Date(Date.now() - 1_000) } });
    expect(await idsIn(ada)).not.toContain(old);
    await expect(restore(ada, old)).rejects.toMatchObject(notFound);
    expect(await purgeExpiredTasks(db)).toBe(1);
    expect(await db.trashedTask.count({ where: { id: uuid } })).toBe(0);
    expect(await db.trashedRow.count({ where: { taskId: uuid } })).toBe(0);
    await restore(ada, young);
  });

  test('every table whose rows are deleted with a task is kept in the trash', async () => {
    const rows = await db.$queryRaw<{ name: string }[]>`
      SELECT conrelid::regclass::text AS name FROM pg_constraint
      WHERE confrelid = 'tasks'::regclass AND contype = 'f' AND confdeltype = 'c'`;
    expect(rows.map(({ name }) => name).sort()).toEqual([...hangingTables].sort());
  });
});
