import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, expect, test } from 'vitest';
import { connect, disconnect } from '../../../server/database/client.ts';
import { appendAll, currentCursor } from '../../../server/events/log.ts';
import { toCursor } from '../../../server/events/position.ts';
import { FellBehind } from '../../../server/errors.ts';
import type { Feed } from '../../../server/live/feed.ts';
import { startLive } from '../../../server/live/live.ts';
import { freshDatabase } from '../../kit/database.ts';

const databaseUrl = await freshDatabase();
const db = connect(databaseUrl);
afterAll(() => disconnect(db));

const start = async () => {
  const live = await startLive({
    db,
    databaseUrl,
    adminEmails: new Set(),
    log: pino({ level: 'silent' }),
    onCredentialEnd: () => undefined,
  });
  afterAll(() => live.stop());
  return live;
};

const person = async () => {
  const { id } = await db.user.create({ data: { name: 'Ada', email: `${randomUUID()}@example.com` } });
  return { userId: id };
};

const happens = (actorId: string, times: number) =>
  appendAll(
    db,
    Array.from(
      { length: times },
      () => ({ kind: 'apiToken.used', actorId, subjectId: null, data: {} }) as const,
    ),
  );

async function take(feed: Feed, many: number): Promise<bigint[]> {
  const sequences: bigint[] = [];
  while (sequences.length < many) {
    const heard = await feed.next();
    if (heard?.event) sequences.push(heard.event.sequence);
  }
  return sequences;
}

const all = { wants: () => true };

test('who does not read falls behind alone, and resumes from where they were', async () => {
  const live = await start();
  const ada = await person();
  const here = await currentCursor(db);
  const [slow, quick] = await Promise.all([live.follow(ada, here, all), live.follow(ada, here, all)]);
  await happens(ada.userId, 500);
  const first = await take(quick.feed, 500);
  await happens(ada.userId, 501);
  const rest = await take(quick.feed, 501);
  await expect(slow.feed.next()).rejects.toThrow(FellBehind);

  const again = await live.follow(ada, here, all);
  expect(await take(again.feed, 1_001)).toEqual([...first, ...rest]);
});

test('who hears of nothing for long while much happens learns how far the log has come, and resumes from there', async () => {
  const live = await start();
  const [ada, bob] = [await person(), await person()];
  const { feed } = await live.follow(ada, await currentCursor(db), all);
  await happens(bob.userId, 1_200);
  const heard = await feed.next();
  expect(heard).toMatchObject({ event: null, passed: { sequence: 0n } });
  const cursor = await toCursor(db, heard?.passed ?? { transactionId: 0n, sequence: 0n });
  await happens(bob.userId, 9_900);
  await happens(ada.userId, 1);
  const resumed = await live.follow(ada, cursor, all);
  expect(await take(resumed.feed, 1)).toHaveLength(1);
});

test('a cursor more than 10,000 events ago has expired, whoever’s events they were', async () => {
  const live = await start();
  const [ada, bob] = [await person(), await person()];
  const early = await currentCursor(db);
  await happens(bob.userId, 1);
  const late = await currentCursor(db);
  await happens(bob.userId, 10_000);
  const { feed } = await live.follow(bob, late, all);
  expect(await take(feed, 10_000)).toHaveLength(10_000);
  await live.follow(ada, late, all);
  await expect(live.follow(ada, early, all)).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });

  const restarted = await start();
  const resumed = await restarted.follow(bob, late, all);
  expect(await take(resumed.feed, 10_000)).toHaveLength(10_000);
  await expect(restarted.follow(ada, early, all)).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
});
