import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import type { SharePermission, TeamRole } from '../../prisma/generated/client/client.ts';
import { newId, publicId, uuidOf } from '../../server/ids.ts';
import { giveShare, offerShare } from '../kit/shares.ts';
import { startWorld, type Person } from '../kit/world.ts';

const { db, people } = await startWorld();
const { ada, bob, cleo, dan } = await people('Ada', 'Bob', 'Cleo', 'Dan');

// Members of one team share at once; strangers make offers, see share-offer.test.ts.
await teamOf([ada, bob, cleo, dan].map((person) => [person, 'VIEWER']));

const NO_SHARE = 'This share does not exist, or you do not have access to it.';
const HOUR = 3_600_000;

interface Share {
  id: string;
  permission: SharePermission;
  expiresAt: string | null;
  task: { id: string };
  sharedWith: { name: string };
  sharedBy: { name: string };
}

const SHARE = 'id permission expiresAt task { id } sharedWith { name } sharedBy { name }';

async function share(by: Person, input: Record<string, unknown>) {
  const { shareTask } = await by.query<{ shareTask: { share: Share; cursor: string } }>(
    `mutation ($input: ShareTaskInput!) { shareTask(input: $input) { share { ${SHARE} } cursor } }`,
    { input },
  );
  return shareTask.share;
}

async function update(by: Person, input: Record<string, unknown>) {
  const { updateShare } = await by.query<{ updateShare: { share: Share } }>(
    `mutation ($input: UpdateShareInput!) { updateShare(input: $input) { share { ${SHARE} } } }`,
    { input },
  );
  return updateShare.share;
}

async function revoke(by: Person, id: string) {
  const { revokeShare } = await by.query<{ revokeShare: { revokedShareId: string; cursor: string } }>(
    'mutation ($id: ID!) { revokeShare(input: { id: $id }) { revokedShareId cursor } }',
    { id },
  );
  return revokeShare;
}

async function sharesSeenBy(viewer: Person, task: string) {
  const answer = await viewer.query<{
    task: { shares: { nodes: { sharedWith: { name: string } }[]; totalCount: number } };
  }>('query ($id: ID!) { task(id: $id) { shares { nodes { sharedWith { name } } totalCount } } }', {
    id: task,
  });
  const { nodes, totalCount } = answer.task.shares;
  expect(totalCount).toBe(nodes.length);
  return nodes.map(({ sharedWith }) => sharedWith.name);
}

async function node(viewer: Person, id: string) {
  return (await viewer.query<{ node: unknown }>('query ($id: ID!) { node(id: $id) { id } }', { id })).node;
}

async function sharedCount(viewer: Person) {
  const { dashboard } = await viewer.query<{ dashboard: { statistics: { shared: number } } }>(
    '{ dashboard { statistics { shared } } }',
  );
  return dashboard.statistics.shared;
}

async function rename(by: Person, id: string) {
  return by.query('mutation ($id: ID!) { updateTask(input: { id: $id, title: "New" }) { task { id } } }', {
    id,
  });
}

async function eventsOf(shareId: string) {
  const events = await db.event.findMany({
    where: { subjectId: uuidOf('TaskShare', shareId), kind: { startsWith: 'task.' } },
    orderBy: { sequence: 'asc' },
    select: { kind: true, actorId: true, teamId: true, personId: true, data: true },
  });
  return events;
}

/** Lets time pass until the share has expired. */
async function runOut(shareId: string) {
  const ended = new Date(Date.now() - HOUR);
  await db.taskShare.update({ where: { id: uuidOf('TaskShare', shareId) }, data: { expiresAt: ended } });
}

async function teamOf(members: [Person, TeamRole][]) {
  const id = newId();
  const name = `Team ${randomUUID()}`;
  await db.team.create({
    data: {
      id,
      name,
      slug: name.toLowerCase().replaceAll(' ', '-'),
      memberships: { create: members.map(([{ id }, role]) => ({ userId: uuidOf('User', id), role })) },
    },
  });
  return { id: publicId('Team', id), uuid: id };
}

