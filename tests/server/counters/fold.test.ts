import { expect, test, vi } from 'vitest';
import { append } from '../../../server/log/append.ts';
import { taskChanged } from '../../../server/log/task-event.ts';
import { newId, uuidOf } from '../../../server/ids.ts';
import { countUncounted, rebuildCounters } from '../../../server/counters/rebuild.ts';
import {
  differencesIn,
  disturbedFold,
  foldAll,
  foldToTheEnd,
  killedFold,
  settled,
} from '../../kit/counters.ts';
import { freshDatabase } from '../../kit/database.ts';
import { startTestServer } from '../../kit/server.ts';
import { plantTasks, plantTasksIn } from '../../kit/tasks.ts';
import { startWorld } from '../../kit/world.ts';
import { connect, disconnect } from '../../../server/database/client.ts';

const { db, databaseUrl, people } = await startWorld();

const COUNTERS = { where: { name: 'task_counters' } };
const stateOf = () => db.logConsumer.findUniqueOrThrow(COUNTERS);

vi.setConfig({ testTimeout: 90_000 });

test('[BR-11] the server folds events automatically within a few seconds', async () => {
  const { eve } = await people('Eve');
  await eve.createTask('Tea', { dueOn: '2027-01-01' });
  const scope = { kind: 'OWNER', ofId: uuidOf('User', eve.id) } as const;
  await expect.poll(() => db.taskScope.count({ where: scope }), { timeout: 60_000 }).toBe(1);
  expect(await differencesIn(databaseUrl)).toEqual([]);
});

test('a fold that is killed at any statement has no effect, and the next one repeats it', async () => {
  const url = await freshDatabase();
  const own = connect(url);
  try {
    const { id } = await own.user.create({ data: { name: 'Ada', email: 'ada@example.com' } });
    for (let n = 1; n <= 9; n += 1) {
      await plantTasks(own, [{ title: `Task ${n}`, ownerId: id, dueOn: new Date('2027-01-01') }]);
      await settled(url);
      const before = await own.logConsumer.findUniqueOrThrow(COUNTERS);
      await killedFold(url, n);
      const after = await own.logConsumer.findUniqueOrThrow(COUNTERS);
      // Its eighth statement is the COMMIT.
      if (n <= 8) expect(after, `killed before statement ${n}`).toEqual(before);
      expect(await differencesIn(url), `killed before statement ${n}`).toEqual([]);
    }
    await foldToTheEnd(url);
    expect(await own.taskCount.findMany()).toMatchObject([{ status: 'TODO', priority: 'NONE', count: 9 }]);
  } finally {
    await disconnect(own);
  }
});

test('a team that is deleted during a fold leaves its tasks with their owner', async () => {
  const url = await freshDatabase();
  const own = connect(url);
  try {
    for (let n = 1; n <= 9; n += 1) {
      const { id: ownerId } = await own.user.create({ data: { name: 'Ada', email: `ada.${n}@example.com` } });
      const { id: teamId } = await own.team.create({ data: { name: `Team ${n}`, slug: `team-${n}` } });
      await plantTasks(own, [{ title: `Task ${n}`, ownerId, teamId }]);
      await settled(url);
      await disturbedFold(url, n, () => own.team.delete({ where: { id: teamId } }));
      await foldToTheEnd(url);
      expect(await differencesIn(url), `deleted before statement ${n}`).toEqual([]);
    }
  } finally {
    await disconnect(own);
  }
});

test('after a pause, the log is folded in batches of whole transactions', async () => {
  const url = await freshDatabase();
  const own = connect(url);
  try {
    const { id } = await own.user.create({ data: { name: 'Ada', email: 'ada@example.com' } });
    const tasks = (n: number) => Array.from({ length: n }, () => ({ title: 'Tea', ownerId: id }));
    for (const n of [3, 1, 1, 7, 2]) await plantTasks(own, tasks(n));
    await settled(url);
    const folded = await foldToTheEnd(url, 4);
    // The sign-up is an event, too; a transaction of seven events cannot be split.
    expect(folded).toHaveLength(4);
    expect(await own.taskCount.findMany()).toMatchObject([{ count: 14 }]);
    expect(await differencesIn(url)).toEqual([]);
  } finally {
    await disconnect(own);
  }
});

test('a slow transaction delays folding, and nothing is lost', async () => {
  const { eve } = await people('Eve');
  const owner = uuidOf('User', eve.id);
  await db.$transaction(async (tx) => {
    await plantTasksIn(tx, [{ title: 'Slow', ownerId: owner }]);
    await eve.createTask('Quick');
    await foldAll(databaseUrl);
    expect(await differencesIn(databaseUrl)).toEqual([]);
  });
  expect(await differencesIn(databaseUrl)).toEqual([]);
  await foldToTheEnd(databaseUrl);
  const scope = await db.taskScope.findFirstOrThrow({ where: { kind: 'OWNER', ofId: owner } });
  await expect
    .poll(() => db.taskCount.findMany({ where: { scopeId: scope.id } }))
    .toMatchObject([{ status: 'TODO', count: 2 }]);
});

test('existing data without counters is counted when the server starts', async () => {
  const url = await freshDatabase();
  const own = connect(url);
  try {
    const { id } = await own.user.create({ data: { name: 'Ada', email: 'ada@example.com' } });
    await own.task.createMany({ data: [{ title: 'Old', ownerId: id }] });
    await own.logConsumer.update({ where: { name: 'task_counters' }, data: { transactionId: null } });
    const server = await startTestServer(url);
    await server.stop();
    expect(await differencesIn(url)).toEqual([]);
    expect(await own.taskCount.findMany()).toMatchObject([{ status: 'TODO', count: 1 }]);
  } finally {
    await disconnect(own);
  }
});

