import { afterAll, expect, test } from 'vitest';
import { connect, disconnect } from '../../../server/database/client.ts';
import { classify } from '../../../server/database/failures.ts';
import { freshDatabase } from '../../kit/database.ts';

const db = connect(await freshDatabase());
afterAll(() => disconnect(db));

const ada = await db.user.create({ data: { name: 'Ada', email: 'ada@example.org' } });
const refused = { kind: 'other', sqlState: '23514' };

test.each([
  ['without a title', { title: '' }],
  ['with a title of 201 characters', { title: 'x'.repeat(201) }],
  ['with a description of 10,001 characters', { description: 'x'.repeat(10_001) }],
  ['of version 0', { version: 0 }],
  ['that is done without a time', { status: 'DONE' as const }],
  ['that has a time without being done', { completedAt: new Date() }],
])('the database itself refuses a task %s', async (_what, fault) => {
  const task = { title: 'Water the plants', position: 'a0', ownerId: ada.id };
  expect(await db.task.create({ data: { ...task, ...fault } }).catch(classify)).toMatchObject(refused);
});

test('a title may have 200 characters of any script', async () => {
  const title = '🪴'.repeat(200);
  expect(await db.task.create({ data: { title, position: 'a0', ownerId: ada.id } })).toMatchObject({ title });
});

test('the database itself refuses a share with oneself', async () => {
  const task = await db.task.create({ data: { title: 'Mine', position: 'a0', ownerId: ada.id } });
  const share = { taskId: task.id, sharedWithId: ada.id, sharedById: ada.id };
  expect(await db.taskShare.create({ data: share }).catch(classify)).toMatchObject(refused);
});

test('[BR-11] signing up, in and out are in the log, in the transaction of the change', async () => {
  const undone = new Error('undone');
  const bob = { name: 'Bob', email: 'bob@example.org' };
  const untold = db.$transaction(async (tx) => {
    await tx.user.create({ data: bob });
    throw undone;
  });
  await expect(untold).rejects.toThrow(undone);

  const { id } = await db.user.create({ data: bob });
  const session = await db.session.create({
    data: { userId: id, token: 'a token', expiresAt: new Date(Date.now() + 60_000) },
  });
  await db.session.update({ where: { id: session.id }, data: { userAgent: 'a browser' } });
  await db.session.delete({ where: { id: session.id } });

  const events = await db.event.findMany({
    where: { kind: { in: ['user.signedUp', 'session.started', 'session.ended'] }, actorId: { not: ada.id } },
    orderBy: { sequence: 'asc' },
    select: { actorId: true, kind: true, subjectId: true, data: true },
  });
  expect(events).toEqual([
    { actorId: id, kind: 'user.signedUp', subjectId: id, data: {} },
    { actorId: id, kind: 'session.started', subjectId: session.id, data: {} },
    { actorId: id, kind: 'session.ended', subjectId: session.id, data: {} },
  ]);
});
