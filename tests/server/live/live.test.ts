import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, expect, inject, onTestFinished, test } from 'vitest';
import { connect, disconnect } from '../../../server/database/client.ts';
import { append, currentCursor } from '../../../server/log/append.ts';
import { decodeCursor, encodeCursor } from '../../../server/log/cursor.ts';
import { FellBehind } from '../../../server/errors.ts';
import type { Subscription, Delivery } from '../../../server/live/subscription.ts';
import { Rendezvous } from '../../../server/live/rendezvous.ts';
import { startLive } from '../../../server/live/live.ts';
import { ownPostgres } from '../../../ops/drills/own-postgres.ts';
import { applyMigrations } from '../../../server/database/migrations.ts';
import { freshDatabase } from '../../kit/database.ts';
import { openSession } from '../../kit/session.ts';

const databaseUrl = await freshDatabase();
const db = connect(databaseUrl);
afterAll(() => disconnect(db));

const start = async (of = db, url = databaseUrl) => {
  const live = await startLive({
    db: of,
    databaseUrl: url,
    adminEmails: new Set(),
    mostSubscriptions: 2_000,
    log: pino({ level: 'silent' }),
    onCredentialEnd: () => undefined,
  });
  afterAll(() => live.stop());
  return live;
};

const person = async () => {
  const { id } = await db.user.create({ data: { name: 'Ada', email: `${randomUUID()}@example.com` } });
  return { userId: id, limit: null };
};

const happens = (actorId: string, times: number) =>
  append(
    db,
    ...Array.from(
      { length: times },
      () => ({ kind: 'apiToken.used', actorId, subjectId: null, data: {} }) as const,
    ),
  );

/** Reads the deliveries of a subscription one by one. */
function reading(feed: Subscription) {
  let why: unknown;
  const rendezvous = new Rendezvous<Delivery>(
    (to) => {
      feed.readBy({
        onDelivery: (delivery) => to.take(delivery),
        end: (failure) => {
          why = failure;
          to.end();
        },
      });
    },
    () => {
      feed.end();
    },
  );
  const next = async () => {
    const { value } = await rendezvous.next();
    if (!value) throw why;
    return value;
  };
  const take = async (many: number) => {
    const sequences: bigint[] = [];
    while (sequences.length < many) {
      const { event } = await next();
      if (event) sequences.push(event.sequence);
    }
    return sequences;
  };
  return { next, take };
}

const all = { wants: () => true };

test('a slow reader falls behind alone, and resumes from its position', async () => {
  const live = await start();
  const ada = await person();
  const here = await currentCursor(db);
  const slow = await live.follow(ada, here, all);
  const quick = reading(await live.follow(ada, here, all));
  await happens(ada.userId, 500);
  const first = await quick.take(500);
  await happens(ada.userId, 501);
  const rest = await quick.take(501);
  await expect(reading(slow).next()).rejects.toThrow(FellBehind);

  const again = reading(await live.follow(ada, here, all));
  expect(await again.take(1_001)).toEqual([...first, ...rest]);
});

test('a subscriber without matching events gets the log’s position, and resumes from there', async () => {
  const live = await start();
  const [ada, bob] = [await person(), await person()];
  const here = await currentCursor(db);
  const ofAda = reading(await live.follow(ada, here, all));
  const { transactionId, sequence } = await decodeCursor(db, here);
  expect(await ofAda.next()).toMatchObject({ event: null, passed: { transactionId, sequence } });
  await happens(bob.userId, 1_200);
  const { event, passed } = await ofAda.next();
  expect(event).toBeNull();
  if (!passed) throw new Error('it learned nothing');
  const cursor = await encodeCursor(db, passed);
  await happens(bob.userId, 9_900);
  await happens(ada.userId, 1);
  const resumed = reading(await live.follow(ada, cursor, all));
  expect(await resumed.take(1)).toHaveLength(1);
});

test('a transaction of another database that outlives the retention does not stop deliveries', async () => {
  const live = await start();
  const [ada, bob] = [await person(), await person()];
  await using elsewhere = await openSession(inject('databases').serverUrl);
  await elsewhere.query('BEGIN; SELECT pg_current_xact_id()');
  const early = await currentCursor(db);
  for (let times = 0; times < 3; times += 1) await happens(bob.userId, 5_000);
  const refusal = () => live.follow(ada, early, all).catch((error: unknown) => error);
  await expect.poll(refusal).toMatchObject({ code: 'CURSOR_EXPIRED' });

  const ofAda = reading(await live.follow(ada, await currentCursor(db), all));
  await happens(ada.userId, 1);
  expect(await ofAda.take(1)).toHaveLength(1);
});

