import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { Task } from '../../../prisma/generated/client/client.ts';
import { connect, disconnect } from '../../../server/database/client.ts';
import { classify } from '../../../server/database/failures.ts';
import { taskCreated } from '../../../server/log/task-event.ts';
import { newId } from '../../../server/ids.ts';
import { insertTask } from '../../../server/sql/insert-task.ts';
import { freshDatabase } from '../../kit/database.ts';

const db = connect(await freshDatabase());
afterAll(() => disconnect(db));

const people = Array.from({ length: 40 }, newId);
await db.user.createMany({
  data: people.map((id) => ({ id, name: 'Ada', email: `${id}@example.org`, updatedAt: new Date() })),
});

beforeEach(async () => {
  await db.$executeRaw`TRUNCATE tasks, events CASCADE`;
});

function newTask(ownerId: string, title: string): Task {
  const now = new Date();
  return {
    id: newId(),
    title,
    ownerId,
    description: 'With “quotes”, and a line\nmore',
    status: 'TODO',
    priority: 'HIGH',
    dueOn: new Date('2026-12-24'),
    labels: ['a,b', '"'],
    position: 'a0',
    assigneeId: null,
    teamId: null,
    parentId: null,
    startedAt: null,
    completedAt: null,
    archivedAt: null,
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
}

const create = (task: Task) =>
  insertTask(db, { task, event: taskCreated({ userId: task.ownerId }, task, 'fingerprint') });

describe('people who create tasks concurrently', () => {
  test('[BR-11] get their row and event in one transaction, which some of them share', async () => {
    const tasks = people.map((id, n) => newTask(id, `Task ${n}`));
    const marks = await Promise.all(tasks.map(create));
    expect(await db.task.findMany({ orderBy: { id: 'asc' } })).toEqual(
      tasks.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    );
    const written = await db.$queryRaw<object[]>`
      SELECT tasks.id, transaction_id AS "transactionId", sequence, horizon, nonce FROM tasks
      JOIN events ON subject_id = tasks.id AND actor_id = owner_id AND person_id = owner_id
        AND data->'after'->>'owner' = owner_id::text
        AND tasks.xmin::text::bigint = transaction_id & x'ffffffff'::bigint`;
    expect(new Set(written)).toEqual(new Set(tasks.map(({ id }, n) => ({ id, ...marks[n] }))));
    expect(new Set(marks.map(({ transactionId }) => transactionId)).size).toBeLessThan(people.length / 4);
  });

  test('succeed even if PostgreSQL rejects one of them', async () => {
    const refused = newTask(newId(), 'of an unknown person');
    const tasks = people.map((id, n) => newTask(id, `Task ${n}`)).toSpliced(20, 0, refused);
    const outcomes = await Promise.allSettled(tasks.map(create));
    expect(outcomes.flatMap(({ status }, n) => (status === 'rejected' ? [tasks[n]] : []))).toEqual([refused]);
    expect([await db.task.count(), await db.event.count()]).toEqual([people.length, people.length]);
  });

  test('all get an error if their connection breaks, and nothing is created twice or partially', async () => {
    await db.$executeRaw`
      CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END'`;
    await db.$executeRaw`
      CREATE TRIGGER break_off BEFORE INSERT ON tasks FOR EACH ROW WHEN (NEW.title = 'breaks') EXECUTE FUNCTION break_off()`;
    const tasks = people.map((id, n) => newTask(id, n === 20 ? 'breaks' : `Task ${n}`));
    const outcomes = await Promise.allSettled(tasks.map(create));
    const lost = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [classify(outcome.reason).connectionLost] : [],
    );
    expect(lost.length).toBeGreaterThan(1);
    expect(new Set(lost)).toEqual(new Set([true]));
    expect([await db.task.count(), await db.event.count()]).toEqual([
      people.length - lost.length,
      people.length - lost.length,
    ]);
    await expect(create(newTask(people[0] ?? '', 'after that'))).resolves.toBeDefined();
  });
});
