import { afterAll, expect, test } from 'vitest';
import { connect, disconnect } from '../../../server/database/client.ts';
import { Unauthenticated } from '../../../server/errors.ts';
import { newId } from '../../../server/ids.ts';
import { viewerOf } from '../../../server/sql/viewer.ts';
import { freshDatabase } from '../../kit/database.ts';
import { statementsOf } from '../../kit/statements.ts';

const db = connect(await freshDatabase());
afterAll(() => disconnect(db));

async function someone(name: string) {
  const { id } = await db.user.create({ data: { name, email: `${name}@example.com` } });
  return { userId: id };
}

test('[FR-027] who asks at the same time shares a statement, and gets the rights that are theirs', async () => {
  const people = await Promise.all(['ada', 'bob', 'cat'].map(someone));
  const [ada, bob, cat] = people as [{ userId: string }, { userId: string }, { userId: string }];
  const teamId = newId();
  await db.team.create({ data: { id: teamId, name: 'Garden', slug: 'garden' } });
  await db.membership.create({ data: { teamId, userId: ada.userId, role: 'OWNER' } });
  const { id: taskId } = await db.task.create({ data: { title: 'Tea', ownerId: ada.userId } });
  const share = { taskId, sharedById: ada.userId, sharedWithId: bob.userId, permission: 'EDIT' } as const;
  await db.taskShare.create({ data: share });
  const admins = new Set(['cat@example.com']);

  const asking = [...people, ...people, { userId: newId() }].map((person) => viewerOf(db, person, admins));
  let outcomes: PromiseSettledResult<Awaited<ReturnType<typeof viewerOf>>>[] = [];
  const sent = await statementsOf(async () => (outcomes = await Promise.allSettled(asking)));
  expect(sent).toHaveLength(1);
  const rights = outcomes.map((outcome) =>
    outcome.status === 'fulfilled'
      ? [
          outcome.value.userId,
          [...outcome.value.teams],
          [...outcome.value.sharedTasks],
          outcome.value.isAdmin,
        ]
      : (outcome.reason as unknown),
  );
  const ofAda = [ada.userId, [[teamId, 'OWNER']], [], false];
  const ofBob = [bob.userId, [], [[taskId, 'EDIT']], false];
  const ofCat = [cat.userId, [], [], true];
  expect(rights).toEqual([ofAda, ofBob, ofCat, ofAda, ofBob, ofCat, expect.any(Unauthenticated)]);
});

test('[BR-06] rights that were taken are gone for whoever asks after that, however many are asking', async () => {
  const dan = await someone('dan');
  const owner = await someone('owner');
  const { id: taskId } = await db.task.create({ data: { title: 'Tea', ownerId: owner.userId } });
  const share = { taskId, sharedById: owner.userId, sharedWithId: dan.userId, permission: 'VIEW' } as const;
  await db.taskShare.create({ data: share });
  const before = Array.from({ length: 40 }, () => viewerOf(db, dan));
  expect((await Promise.all(before)).every(({ sharedTasks }) => sharedTasks.has(taskId))).toBe(true);
  const during = Array.from({ length: 40 }, () => viewerOf(db, dan));
  await db.taskShare.deleteMany({ where: { taskId } });
  const after = Array.from({ length: 40 }, () => viewerOf(db, dan));
  expect((await Promise.all(after)).some(({ sharedTasks }) => sharedTasks.has(taskId))).toBe(false);
  await Promise.all(during);
});
