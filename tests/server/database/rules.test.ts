import { afterAll, expect, test } from 'vitest';
import { connect, disconnect } from '../../../server/database/client.ts';
import { classify } from '../../../server/database/failures.ts';
import { newId } from '../../../server/ids.ts';
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
])('[FR-001] the database rejects a task %s', async (_what, fault) => {
  const task = { title: 'Water the plants', position: 'a0', ownerId: ada.id };
  expect(await db.task.create({ data: { ...task, ...fault } }).catch(classify)).toMatchObject(refused);
});

test('[FR-001] a title can have 200 characters of any script', async () => {
  const title = '🪴'.repeat(200);
  expect(await db.task.create({ data: { title, position: 'a0', ownerId: ada.id } })).toMatchObject({ title });
});

test('[FR-008] the database rejects a share with oneself', async () => {
  const task = await db.task.create({ data: { title: 'Mine', position: 'a0', ownerId: ada.id } });
  const share = { taskId: task.id, sharedWithId: ada.id, sharedById: ada.id };
  expect(await db.taskShare.create({ data: share }).catch(classify)).toMatchObject(refused);
});

test('[FR-004] the database rejects rows that refer to nothing', async () => {
  const unknown = newId();
  const task = { title: 'Water the plants', position: 'a0', ownerId: ada.id };
  const { id: taskId } = await db.task.create({ data: task });
  const { id: conversationId } = await db.conversation.create({ data: { title: 'Ours', ownerId: ada.id } });
  const attempts = [
    db.task.create({ data: { ...task, ownerId: unknown } }),
    db.task.create({ data: { ...task, assigneeId: unknown } }),
    db.task.create({ data: { ...task, teamId: unknown } }),
    db.task.create({ data: { ...task, parentId: unknown } }),
    db.taskShare.create({ data: { taskId, sharedWithId: unknown, sharedById: ada.id } }),
    db.taskShare.create({ data: { taskId: unknown, sharedWithId: unknown, sharedById: ada.id } }),
    db.comment.create({ data: { taskId: unknown, authorId: ada.id, body: 'Yes' } }),
    db.membership.create({ data: { teamId: unknown, userId: ada.id, role: 'MEMBER' } }),
    db.conversation.create({ data: { title: 'Other', ownerId: unknown } }),
    db.message.create({ data: { conversationId: unknown, authorId: ada.id, role: 'USER', content: 'Yes' } }),
    db.message.create({ data: { conversationId, authorId: unknown, role: 'USER', content: 'Yes' } }),
  ];
  for (const attempt of attempts)
    expect(await attempt.catch(classify)).toMatchObject({ kind: 'other', sqlState: '23503' });

  // The log and the changes of storage outlive their rows, counters are derived from the log, a rewrite stores its
  // position, generated columns repeat others, the id of a reply is chosen before it is written, and the parent of a deleted task can be gone when it is restored; every
  // other reference to a row is a foreign key.
  const free = await db.$queryRaw<{ name: string }[]>`
    SELECT relname || '.' || attname AS name FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname NOT IN ('events', 'task_scopes', 'storage_changes', 'search_rewrites')
      AND atttypid = 'uuid'::regtype AND attgenerated = '' AND attname LIKE '%\\_id' AND NOT EXISTS (
        SELECT FROM pg_constraint WHERE contype = 'f' AND conrelid = attrelid AND attnum = ANY (conkey))`;
  expect(free).toEqual([{ name: 'trashed_tasks.parent_id' }, { name: 'assistant_replies.reply_id' }]);
});

test('[BR-11] sign-up, sign-in and sign-out are in the log, in the transaction of the change', async () => {
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
