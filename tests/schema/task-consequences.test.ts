import { beforeAll, describe, expect, test } from 'vitest';
import { uuidOf } from '../../server/ids.ts';
import { accept, invite, teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people } = await startWorld({ LOG_LEVEL: 'silent' });

let ada: Person;
let bob: Person;
let cara: Person;

beforeAll(async () => {
  ({ ada, bob, cara } = await people('Ada', 'Bob', 'Cara'));
});

const rowOf = (id: string) => db.task.findUniqueOrThrow({ where: { id: uuidOf('Task', id) } });

/** The latest event of a task. */
async function lastEvent(id: string) {
  const [event] = await db.event.findMany({
    where: { subjectId: uuidOf('Task', id) },
    orderBy: { sequence: 'desc' },
    take: 1,
  });
  return event;
}

/** Expects a change of the task in this person's name, like an edit. */
async function expectChange(id: string, by: Person, version: number, before: Date) {
  const row = await rowOf(id);
  expect(row.version).toBe(version);
  expect(row.updatedAt.getTime()).toBeGreaterThan(before.getTime());
  const event = await lastEvent(id);
  expect(event).toMatchObject({
    kind: 'task.updated',
    actorId: uuidOf('User', by.id),
    teamId: row.teamId,
    personId: row.ownerId,
  });
  const { after } = event?.data as { after: Record<string, unknown> };
  expect(after).toEqual({
    owner: row.ownerId,
    assignee: row.assigneeId,
    team: row.teamId,
    status: row.status,
    priority: row.priority,
    dueOn: row.dueOn?.toISOString().slice(0, 10) ?? null,
    archived: row.archivedAt !== null,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    completedAt: row.completedAt?.toISOString() ?? null,
  });
  return event?.data as Record<'before' | 'after', Record<string, unknown>>;
}

const run = (person: Person, field: string, input: object) => {
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`;
  return person.query(`mutation ($input: ${type}!) { ${field}(input: $input) { cursor } }`, { input });
};

const DETAILS = { dueOn: '2027-03-01', status: 'IN_PROGRESS', priority: 'HIGH' };

describe('[BR-11] a task changes, with a new version and an event, when', () => {
  test('its parent is deleted (PARENT-DELETE)', async () => {
    const parent = await ada.createTask('Dinner');
    const children = [
      await ada.createTask('Soup', { parentId: parent, ...DETAILS }),
      await ada.createTask('Cake', { parentId: parent }),
    ];
    const grandchild = await ada.createTask('Water', { parentId: children[0] });
    const { updatedAt } = await rowOf(grandchild);
    await run(ada, 'deleteTask', { id: parent });
    for (const id of children) {
      await expectChange(id, ada, 2, updatedAt);
      expect((await rowOf(id)).parentId).toBeNull();
    }
    expect(await rowOf(grandchild)).toMatchObject({ version: 1 });
  });

  test('deleting its team makes it personal, and unassigns people who cannot see it (PARENT-DELETE)', async () => {
    const { id: teamId } = await teamOf(ada, [[bob, 'MEMBER']]);
    const shared = await ada.createTask('Tea', { teamId, assigneeId: bob.id, ...DETAILS });
    await run(ada, 'shareTask', { taskId: shared, userId: bob.id });
    const own = await bob.createTask('Soup', { teamId, assigneeId: bob.id });
    const handed = await bob.createTask('Cake', { teamId, assigneeId: ada.id });
    const { updatedAt } = await rowOf(handed);
    await run(ada, 'deleteTeam', { id: teamId });
    for (const id of [shared, own, handed]) {
      const { before } = await expectChange(id, ada, 2, updatedAt);
      expect(before).toMatchObject({ team: uuidOf('Team', teamId) });
    }
    const assignees = await Promise.all(
      [shared, own, handed].map(async (id) => (await rowOf(id)).assigneeId),
    );
    const bobs = uuidOf('User', bob.id);
    expect(assignees).toEqual([bobs, bobs, null]);
  });

  test.each(['leaves', 'is removed'])(
    '[BR-06] its assignee %s, and it is not assigned again when they return (ASSIGNEE-LEFT)',
    async (how) => {
      const team = await teamOf(ada, [[bob, 'MEMBER']]);
      const id = await ada.createTask('Tea', { teamId: team.id, assigneeId: bob.id, ...DETAILS });
      const others = await ada.createTask('Soup', { teamId: team.id, assigneeId: ada.id });
      const { updatedAt } = await rowOf(others);
      const isLeaving = how === 'leaves';
      if (isLeaving) await run(bob, 'leaveTeam', { teamId: team.id });
      else await run(ada, 'removeMember', { id: team.memberships.get(bob.id) });
      const { before, after } = await expectChange(id, isLeaving ? bob : ada, 2, updatedAt);
      expect([before['assignee'], after['assignee']]).toEqual([uuidOf('User', bob.id), null]);
      expect(await rowOf(others)).toMatchObject({ version: 1, assigneeId: uuidOf('User', ada.id) });
      await accept(bob, await invite(ada, team.id, bob.email, 'MEMBER'));
      expect((await rowOf(id)).assigneeId).toBeNull();
    },
  );

  test('it is no longer shared with its assignee (ASSIGNEE-LEFT)', async () => {
    await teamOf(ada, [[cara, 'MEMBER']]);
    const id = await ada.createTask('Tea');
    const { shareTask } = await ada.query<{ shareTask: { share: { id: string } } }>(
      'mutation ($input: ShareTaskInput!) { shareTask(input: $input) { share { id } } }',
      { input: { taskId: id, userId: cara.id } },
    );
    await run(ada, 'updateTask', { id, assigneeId: cara.id });
    const { updatedAt } = await rowOf(id);
    await run(cara, 'revokeShare', { id: shareTask.share.id });
    await expectChange(id, cara, 3, updatedAt);
    expect((await rowOf(id)).assigneeId).toBeNull();
  });
});

describe('[BR-06] moving a task into a team', () => {
  const MOVE = `mutation ($input: UpdateTaskInput!) { updateTask(input: $input) { stillSharedWith } }`;
  const move = async (person: Person, input: object) => {
    const { updateTask } = await person.query<{ updateTask: { stillSharedWith: number } }>(MOVE, { input });
    return updateTask.stillSharedWith;
  };

  test('returns how many people outside still see it, and leaders can end that (SHARE-MOVE)', async () => {
    const { id: teamId } = await teamOf(bob, [[ada, 'MEMBER']]);
    await teamOf(ada, [[cara, 'VIEWER']]);
    const id = await ada.createTask('Tea');
    await run(ada, 'shareTask', { taskId: id, userId: cara.id, permission: 'EDIT' });
    await run(ada, 'shareTask', { taskId: id, userId: bob.id });
    expect(await move(ada, { id, title: 'Coffee' })).toBe(0);
    expect(await move(ada, { id, teamId })).toBe(1);
    const { task } = await bob.query<{
      task: { shares: { nodes: { id: string; sharedWith: { id: string } }[] } };
    }>('query ($id: ID!) { task(id: $id) { shares { nodes { id sharedWith { id } } } } }', { id });
    const outside = task.shares.nodes.find(({ sharedWith }) => sharedWith.id === cara.id);
    await run(bob, 'revokeShare', { id: outside?.id });
    expect(await move(ada, { id, title: 'Tea' })).toBe(0);
  });
});