test('of several servers that start at once, one counts existing data', async () => {
  const url = await freshDatabase();
  const own = connect(url);
  try {
    const { id } = await own.user.create({ data: { name: 'Ada', email: 'ada@example.com' } });
    await own.task.createMany({ data: [{ title: 'Old', ownerId: id }] });
    await own.logConsumer.update({ where: { name: 'task_counters' }, data: { transactionId: null } });
    const { generation } = await own.logConsumer.findUniqueOrThrow(COUNTERS);
    await Promise.all([1, 2, 3].map(() => countUncounted(url, () => undefined)));
    expect(await own.logConsumer.findUniqueOrThrow(COUNTERS)).toMatchObject({ generation: generation + 1 });
    expect(await differencesIn(url)).toEqual([]);
  } finally {
    await disconnect(own);
  }
});

test('changes that bypass the log are found and reported, and a rebuild fixes them', async () => {
  const { fay } = await people('Fay');
  const ownerId = uuidOf('User', fay.id);
  await fay.createTask('Known');
  await db.task.create({
    data: { title: 'Unknown', ownerId, priority: 'HIGH', dueOn: new Date('2027-05-05') },
  });
  const found = await differencesIn(databaseUrl);
  expect(found).toContainEqual({ what: 'tasks of Fay, of no team: TODO HIGH', counted: 0, there: 1 });
  expect(found).toContainEqual({ what: 'tasks of Fay, of no team: due 2027-05-05', counted: 0, there: 1 });
  const { generation } = await stateOf();
  const progress: unknown[] = [];
  await rebuildCounters(databaseUrl, (each) => progress.push(each));
  expect(progress).toContainEqual({ table: 'task_due_counts', rows: await db.taskDueCount.count() });
  expect(await stateOf()).toMatchObject({ generation: generation + 1 });
  expect(await differencesIn(databaseUrl)).toEqual([]);
  expect(await db.taskScope.count({ where: { generation } })).toBe(0);
});

test('a rebuild that is stopped leaves the counters as they were, and the next one starts again', async () => {
  const { ivy } = await people('Ivy');
  await ivy.createTask('Tea');
  const before = await stateOf();
  const stop = new AbortController();
  const rebuild = rebuildCounters(
    databaseUrl,
    () => {
      stop.abort(new Error('stopped'));
    },
    stop.signal,
  );
  await expect(rebuild).rejects.toThrow('stopped');
  expect(await stateOf()).toMatchObject({ generation: before.generation });
  expect(await differencesIn(databaseUrl)).toEqual([]);
  await rebuildCounters(databaseUrl, () => undefined);
  expect(await stateOf()).toMatchObject({ generation: before.generation + 1 });
  expect(await differencesIn(databaseUrl)).toEqual([]);
});

test('a deleted person’s numbers are removed, folded or not, and those of others stay correct', async () => {
  const url = await freshDatabase();
  const own = connect(url);
  try {
    const person = (name: string) =>
      own.user.create({ data: { name, email: `${name.toLowerCase()}@example.com` }, select: { id: true } });
    for (const folds of [0, 1, 2]) {
      const [ada, bob] = [await person(`Ada${folds}`), await person(`Bob${folds}`)];
      const { id: teamId } = await own.team.create({
        data: { name: `Team ${folds}`, slug: `team-${folds}` },
      });
      const task = newId();
      await plantTasks(own, [
        { title: 'Hers, in his hands', ownerId: ada.id, assigneeId: bob.id, teamId },
        { id: task, title: 'His', ownerId: bob.id, assigneeId: bob.id, teamId },
      ]);
      if (folds > 0) await foldToTheEnd(url);
      const his = await own.task.findUniqueOrThrow({ where: { id: task } });
      await own.$transaction(async (tx) => {
        await tx.task.delete({ where: { id: task } });
        await append(tx, taskChanged('task.deleted', { userId: bob.id }, his, null));
      });
      if (folds > 1) await foldToTheEnd(url);
      await own.user.delete({ where: { id: bob.id } });
      expect(await differencesIn(url), `after ${folds} folds`).toEqual([]);
      await foldToTheEnd(url);
      expect(await differencesIn(url), `after ${folds} folds and one more`).toEqual([]);
    }
    await rebuildCounters(url, () => undefined);
    expect(await differencesIn(url)).toEqual([]);
  } finally {
    await disconnect(own);
  }
});

test('transactions that are open at the start of a rebuild are counted after their commit', async () => {
  const { hal } = await people('Hal');
  const ownerId = uuidOf('User', hal.id);
  await db.$transaction(
    async (tx) => {
      await plantTasksIn(tx, [{ title: 'Slow', ownerId }]);
      await hal.createTask('Quick');
      await rebuildCounters(databaseUrl, () => undefined);
      await hal.createTask('Later');
      expect(await differencesIn(databaseUrl)).toEqual([]);
    },
    { timeout: 60_000 },
  );
  expect(await differencesIn(databaseUrl)).toEqual([]);
  await foldToTheEnd(databaseUrl);
  expect(await differencesIn(databaseUrl)).toEqual([]);
});

test('a rebuild during writes and folds loses nothing', async () => {
  const { gil } = await people('Gil');
  const counting = new AbortController();
  const until = async (work: () => Promise<unknown>) => {
    while (!counting.signal.aborted) await work();
  };
  const others = [
    ...[1, 2, 3].map(() => until(() => gil.createTask('More'))),
    until(() => foldAll(databaseUrl)),
  ];
  for (let n = 0; n < 3; n += 1) await rebuildCounters(databaseUrl, () => undefined);
  expect(await differencesIn(databaseUrl)).toEqual([]);
  counting.abort();
  await Promise.all(others);
  expect(await differencesIn(databaseUrl)).toEqual([]);
});
