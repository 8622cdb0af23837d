import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { connect, disconnect } from '../../../server/database/client.ts';
import { classify } from '../../../server/database/failures.ts';
import { inTransaction, retriesOf } from '../../../server/database/transaction.ts';
import { freshDatabase } from '../../kit/database.ts';

const db = connect(await freshDatabase());
afterAll(() => disconnect(db));

await db.$executeRaw`CREATE TABLE jars (name text PRIMARY KEY, coins int NOT NULL)`;

beforeEach(async () => {
  await db.$executeRaw`DELETE FROM jars`;
  await db.$executeRaw`INSERT INTO jars VALUES ('left', 0), ('right', 0)`;
});

test('[T064] conflicting serializable changes both succeed, and count once', async () => {
  const bothHaveRead = barrier(2);
  let runs = 0;
  const addCoin = () =>
    inTransaction(
      db,
      async (tx) => {
        runs += 1;
        const coins = await coinsIn(tx, 'left');
        if (runs <= 2) await bothHaveRead();
        await tx.$executeRaw`UPDATE jars SET coins = ${coins + 1} WHERE name = 'left'`;
      },
      { isolationLevel: 'Serializable' },
    );
  await Promise.all([addCoin(), addCoin()]);
  expect(runs).toBe(3);
  expect(retriesOf(db).serialization).toBe(1);
  expect(await coinsIn(db, 'left')).toBe(2);
});

test('[T064] of two deadlocked changes, the one that PostgreSQL aborts runs again', async () => {
  const bothHoldOne = barrier(2);
  let runs = 0;
  const moveCoin = (from: string, to: string) =>
    inTransaction(db, async (tx) => {
      runs += 1;
      await tx.$executeRaw`UPDATE jars SET coins = coins - 1 WHERE name = ${from}`;
      if (runs <= 2) await bothHoldOne();
      await tx.$executeRaw`UPDATE jars SET coins = coins + 1 WHERE name = ${to}`;
    });
  await Promise.all([moveCoin('left', 'right'), moveCoin('right', 'left')]);
  expect(runs).toBe(3);
  expect(retriesOf(db).deadlock).toBe(1);
  expect([await coinsIn(db, 'left'), await coinsIn(db, 'right')]).toEqual([0, 0]);
});

test('[T064] after a connection breaks before COMMIT, the change runs again on a new one', async () => {
  let runs = 0;
  await inTransaction(db, async (tx) => {
    runs += 1;
    await tx.$executeRaw`UPDATE jars SET coins = coins + 1 WHERE name = 'left'`;
    if (runs === 1) await tx.$queryRaw`SELECT 1 FROM pg_terminate_backend(pg_backend_pid())`;
  });
  expect(runs).toBe(2);
  expect(retriesOf(db).connection).toBe(1);
  expect(await coinsIn(db, 'left')).toBe(1);
});

test('[T064] after a connection breaks during COMMIT, the change is not retried, since it may be committed', async () => {
  await db.$executeRaw`
    CREATE OR REPLACE FUNCTION hang_up() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'`;
  await db.$executeRaw`
    CREATE CONSTRAINT TRIGGER hang_up AFTER INSERT ON jars DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION hang_up()`;
  let runs = 0;
  const failure = inTransaction(db, async (tx) => {
    runs += 1;
    await tx.$executeRaw`INSERT INTO jars VALUES ('third', 0)`;
  }).catch(classify);
  expect(await failure).toMatchObject({ kind: 'unavailable', connectionLost: true });
  expect(runs).toBe(1);
  // The pool may not have detected the broken connection yet.
  await inTransaction(db, (tx) => tx.$executeRaw`DROP TRIGGER hang_up ON jars`);
});

test('[T064] a repeated conflict ends after three attempts', async () => {
  let runs = 0;
  const failure = inTransaction(db, async (tx) => {
    runs += 1;
    await tx.$executeRawUnsafe(`DO $$ BEGIN RAISE SQLSTATE '40001'; END $$`);
  }).catch(classify);
  expect(await failure).toMatchObject({ kind: 'retryable', sqlState: '40001' });
  expect(runs).toBe(3);
});

test('[T064] a conflict is not retried if its caller has waited for two seconds', async () => {
  let runs = 0;
  const failure = inTransaction(db, async (tx) => {
    runs += 1;
    await tx.$executeRawUnsafe(`DO $$ BEGIN PERFORM pg_sleep(2.1); RAISE SQLSTATE '40001'; END $$`);
  }).catch(classify);
  expect(await failure).toMatchObject({ kind: 'retryable' });
  expect(runs).toBe(1);
});

test('[T064] an unexpected error is thrown at once, and the change is rolled back', async () => {
  let runs = 0;
  const failing = inTransaction(db, async (tx) => {
    runs += 1;
    await tx.$executeRaw`UPDATE jars SET coins = 99`;
    throw new RangeError('no such jar');
  });
  await expect(failing).rejects.toThrow(new RangeError('no such jar'));
  expect(runs).toBe(1);
  expect(await coinsIn(db, 'left')).toBe(0);
});

async function coinsIn(on: Pick<typeof db, '$queryRaw'>, name: string): Promise<number> {
  const [jar] = await on.$queryRaw<{ coins: number }[]>`SELECT coins FROM jars WHERE name = ${name}`;
  return jar?.coins ?? Number.NaN;
}

/** Opens once `count` callers have arrived. */
function barrier(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  let here = 0;
  return async () => {
    here += 1;
    if (here === count) resolve(undefined);
    await promise;
  };
}

test('[BR-19] a transaction that times out is UNAVAILABLE, not INTERNAL (H2)', async () => {
  const late = db.$transaction(
    async (tx) => {
      await sleep(200);
      await tx.$queryRaw`SELECT 1`;
    },
    { timeout: 50 },
  );
  expect(await late.catch(classify)).toEqual({ kind: 'unavailable', connectionLost: false, why: 'slow' });
});
