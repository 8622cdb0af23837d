import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { Prisma } from '../../../prisma/generated/client/client.ts';
import { newRequester, type Requester } from '../../../server/database/requester.ts';
import { abandon, connect, disconnect, poolStatus, run, textsOf } from '../../../server/database/client.ts';
import { MOST_WAITING } from '../../../server/database/fair-pool.ts';
import { classify } from '../../../server/database/failures.ts';
import { Batcher } from '../../../server/database/batcher.ts';
import { inTransaction } from '../../../server/database/transaction.ts';
import { freshDatabase } from '../../kit/database.ts';

const askers = new AsyncLocalStorage<Requester>();
const databaseUrl = await freshDatabase();
const db = connect(databaseUrl, {
  poolSize: 4,
  perPerson: 2,
  askerOf: () => askers.getStore(),
});
afterAll(() => disconnect(db));

/** Runs work as a request of this person. Prisma starts nothing before it is awaited. */
function as<T>(share: string, work: () => Promise<T>): Promise<T> {
  return askers.run({ ...newRequester(), share }, async () => work());
}

/** The same as a read-only request. */
function asking<T>(share: string, work: () => Promise<T>): Promise<T> {
  return askers.run({ ...newRequester(), share, readsOnly: true }, async () => work());
}

const one = Prisma.sql`SELECT 1 AS one`;
const pause = (seconds: number) => Prisma.sql`SELECT 1 AS one FROM pg_sleep(${seconds})`;

test('[BR-19] a person has a maximum number of connections, over all transports (H2)', async () => {
  const ways: (() => Promise<unknown>)[] = [
    () => run(db, pause(1)),
    () => textsOf(db, pause(1)),
    () => db.$queryRaw`SELECT 1 FROM pg_sleep(1)`,
    () => inTransaction(db, (tx) => tx.$queryRaw`SELECT 1 FROM pg_sleep(1)`),
  ];
  for (const way of ways) {
    const many = Array.from({ length: 5 }, () => as('Ada', way));
    await expect.poll(() => poolStatus(db)).toMatchObject({ waiting: 3 });
    const { open, idle } = poolStatus(db);
    expect(open - idle).toBe(2);
    const before = performance.now();
    expect(await as('Bob', () => run(db, one))).toEqual([{ one: 1 }]);
    expect(performance.now() - before, 'Bob does not wait').toBeLessThan(700);
    await Promise.all(many);
    expect(poolStatus(db)).toMatchObject({ waiting: 0 });
  }
});

test('[BR-19] a transaction counts once, and never waits for itself (H2)', async () => {
  const both = Array.from({ length: 2 }, () =>
    as('Ada', () =>
      inTransaction(db, async (tx) => {
        await tx.$queryRaw`SELECT 1 FROM pg_sleep(0.1)`;
        await run(db, one);
        return db.$queryRaw`SELECT 1 AS one`;
      }),
    ),
  );
  expect(await Promise.all(both)).toEqual([[{ one: 1 }], [{ one: 1 }]]);
});

test('[BR-19] a full queue rejects only its own person’s statements, and so does a wait that is too long (H2)', async () => {
  const held = [1, 2].map(() => as('Ada', () => inTransaction(db, () => sleep(4_000))));
  await expect.poll(() => poolStatus(db).open - poolStatus(db).idle).toBe(2);
  const ofAda = () => asking('Ada', () => run(db, one)).then(() => 'answered', classify);
  const waiting = Array.from({ length: MOST_WAITING }, ofAda);
  const refusal = { kind: 'unavailable', connectionLost: false, why: 'own-share' };
  const asked = performance.now();
  expect(await ofAda()).toEqual(refusal);
  expect(performance.now() - asked, 'the excess statement does not wait').toBeLessThan(1_000);
  expect(await as('Bob', () => run(db, one))).toEqual([{ one: 1 }]);
  const before = performance.now();
  expect(await Promise.all(waiting)).toEqual(waiting.map(() => refusal));
  expect(performance.now() - before).toBeLessThan(3_500);
  expect(await as('Bob', () => run(db, one))).toEqual([{ one: 1 }]);
  await Promise.all(held);
});