const uuid = ({ id }: Person) => uuidOf('User', id);

let task: string;
beforeEach(async () => {
  task = await ada.createTask('Water the plants');
});

describe('sharing', () => {
  test('[BR-06] is possible by address, in any spelling, and gives access', async () => {
    await expect(node(bob, task)).resolves.toBeNull();
    const before = await sharedCount(bob);
    const made = await share(ada, { taskId: task, email: ` ${bob.email.toUpperCase()} `.trim() });
    expect(made).toEqual({
      id: expect.stringMatching(/^share_/) as string,
      permission: 'VIEW',
      expiresAt: null,
      task: { id: task },
      sharedWith: { name: 'Bob' },
      sharedBy: { name: 'Ada' },
    });
    await expect(node(bob, task)).resolves.toEqual({ id: task });
    expect(await sharedCount(bob)).toBe(before + 1);
    expect(await sharesSeenBy(ada, task)).toEqual(['Bob']);
    expect(await eventsOf(made.id)).toEqual([
      {
        kind: 'task.shared',
        actorId: uuid(ada),
        teamId: null,
        personId: uuid(bob),
        data: { taskId: uuidOf('Task', task), permission: 'VIEW' },
      },
    ]);
  });

  test('is possible by the id of a known person', async () => {
    await share(ada, { taskId: task, email: bob.email });
    const second = await ada.createTask('Feed the cat');
    const made = await share(ada, { taskId: second, userId: bob.id, permission: 'EDIT' });
    expect(made).toMatchObject({ permission: 'EDIT', sharedWith: { name: 'Bob' } });
  });

  test('[BR-08] with the id of an invisible person is NOT_FOUND, like an unknown id', async () => {
    const { emil } = await people('Emil');
    for (const userId of [emil.id, publicId('User', newId())]) {
      await expect(share(ada, { taskId: task, userId })).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: 'This person does not exist, or you do not have access to it.',
      });
    }
  });

  test('[BR-15] with an address outside the team is an offer until it is accepted', async () => {
    const { emil } = await people('Emil');
    expect(await offerShare(ada, emil.email, task)).toMatchObject({ share: null });
    expect(await sharesSeenBy(ada, task)).toEqual([]);
    expect(await node(emil, task)).toBeNull();
  });

  test('[BR-05] with VIEW allows reading, with EDIT editing, and neither allows deleting or sharing', async () => {
    await share(ada, { taskId: task, email: bob.email, permission: 'VIEW' });
    await share(ada, { taskId: task, email: cleo.email, permission: 'EDIT' });
    await expect(rename(bob, task)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(rename(cleo, task)).resolves.toEqual({ updateTask: { task: { id: task } } });
    for (const receiver of [bob, cleo]) {
      await expect(
        receiver.query('mutation ($id: ID!) { deleteTask(input: { id: $id }) { cursor } }', { id: task }),
      ).rejects.toMatchObject({ code: 'FORBIDDEN' });
      await expect(share(receiver, { taskId: task, email: dan.email })).rejects.toMatchObject({
        code: 'FORBIDDEN',
        message: 'Only the task’s owner, and the owner and admins of its team, can share it.',
      });
      const { task: seen } = await receiver.query<{ task: unknown }>(
        'query ($id: ID!) { task(id: $id) { viewerCan { share delete } } }',
        { id: task },
      );
      expect(seen).toEqual({ viewerCan: { share: false, delete: false } });
    }
  });

  test('does not show a receiver the other receivers', async () => {
    const bobs = await share(ada, { taskId: task, email: bob.email });
    const cleos = await share(ada, { taskId: task, email: cleo.email });
    expect(await sharesSeenBy(ada, task)).toEqual(['Bob', 'Cleo']);
    expect(await sharesSeenBy(bob, task)).toEqual(['Bob']);
    expect(await node(bob, cleos.id)).toBeNull();
    expect(await node(bob, bobs.id)).toEqual({ id: bobs.id });
    expect(await node(ada, bobs.id)).toEqual({ id: bobs.id });
    expect(await node(dan, bobs.id)).toBeNull();
  });

  test.each([
    ['with herself', () => ({ email: ada.email }), 'email', 'You cannot share a task with yourself.'],
    ['with herself by id', () => ({ userId: ada.id }), 'userId', 'You cannot share a task with yourself.'],
    ['without a receiver', () => ({}), 'userId', 'Specify either `userId` or `email`.'],
    [
      'with two receivers',
      () => ({ userId: bob.id, email: cleo.email }),
      'userId',
      'Specify either `userId` or `email`.',
    ],
    ['with no address', () => ({ email: 'bob' }), 'email', 'Enter a valid email address.'],
    [
      'until yesterday',
      () => ({ email: bob.email, expiresAt: new Date(Date.now() - 24 * HOUR) }),
      'expiresAt',
      '`expiresAt` must be in the future. To end the share now, revoke it.',
    ],
  ])('is rejected %s', async (_how, receiver, field, message) => {
    await expect(share(ada, { taskId: task, ...receiver() })).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      message,
      extensions: { field },
    });
    expect(await db.taskShare.count({ where: { taskId: uuidOf('Task', task) } })).toBe(0);
  });

  test('[BR-10] again with the same terms returns the same share; with other terms it is a conflict', async () => {
    const expiresAt = new Date(Date.now() + HOUR).toISOString();
    const first = await share(ada, { taskId: task, email: bob.email, expiresAt });
    expect(await share(ada, { taskId: task, email: bob.email, expiresAt })).toEqual(first);
    for (const other of [{ permission: 'EDIT', expiresAt }, {}])
      await expect(share(ada, { taskId: task, email: bob.email, ...other })).rejects.toMatchObject({
        code: 'CONFLICT',
        message: 'This task is already shared with this person on other terms. Change that share instead.',
      });
    expect(await eventsOf(first.id)).toHaveLength(1);
  });

  test('[BR-10] [FR-008] ten times concurrently creates one share', async () => {
    const made = await Promise.all(
      Array.from({ length: 10 }, () => share(ada, { taskId: task, email: bob.email })),
    );
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    expect(await sharesSeenBy(ada, task)).toEqual(['Bob']);
    expect(await eventsOf(made[0]?.id ?? '')).toHaveLength(1);
  });
});

