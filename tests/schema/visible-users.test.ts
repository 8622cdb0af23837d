import { getNamedType, isObjectType } from 'graphql';
import { beforeAll, expect, test } from 'vitest';
import { schema } from '../../schema/index.ts';
import { newId, uuidOf } from '../../server/ids.ts';
import { dice } from '../kit/dice.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people } = await startWorld({ LOG_LEVEL: 'silent' });
const { pick, happens } = dice(17);

const crowd = Object.values(
  await people('Ada', 'Bob', 'Cleo', 'Dora', 'Eve', 'Fay', 'Gus', 'Hal', 'Ida', 'Jo', 'Kim', 'Lea'),
);
const users = crowd.map(({ id }) => uuidOf('User', id));

/** Every field of the API that names people, except in the log and in approvals, which name people that `node` finds. */
const SHOWN = `{
  viewer { id invitations(first: 100) { nodes { Invitation_invitedBy: invitedBy { id } } } }
  tasks(first: 90) {
    nodes {
      Task_owner: owner { id } Task_assignee: assignee { id }
      shares(first: 20) { nodes { TaskShare_sharedWith: sharedWith { id } TaskShare_sharedBy: sharedBy { id } } }
      comments(first: 20) { nodes { Comment_author: author { id } } }
    }
  }
  trash(first: 90) {
    nodes { TrashedTask_owner: owner { id } TrashedTask_deletedBy: deletedBy { id } }
  }
  teams(first: 100) {
    nodes {
      Team_owner: owner { id }
      members(first: 20) { nodes { Membership_user: user { id } } }
      invitations(first: 20) { nodes { Invitation_invitedBy: invitedBy { id } } }
    }
  }
  views { View_owner: owner { id } }
  customDashboards { CustomDashboard_owner: owner { id } }
  taskGroups(by: ASSIGNEE, first: 50) { TaskGroup_assignee: assignee { id } }
  conversations(first: 100) {
    nodes {
      Conversation_owner: owner { id }
      participants(first: 20) { nodes { id } }
      messages(first: 20) { nodes { Message_author: author { id } } }
    }
  }
}`;

beforeAll(async () => {
  const future = new Date('2999-01-01');
  const expiries = [null, future, new Date(0)];
  const some = <Value>(values: readonly Value[], chance: number) => values.filter(() => happens(chance));
  const others = (...but: (string | null)[]) => users.filter((id) => !but.includes(id));

  for (const name of ['North', 'South', 'East']) {
    const owner = pick(users);
    const members = some(others(owner), 0.15).map((userId) => ({ userId, role: 'MEMBER' as const }));
    const memberships = { create: [{ userId: owner, role: 'OWNER' as const }, ...members] };
    const invitations = some(crowd, 0.2).map(({ email }) => ({
      email,
      role: 'MEMBER' as const,
      invitedById: pick(users),
      expiresAt: pick([future, new Date(0)]),
    }));
    await db.team.create({
      data: { name, slug: name.toLowerCase(), memberships, invitations: { create: invitations } },
    });
  }
  const kept = {
    name: 'Kept',
    filterText: '',
    orderField: 'dueOn',
    orderDirection: 'asc',
    layout: 'LIST',
    position: 'a0',
  };
  await db.view.createMany({ data: users.map((ownerId) => ({ ...kept, ownerId })) });
  await db.customDashboard.createMany({
    data: users.map((ownerId) => ({ name: 'Kept', widgets: [], position: 'a0', ownerId })),
  });
  const teams = await db.team.findMany();
  // Including owners, assignees, receivers and authors who are not in the team, or no longer.
  for (let n = 0; n < 30; n += 1) {
    const ownerId = pick(users);
    const shares = some(others(ownerId), 0.08).map((sharedWithId) => ({
      sharedWithId,
      sharedById: pick(others(sharedWithId)),
      expiresAt: pick(expiries),
    }));
    const comments = some(users, 0.06).map((authorId) => ({ authorId, body: 'Well' }));
    await db.task.create({
      data: {
        title: `Task ${n}`,
        ownerId,
        assigneeId: happens(0.4) ? pick(users) : null,
        teamId: happens(0.3) ? pick(teams).id : null,
        shares: { create: shares },
        comments: { create: comments },
      },
    });
  }
  await db.trashedTask.createMany({
    data: Array.from({ length: 30 }, (_, n) => ({
      id: newId(),
      title: `Deleted ${n}`,
      ownerId: pick(users),
      assigneeId: happens(0.4) ? pick(users) : null,
      teamId: happens(0.6) ? pick(teams).id : null,
      deletedById: pick(users),
      deletedAt: new Date(),
      expiresAt: future,
      bytes: 0,
      content: {},
    })),
  });
  for (let n = 0; n < 4; n += 1) {
    const owner = pick(users);
    const taking = [owner, ...some(others(owner), 0.1)];
    await db.conversation.create({
      data: {
        title: 'Talk',
        ownerId: owner,
        participants: { create: taking.map((userId) => ({ userId })) },
        messages: { create: [{ authorId: pick(taking), role: 'USER', content: 'Hello' }] },
      },
    });
  }
});

/** The people with an id anywhere in an answer. */
function peopleIn(answer: unknown): string[] {
  return [...new Set(JSON.stringify(answer).match(/user_\w+/g))].sort();
}

async function found(person: Person): Promise<string[]> {
  const ids = crowd.map(({ id }) => id);
  const answer = await person.query<{ nodes: ({ id: string } | null)[] }>(
    'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }',
    { ids },
  );
  const found = answer.nodes.flatMap((node) => node?.id ?? []).sort();
  const one = 'query ($id: ID!) { node(id: $id) { id } }';
  const each = await Promise.all(ids.map((id) => person.query<{ node: { id: string } | null }>(one, { id })));
  expect(each.flatMap(({ node }) => node?.id ?? []).sort(), 'one by one').toEqual(found);
  return found;
}

test('[FR-009] [BR-08] `node` finds exactly the people that the API shows to the viewer', async () => {
  const seen: number[] = [];
  for (const person of crowd) {
    const shown = peopleIn(await person.query(SHOWN));
    expect(await found(person), person.name).toEqual(shown);
    seen.push(shown.length);
  }
  expect(Math.max(...seen), 'some see many people').toBeGreaterThan(crowd.length / 3);
  expect(Math.min(...seen), 'but not all see everyone').toBeLessThan(crowd.length);
});

test('every field that leads to a person is checked here', () => {
  const ways = Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .filter(
      ({ name }) =>
        !/^(Query|Mutation|Subscription|Event|Approval|\w+Edge|\w+Connection|\w+Payload)$/.test(name),
    )
    .flatMap((type) => Object.values(type.getFields()).map((field) => ({ type, field })))
    .filter(({ field }) => getNamedType(field.type).name === 'User')
    .map(({ type, field }) => `${type.name}_${field.name}`);
  expect(ways.length).toBeGreaterThan(7);
  expect(ways.filter((way) => !SHOWN.includes(`${way.replace('TeamInvitation', 'Invitation')}:`))).toEqual(
    [],
  );
});
