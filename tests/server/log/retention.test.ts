import { expect, test } from 'vitest';
import { connect, disconnect } from '../../../server/database/client.ts';
import { endOfTransaction, encodeCursor } from '../../../server/log/cursor.ts';
import { rebuildCounters } from '../../../server/counters/rebuild.ts';
import { trimLog } from '../../../server/log/retention.ts';
import { readHistory } from '../../../server/sql/dashboard-history.ts';
import { viewerOf } from '../../../server/sql/viewer.ts';
import { differencesIn, foldToTheEnd } from '../../kit/counters.ts';
import { freshDatabase } from '../../kit/database.ts';
import { dice } from '../../kit/dice.ts';
import { watchEvents } from '../../kit/live.ts';
import { plantLife, type Life } from '../../kit/past.ts';
import { startTestServer } from '../../kit/server.ts';
import { apiTokenOf } from '../../kit/api-tokens.ts';
import { plantTasks } from '../../kit/tasks.ts';
import { startWorld } from '../../kit/world.ts';

const DAY_MS = 86_400_000;

const world = await startWorld();

test('old events are deleted, and earlier cursors expire', { timeout: 90_000 }, async () => {
  const { ada } = await world.people('Ada');
  const reader = await apiTokenOf(ada);
  const { cursor: early } = await ada.query<{ cursor: string }>('{ cursor }');
  const id = await ada.createTask('long ago');
  await world.db.$executeRaw`UPDATE events SET at = at - interval '401 days'`;
  // After other running transactions in this PostgreSQL, since the API's cursors include them.
  const last = await world.db.event.findFirstOrThrow({ orderBy: { sequence: 'desc' } });
  const late = await encodeCursor(world.db, endOfTransaction(last));
  await ada.createTask('now');
  const old = await world.db.event.count({
    where: { at: { lt: new Date(Date.now() - 400 * 24 * 3600_000) } },
  });
  expect(old).toBeGreaterThan(3);

  expect(await trimLog(world.db, 402)).toBe(0);
  let trimmed = 0;
  // They are counted first.
  await expect.poll(async () => (trimmed += await trimLog(world.db, 400)), { timeout: 60_000 }).toBe(old);
  expect(await trimLog(world.db, 400)).toBe(0);
  expect(await world.db.event.count({ where: { kind: 'task.created' } })).toBe(1);
  expect(await ada.query(`{ task(id: "${id}") { title } }`)).toEqual({ task: { title: 'long ago' } });

  const restarted = await startTestServer(world.databaseUrl);
  try {
    expect(await (await watchEvents(restarted, reader, { after: early })).end).toBe('CURSOR_EXPIRED');
    const events = await watchEvents(restarted, reader, { after: late });
    await events.until(({ events: { event } }) => event?.task?.title === 'now');
  } finally {
    await restarted.stop();
  }
});

test('[BR-11] an event of any age stays until it is counted', { timeout: 90_000 }, async () => {
  const url = await freshDatabase();
  const db = connect(url);
  try {
    // No server queues events for webhooks here.
    await db.logConsumer.delete({ where: { name: 'webhooks' } });
    const { id: ownerId } = await db.user.create({ data: { name: 'Ada', email: 'ada@example.com' } });
    await plantTasks(db, [{ title: 'Counted', ownerId }]);
    await foldToTheEnd(url);
    await plantTasks(db, [{ title: 'Not yet', ownerId }]);
    await db.$executeRaw`UPDATE events SET at = at - interval '401 days'`;
    await trimLog(db, 400);
    expect(await db.event.findMany({ select: { kind: true } })).toEqual([{ kind: 'task.created' }]);
    expect(await differencesIn(url)).toEqual([]);
    await foldToTheEnd(url);
    expect(await trimLog(db, 400)).toBe(1);
    expect(await differencesIn(url)).toEqual([]);

    await plantTasks(db, [{ title: 'Where nothing is counted', ownerId }]);
    await db.$executeRaw`UPDATE events SET at = at - interval '401 days'`;
    await db.logConsumer.update({ where: { name: 'task_counters' }, data: { transactionId: null } });
    expect(await trimLog(db, 400)).toBe(0);
  } finally {
    await disconnect(db);
  }
});

test('the history outlives the log, and a rebuild does not change days that are still in the log', async () => {
  const url = await freshDatabase();
  const db = connect(url);
  try {
    // No server queues events for webhooks here.
    await db.logConsumer.delete({ where: { name: 'webhooks' } });
    const { id } = await db.user.create({ data: { name: 'Ada', email: 'ada@example.com' } });
    const { roll, pick, happens } = dice(5);
    for (let n = 0; n < 60; n += 1) {
      let at = Date.now() - roll(60 * DAY_MS);
      const life: Life = [{ at, status: 'TODO' }];
      while (happens(0.75) && life.at(-1)?.status !== null) {
        at += 1 + roll(15 * DAY_MS);
        const status = happens(0.1) ? null : pick(['TODO', 'IN_PROGRESS', 'DONE', 'CANCELLED'] as const);
        if (at < Date.now()) life.push({ at, status });
      }
      await plantLife(db, id, null, life);
    }
    await foldToTheEnd(url);
    const viewer = await viewerOf(db, { userId: id, limit: null });
    const historyOf = (days: number) => readHistory(db, viewer, { teamId: null, by: 'owner' }, days, null);
    const months = await historyOf(60);
    const weeks = await historyOf(20);
    expect(await trimLog(db, 21)).toBeGreaterThan(50);
    expect(await historyOf(60)).toEqual(months);
    await rebuildCounters(url, () => undefined);
    expect(await historyOf(20)).toEqual(weeks);
  } finally {
    await disconnect(db);
  }
});