test('a late event that is no longer kept expires the cursor', async () => {
  const live = await start();
  const [ada, bob] = [await person(), await person()];
  await using late = await openSession(databaseUrl);
  await late.query('BEGIN');
  await late.query(`INSERT INTO events (actor_id, kind, data) VALUES ($1, 'apiToken.used', '{}')`, [
    ada.userId,
  ]);
  for (let times = 0; times < 3; times += 1) await happens(bob.userId, 5_000);
  const before = await currentCursor(db);
  await live.follow(ada, before, all);
  await late.query('COMMIT');
  const refusal = () => live.follow(ada, before, all).catch((error: unknown) => error);
  await expect.poll(refusal).toMatchObject({ code: 'CURSOR_EXPIRED' });
});

test('[FR-022] events with transaction ids that are reused after a crash are delivered', async () => {
  const postgres = await ownPostgres();
  onTestFinished(() => postgres.remove());
  await applyMigrations(postgres.url);
  const own = connect(postgres.url);
  onTestFinished(() => disconnect(own));
  const { id: userId } = await own.user.create({ data: { name: 'Ada', email: 'ada@example.com' } });
  const happens = (times: number) =>
    append(
      own,
      ...Array.from(
        { length: times },
        () => ({ kind: 'apiToken.used', actorId: userId, subjectId: null, data: {} }) as const,
      ),
    );
  const nextId = async () => {
    const [row] = await own.$queryRaw<[{ next: bigint }]>`
      SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next`;
    return row.next;
  };
  const live = await start(own, postgres.url);
  const before = await happens(1);
  const told = reading(await live.follow({ userId, limit: null }, before, all));
  expect((await told.next()).passed).not.toBeNull();

  // These transactions have ended, but nothing of them is on disk.
  const [{ pid }] = await own.$queryRaw<[{ pid: number }]>`
    SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'`;
  process.kill(pid, 'SIGSTOP');
  const fails = [own.$queryRaw`SELECT pg_current_xact_id()::text`, own.$queryRaw`SELECT 1 / 0`] as const;
  for (let times = 0; times < 50; times += 1) await own.$transaction([...fails]).catch(() => undefined);
  const next = await nextId();
  const here = await currentCursor(own);
  // The server reads the log every second.
  await sleep(1_500);
  await postgres.kill();
  process.kill(pid, 'SIGKILL');
  await postgres.start();
  await expect.poll(() => nextId().catch(() => next), { timeout: 20_000 }).toBeLessThan(next);

  await happens(3);
  const [first, ...others] = await told.take(3);
  expect(others).toEqual([(first ?? 0n) + 1n, (first ?? 0n) + 2n]);
  const resumed = reading(await live.follow({ userId, limit: null }, here, all));
  expect(await resumed.take(3)).toEqual([first, ...others]);
});

test('ending a person’s subscriptions does not end those of others', async () => {
  const live = await start();
  const [ada, bob] = [await person(), await person()];
  const here = await currentCursor(db);
  const [first] = await Promise.all(Array.from({ length: 2_000 }, () => live.follow(ada, here, all)));
  await expect(live.follow(ada, here, all)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  await live.follow(bob, here, all);
  first?.end();
  await live.follow(ada, here, all);
});

test('a subscription that ends while it starts leaves nothing behind', async () => {
  const live = await start();
  const feed = await live.follow(await person(), await currentCursor(db), all);
  feed.end();
  let isDone = false;
  feed.onceEnded(() => (isDone = true));
  expect(isDone).toBe(true);
});

test('[FR-011] a subscription with a credential that has just ended ends at once', async () => {
  const live = await start();
  const inAnHour = new Date(Date.now() + 60 * 60_000);
  const session = { sessionId: randomUUID(), tokenId: null, endsAt: inAnHour };
  await new Promise<void>((resolve) => {
    live.onEnd(session, () => Promise.resolve(null), resolve);
  });
});

test('a cursor more than 10,000 events old expires, for events of any person', async () => {
  const live = await start();
  const [ada, bob] = [await person(), await person()];
  const early = await currentCursor(db);
  await happens(bob.userId, 1);
  const late = await currentCursor(db);
  await happens(bob.userId, 10_000);
  const ofBob = reading(await live.follow(bob, late, all));
  expect(await ofBob.take(10_000)).toHaveLength(10_000);
  await live.follow(ada, late, all);
  await expect(live.follow(ada, early, all)).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });

  const restarted = await start();
  const resumed = reading(await restarted.follow(bob, late, all));
  expect(await resumed.take(10_000)).toHaveLength(10_000);
  await expect(restarted.follow(ada, early, all)).rejects.toMatchObject({ code: 'CURSOR_EXPIRED' });
});