test('[BR-19] changes wait in the queue as long as a change may take, while reads are rejected (H2)', async () => {
  const held = [1, 2].map(() => as('Ada', () => inTransaction(db, () => sleep(5_000))));
  await expect.poll(() => poolStatus(db).open - poolStatus(db).idle).toBe(2);
  const change = () => as('Ada', () => inTransaction(db, (tx) => tx.$queryRaw`SELECT 1 AS one`));
  const changes = Array.from({ length: 100 }, change);
  const read = asking('Ada', () => run(db, one)).catch(classify);
  expect(await read).toMatchObject({ why: 'own-share' });
  expect(poolStatus(db).waiting).toBe(100);
  const before = performance.now();
  expect(await as('Bob', () => run(db, one))).toEqual([{ one: 1 }]);
  expect(performance.now() - before, 'Bob does not wait').toBeLessThan(700);
  expect(await Promise.all(changes)).toEqual(changes.map(() => [{ one: 1 }]));
  await Promise.all(held);
}, 15_000);

test('[BR-19] a change that has waited that long is rejected (H2)', async () => {
  const hurried = connect(databaseUrl, {
    poolSize: 4,
    perPerson: 2,
    statementTimeout: 3_000,
    askerOf: () => askers.getStore(),
  });
  const held = [1, 2].map(() => as('Ada', () => inTransaction(hurried, () => sleep(5_000))));
  await expect.poll(() => poolStatus(hurried).open - poolStatus(hurried).idle).toBe(2);
  const before = performance.now();
  const change = as('Ada', () => inTransaction(hurried, (tx) => tx.$queryRaw`SELECT 1`)).catch(classify);
  expect(await change).toMatchObject({ why: 'own-share' });
  expect(performance.now() - before).toBeGreaterThan(2_900);
  await Promise.all(held);
  await disconnect(hurried);
}, 15_000);

test('[BR-19] work for several people does not wait behind the first of them (H2)', async () => {
  const together = new Batcher((items: number[]) => run(db, one).then(() => items));
  const held = [1, 2].map(() => as('Ada', () => run(db, pause(1.5))));
  const before = performance.now();
  await as('Ada', () => together.add(1));
  expect(performance.now() - before).toBeLessThan(700);
  await Promise.all(held);
});

test('[BR-19] for a cancelled request, running reads end at once, and queued ones never start (H2)', async () => {
  const requester = { ...newRequester(), share: 'Ada' };
  const reads = Array.from({ length: 5 }, () =>
    askers.run(requester, async () => run(db, pause(31))).catch(classify),
  );
  const change = askers.run(requester, () =>
    inTransaction(db, (tx) => tx.$queryRaw<object[]>`SELECT 1 AS one FROM pg_sleep(1)`),
  );
  change.catch(() => undefined);
  await expect.poll(() => poolStatus(db)).toMatchObject({ waiting: 4 });
  const before = performance.now();
  abandon(db, requester);
  const given = { kind: 'unavailable', connectionLost: false, why: 'abandoned' };
  expect(await Promise.all(reads)).toEqual(reads.map(() => given));
  expect(performance.now() - before).toBeLessThan(1_000);
  expect(await change.catch(classify), 'it had not started').toEqual(given);
  expect(await askers.run(requester, async () => run(db, one)).catch(classify)).toEqual(given);
  expect(
    await db.$queryRaw`SELECT FROM pg_stat_activity WHERE query LIKE ${'%pg_sleep($1)%'} AND state = 'active' AND pid <> pg_backend_pid()`,
  ).toEqual([]);
  expect(await as('Ada', () => run(db, one))).toEqual([{ one: 1 }]);
});

test('[BR-19] cancelling a statement never cancels the next one on its connection (H2)', async () => {
  for (let round = 0; round < 30; round += 1) {
    const requester = { ...newRequester(), share: 'Ada' };
    const read = askers.run(requester, async () => run(db, pause(0.01))).catch(() => undefined);
    await sleep(round % 15);
    abandon(db, requester);
    const next = Array.from({ length: 4 }, () => as('Bob', () => run(db, pause(0.002))));
    expect(await Promise.all(next)).toHaveLength(4);
    await read;
  }
});

test('[T064] a queued statement does not wait again if no connection is free (H2)', async () => {
  const held = ['Ada', 'Bob', 'Cy', 'Dan'].map((name) =>
    as(name, () => inTransaction(db, () => sleep(7_000))),
  );
  await expect.poll(() => poolStatus(db)).toMatchObject({ open: 4, idle: 0 });
  const before = performance.now();
  const asked = Array.from({ length: 8 }, () =>
    asking('Eve', () => run(db, one)).then(() => 'answered', classify),
  );
  const refused = { kind: 'unavailable', connectionLost: false };
  expect(await Promise.all(asked)).toMatchObject(asked.map(() => refused));
  expect(performance.now() - before).toBeLessThan(3_500);
  await Promise.all(held);
}, 15_000);