describe('a share with an expiry', () => {
  test('[FR-008] [FR-027] shows the task until then, and is neither visible nor counted afterwards', async () => {
    const before = await sharedCount(bob);
    const made = await share(ada, {
      taskId: task,
      email: bob.email,
      permission: 'EDIT',
      expiresAt: new Date(Date.now() + HOUR),
    });
    expect(await sharedCount(bob)).toBe(before + 1);
    await expect(rename(bob, task)).resolves.toBeDefined();

    await runOut(made.id);
    expect(await sharedCount(bob)).toBe(before);
    expect(await node(bob, task)).toBeNull();
    await expect(rename(bob, task)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    for (const viewer of [ada, bob]) expect(await node(viewer, made.id)).toBeNull();
    expect(await sharesSeenBy(ada, task)).toEqual([]);
    await expect(update(ada, { id: made.id, expiresAt: null })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(revoke(bob, made.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('can be replaced by a new one after its expiry', async () => {
    const old = await share(ada, { taskId: task, email: bob.email });
    await runOut(old.id);
    const fresh = await share(ada, { taskId: task, email: bob.email, permission: 'EDIT' });
    expect(fresh.id).not.toBe(old.id);
    expect(await sharesSeenBy(bob, task)).toEqual(['Bob']);
    await expect(rename(bob, task)).resolves.toBeDefined();
  });
});

describe('changing a share', () => {
  test('[FR-008] sets the permission and the expiry, and removes the expiry', async () => {
    const { id } = await share(ada, { taskId: task, email: bob.email });
    const expiresAt = new Date(Date.now() + HOUR).toISOString();
    expect(await update(ada, { id, permission: 'EDIT' })).toMatchObject({
      permission: 'EDIT',
      expiresAt: null,
    });
    expect(await update(ada, { id, expiresAt })).toMatchObject({ permission: 'EDIT', expiresAt });
    await expect(update(ada, { id, permission: null })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    expect(await update(ada, { id, expiresAt: null })).toMatchObject({ permission: 'EDIT', expiresAt: null });
    await expect(rename(bob, task)).resolves.toBeDefined();
    expect((await eventsOf(id)).map(({ kind }) => kind)).toEqual([
      'task.shared',
      'task.shareUpdated',
      'task.shareUpdated',
      'task.shareUpdated',
    ]);
  });

  test('cannot set an expiry in the past', async () => {
    const { id } = await share(ada, { taskId: task, email: bob.email });
    await expect(update(ada, { id, expiresAt: new Date(Date.now() - 1) })).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      extensions: { field: 'expiresAt' },
    });
  });

  test('[BR-05] is not possible for its receiver', async () => {
    const { id } = await share(ada, { taskId: task, email: bob.email });
    await expect(update(bob, { id, permission: 'EDIT' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await expect(rename(bob, task)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });
});

describe('revoking a share', () => {
  test('[BR-10] [FR-027] ends access at once; repeating it has no effect', async () => {
    const before = await sharedCount(bob);
    const { id } = await share(ada, { taskId: task, email: bob.email });
    const once = await revoke(ada, id);
    expect(once).toEqual({ revokedShareId: id, cursor: expect.any(String) as string });
    expect(await revoke(ada, id)).toEqual(once);
    expect(await node(bob, task)).toBeNull();
    expect(await sharedCount(bob)).toBe(before);
    expect(await node(ada, id)).toBeNull();
    expect((await eventsOf(id)).slice(1)).toEqual([
      {
        kind: 'task.shareRevoked',
        actorId: uuid(ada),
        teamId: null,
        personId: uuid(bob),
        data: { taskId: uuidOf('Task', task) },
      },
    ]);
    await expect(revoke(bob, id)).rejects.toMatchObject({ code: 'NOT_FOUND', message: NO_SHARE });
  });

  test('is possible for its receiver, and the owner gets an event', async () => {
    const { id } = await share(ada, { taskId: task, email: bob.email });
    const once = await revoke(bob, id);
    expect(await revoke(bob, id)).toEqual(once);
    expect(await sharesSeenBy(ada, task)).toEqual([]);
    expect((await eventsOf(id))[1]).toMatchObject({ actorId: uuid(bob), personId: uuid(ada) });
  });

  test('[BR-10] ten times concurrently revokes it once', async () => {
    const { id } = await share(ada, { taskId: task, email: bob.email });
    const answers = await Promise.all(Array.from({ length: 10 }, () => revoke(ada, id)));
    expect(new Set(answers.map(({ cursor }) => cursor)).size).toBe(1);
    expect(await eventsOf(id)).toHaveLength(2);
  });

  test('happens when its task is deleted', async () => {
    const { id } = await share(ada, { taskId: task, email: bob.email });
    await ada.query('mutation ($id: ID!) { deleteTask(input: { id: $id }) { cursor } }', { id: task });
    for (const viewer of [ada, bob]) expect(await node(viewer, id)).toBeNull();
    await expect(revoke(ada, id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('a stranger', () => {
  test('[BR-08] gets the same answer for an existing share as for an unknown one', async () => {
    const { id } = await share(ada, { taskId: task, email: bob.email });
    for (const unseen of [id, publicId('TaskShare', newId())]) {
      const refusal = { code: 'NOT_FOUND', message: NO_SHARE };
      await expect(update(dan, { id: unseen, permission: 'EDIT' })).rejects.toMatchObject(refusal);
      await expect(revoke(dan, unseen)).rejects.toMatchObject(refusal);
    }
    for (const unseen of [task, publicId('Task', newId())]) {
      await expect(share(dan, { taskId: unseen, email: dan.email })).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: 'This task does not exist, or you do not have access to it.',
      });
    }
    expect(await sharesSeenBy(ada, task)).toEqual(['Bob']);
  });

  test('[FR-028] causes an event of the refused access', async () => {
    const { id } = await share(ada, { taskId: task, email: bob.email });
    await revoke(dan, id).catch(() => undefined);
    await update(bob, { id, permission: 'EDIT' }).catch(() => undefined);
    const refusals = await db.event.findMany({
      where: { kind: 'access.refused', subjectId: uuidOf('TaskShare', id) },
      orderBy: { sequence: 'asc' },
      select: { actorId: true, data: true },
    });
    expect(refusals).toEqual([
      { actorId: uuid(dan), data: { code: 'NOT_FOUND', operation: 'revokeShare' } },
      { actorId: uuid(bob), data: { code: 'FORBIDDEN', operation: 'updateShare' } },
    ]);
  });
});

describe('a team’s task', () => {
  test('[BR-06] is shared and unshared by the leaders of the team and by its owner; other members only see the shares', async () => {
    const { owen, ann, max, vera } = await people('Owen', 'Ann', 'Max', 'Vera');
    const team = await teamOf([
      [owen, 'OWNER'],
      [ann, 'ADMIN'],
      [max, 'MEMBER'],
      [vera, 'VIEWER'],
    ]);
    const common = await max.createTask('Move house', { teamId: team.id });
    for (const leader of [owen, ann, max]) {
      const id = await giveShare(leader, bob, common);
      expect((await eventsOf(id)).at(-1)).toMatchObject({
        kind: 'task.shareAccepted',
        teamId: team.uuid,
        actorId: uuid(bob),
      });
      expect(await sharesSeenBy(vera, common)).toEqual(['Bob']);
      await expect(revoke(vera, id)).rejects.toMatchObject({ code: 'FORBIDDEN' });
      await expect(update(vera, { id, permission: 'EDIT' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
      await expect(share(vera, { taskId: common, email: cleo.email })).rejects.toMatchObject({
        code: 'FORBIDDEN',
      });
      await revoke(ann, id);
    }
    await expect(share(ann, { taskId: common, email: max.email })).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
      message: 'This person owns the task. Choose someone else.',
    });
  });

  test('[BR-05] rights add up: a VIEWER with an EDIT share edits that task', async () => {
    const { owen, vera } = await people('Owen', 'Vera');
    const team = await teamOf([
      [owen, 'OWNER'],
      [vera, 'VIEWER'],
    ]);
    const common = await owen.createTask('Paint the wall', { teamId: team.id });
    await expect(rename(vera, common)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await share(owen, { taskId: common, userId: vera.id, permission: 'EDIT' });
    await expect(rename(vera, common)).resolves.toBeDefined();
  });

  test('[BR-06] a creator who left the team can neither share it nor revoke a share', async () => {
    const { owen, max } = await people('Owen', 'Max');
    const team = await teamOf([
      [owen, 'OWNER'],
      [max, 'MEMBER'],
    ]);
    const common = await max.createTask('Sell the car', { teamId: team.id });
    const id = await giveShare(max, bob, common);
    await db.membership.deleteMany({ where: { teamId: team.uuid, userId: uuid(max) } });
    await expect(share(max, { taskId: common, email: cleo.email })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(revoke(max, id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await node(max, id)).toBeNull();
    expect(await sharesSeenBy(owen, common)).toEqual(['Bob']);
  });
});
