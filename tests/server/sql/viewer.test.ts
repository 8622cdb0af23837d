import { afterAll, expect, test } from 'vitest';
import { connect, disconnect } from '../../../server/database/client.ts';
import { Unauthenticated } from '../../../server/errors.ts';
import { newId } from '../../../server/ids.ts';
import { shareOf } from '../../../server/sql/shares.ts';
import { viewerOf } from '../../../server/sql/viewer.ts';
import { freshDatabase } from '../../kit/database.ts';
import { statementsOf } from '../../kit/statements.ts';

const db = connect(await freshDatabase());
afterAll(() => disconnect(db));

type Someone = Awaited<ReturnType<typeof someone>>;

async function someone(name: string) {
  const { id } = await db.user.create({ data: { name, email: `${name}@example.com` } });
  return { userId: id, limit: null };
}

test('[FR-027] concurrent requests share a statement, and each gets its own rights', async () => {
  const people = await Promise.all(['ada', 'bob', 'cat'].map(someone));
  const [ada, bob, cat] = people as [Someone, Someone, Someone];
  const teamId = newId();
  await db.team.create({ data: { id: teamId, name: 'Garden', slug: 'garden' } });
  await db.membership.create({ data: { teamId, userId: ada.userId, role: 'OWNER' } });
  await db.user.update({ where: { id: cat.userId }, data: { emailVerified: true } });
  const admins = new Set(['bob@example.com', 'cat@example.com']);

  const asking = [...people, ...people, { userId: newId(), limit: null }].map((person) =>
    viewerOf(db, person, admins),
  );
  let outcomes: PromiseSettledResult<Awaited<ReturnType<typeof viewerOf>>>[] = [];
  const sent = await statementsOf(async () => (outcomes = await Promise.allSettled(asking)));
  expect(sent).toHaveLength(1);
  const rights = outcomes.map((outcome) =>
    outcome.status === 'fulfilled'
      ? [outcome.value.actorId, [...outcome.value.teams], outcome.value.isAdmin]
      : (outcome.reason as unknown),
  );
  const ofAda = [ada.userId, [[teamId, 'OWNER']], false];
  const ofBob = [bob.userId, [], false];
  const ofCat = [cat.userId, [], true];
  expect(rights).toEqual([ofAda, ofBob, ofCat, ofAda, ofBob, ofCat, expect.any(Unauthenticated)]);
});

test('[FR-027] concurrent lookups of shares use one statement, each for its own person', async () => {
  const [eve, fay] = await Promise.all([someone('eve'), someone('fay')]);
  const past = new Date(0);
  const task = async (title: string) => (await db.task.create({ data: { title, ownerId: eve.userId } })).id;
  const [open, other, over] = (await Promise.all(['Open', 'Other', 'Over'].map(task))) as [
    string,
    string,
    string,
  ];
  const given = { sharedById: eve.userId, sharedWithId: fay.userId } as const;
  await db.taskShare.createMany({
    data: [
      { ...given, taskId: open, permission: 'EDIT' },
      { ...given, taskId: other, permission: 'VIEW', expiresAt: new Date('2999-01-01') },
      { ...given, taskId: over, permission: 'EDIT', expiresAt: past },
    ],
  });
  const tasks = [open, other, over, newId(), open];
  let shares: unknown[] = [];
  const sent = await statementsOf(async () => {
    shares = await Promise.all(
      [fay, eve].flatMap(({ userId }) => tasks.map((id) => shareOf(db, userId, id))),
    );
  });
  expect(sent).toHaveLength(1);
  expect(shares).toEqual(['EDIT', 'VIEW', null, null, 'EDIT', null, null, null, null, null]);
});

test('[BR-06] revoked rights have no effect on later requests, also under load', async () => {
  const dan = await someone('dan');
  const owner = await someone('owner');
  const { id: taskId } = await db.task.create({ data: { title: 'Tea', ownerId: owner.userId } });
  const share = { taskId, sharedById: owner.userId, sharedWithId: dan.userId, permission: 'VIEW' } as const;
  await db.taskShare.create({ data: share });
  const asking = () => Array.from({ length: 40 }, () => shareOf(db, dan.userId, taskId));
  expect((await Promise.all(asking())).every((held) => held === 'VIEW')).toBe(true);
  const during = asking();
  await db.taskShare.deleteMany({ where: { taskId } });
  expect((await Promise.all(asking())).every((held) => held === null)).toBe(true);
  await Promise.all(during);
});
