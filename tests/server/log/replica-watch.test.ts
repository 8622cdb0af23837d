import { AsyncLocalStorage } from 'node:async_hooks';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { canMakeStandby, ownPostgres, standbyOf } from '../../../ops/drills/own-postgres.ts';
import { Prisma } from '../../../prisma/generated/client/client.ts';
import { connect, disconnect, replicaStatus, run } from '../../../server/database/client.ts';
import { freePort } from '../../../server/database/free-port.ts';
import { applyMigrations } from '../../../server/database/migrations.ts';
import { newRequester, type Requester } from '../../../server/database/requester.ts';
import { cursorAt, isAfter, SNAPSHOT } from '../../../server/log/cursor.ts';
import { ReplicaWatch } from '../../../server/log/replica-watch.ts';
import { openSession } from '../../kit/session.ts';
import { query } from '../database/scratch-database.ts';

const hasStandbys = await canMakeStandby();
if (!hasStandbys) console.log('▸ There is no pg_basebackup, so the tests of a replica are SKIPPED.');

describe.skipIf(!hasStandbys)('a read replica', { timeout: 60_000 }, async () => {
  const primary = await ownPostgres();
  await applyMigrations(primary.url);
  const url = new URL(primary.url);
  url.port = String(await freePort());
  const replica = await standbyOf(primary.url, url.href);
  await replica.start();
  afterAll(async () => {
    await replica.remove();
    await primary.remove();
  });

  const failures: unknown[] = [];
  const watch = () => {
    const made = new ReplicaWatch(primary.url, replica.url, (error) => failures.push(error));
    onTestFinished(() => made.stop());
    return made;
  };

  test('answers only once it has replayed everything that was committed before (REPLICA)', async () => {
    const watched = watch();
    await expect.poll(() => watched.isCurrent()).toBe(true);
    await query(replica.url, 'SELECT pg_wal_replay_pause()');
    await query(primary.url, `UPDATE event_log SET timeline = timeline`);
    expect(await watched.isCurrent()).toBe(false);
    await query(replica.url, 'SELECT pg_wal_replay_resume()');
    await expect.poll(() => watched.isCurrent(), { timeout: 5_000 }).toBe(true);
    expect(failures).toEqual([]);
  });

  test('gives cursors that cover transactions in flight, which a standby does not list (REPLICA)', async () => {
    const inFlight = await openSession(primary.url);
    onTestFinished(() => inFlight.end());
    const insert = `INSERT INTO events (kind) VALUES ('task.created') RETURNING transaction_id AS id, sequence`;
    await inFlight.query('BEGIN');
    const { rows } = await inFlight.query<{ id: string; sequence: string }>(insert);
    const [late] = rows;
    const [early] = await query(primary.url, insert);
    const read = async () => {
      const [row] = await query(replica.url, `SELECT ${SNAPSHOT} AS seen`);
      return cursorAt(String(row?.['seen']));
    };
    await expect.poll(async () => (await read()).transactionId).toBe(BigInt(String(early?.['id'])));
    const event = { transactionId: BigInt(late?.id ?? 0), sequence: BigInt(late?.sequence ?? 0), nonce: 1 };
    expect(event.transactionId).toBeLessThan(BigInt(String(early?.['id'])));
    expect(isAfter(event, await read())).toBe(true);
    await inFlight.query('COMMIT');
  });

  test('whose query conflicts with a change, or that loses a session, is replaced by the primary (REPLICA)', async () => {
    const askers = new AsyncLocalStorage<Requester>();
    const watched = watch();
    const db = connect(primary.url, { askerOf: () => askers.getStore(), replica: watched });
    onTestFinished(() => disconnect(db));
    const where = (seconds: number) =>
      askers.run({ ...newRequester(), share: 'Ada', readsOnly: true }, () =>
        run<{ port: number }>(
          db,
          Prisma.sql`SELECT inet_server_port() AS port FROM event_log, pg_sleep(${seconds})`,
        ),
      );
    const [here, there] = [primary.url, replica.url].map((each) => [{ port: Number(new URL(each).port) }]);
    const running = `FROM pg_stat_activity WHERE query LIKE 'SELECT inet%' AND state = 'active'`;
    const isRunning = () => query(replica.url, `SELECT count(*)::int AS count ${running}`);
    await expect.poll(() => where(0)).toEqual(there);

    await query(replica.url, 'ALTER SYSTEM SET max_standby_streaming_delay = 0');
    await query(replica.url, 'SELECT pg_reload_conf()');
    const conflicting = where(1);
    await expect.poll(isRunning).toEqual([{ count: 1 }]);
    await query(primary.url, 'BEGIN; LOCK TABLE event_log; COMMIT');
    expect(await conflicting).toEqual(here);
    expect(failures, 'the replica is still there').toEqual([]);

    await expect.poll(() => where(0)).toEqual(there);
    const interrupted = where(1);
    await expect.poll(isRunning).toEqual([{ count: 1 }]);
    await query(replica.url, `SELECT pg_terminate_backend(pid) ${running}`);
    expect(await interrupted).toEqual(here);
    expect(failures).toHaveLength(1);
    await expect.poll(() => where(0), { timeout: 5_000 }).toEqual(there);
    expect(replicaStatus(db)?.isCurrent).toBe(true);
  });

  test('that was promoted is not asked, since the two databases now differ (REPLICA)', async () => {
    const watched = watch();
    await expect.poll(() => watched.isCurrent()).toBe(true);
    await query(replica.url, 'SELECT pg_promote()');
    expect(await watched.isCurrent()).toBe(false);
  });
});
