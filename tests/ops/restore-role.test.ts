import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { ownPostgres } from '../../ops/drills/own-postgres.ts';
import { databaseOf, withDatabase } from '../../ops/backup/connection-url.ts';
import { openCluster, type Cluster } from '../../ops/backup/cluster.ts';
import { openSession } from '../kit/session.ts';

/** The pause of autovacuum between two pages. */
const SLOW = ['autovacuum_vacuum_cost_delay = 100', 'autovacuum_vacuum_cost_limit = 1'];
const EAGER = [
  'autovacuum_naptime = 1',
  'autovacuum_vacuum_insert_threshold = 0',
  'autovacuum_analyze_threshold = 0',
];

const postgres = await ownPostgres();
afterAll(() => postgres.remove());
const admin = await openSession(withDatabase(postgres.url, 'template1'));
afterAll(() => admin.end());
for (const setting of [...SLOW, ...EAGER]) await admin.query(`ALTER SYSTEM SET ${setting}`);
await admin.query('SELECT pg_reload_conf()');
await admin.query("CREATE ROLE keeper LOGIN CREATEDB PASSWORD 'keeper'");

const address = new URL(withDatabase(postgres.url, 'work'));
Object.assign(address, { username: 'keeper', password: 'keeper' });

/** Fills a database until autovacuum runs in it. */
async function vacuumed(name: string): Promise<void> {
  const client = await openSession(withDatabase(address.href, name));
  await client.query(
    'CREATE TABLE many AS SELECT n, repeat($$x$$, 500) AS text FROM generate_series(1, 50000) AS n',
  );
  await client.end();
  for (;;) {
    const { rowCount } = await admin.query(
      "SELECT FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'autovacuum worker'",
      [name],
    );
    if (rowCount) return;
    await sleep(50);
  }
}

const names = async () =>
  (
    await admin.query<{ datname: string }>("SELECT datname FROM pg_database WHERE datname LIKE 'work%'")
  ).rows.map(({ datname }) => datname);

const opened = (): Promise<Cluster> => openCluster(address.href, 'restore');

describe('as a role without superuser rights, while autovacuum is running', { timeout: 120_000 }, () => {
  test('[T061] a scratch database is removed, and the next attempt removes the one of a killed attempt (RESTORE-ROLE)', async () => {
    const first = await opened();
    const scratch = await first.make('verify', databaseOf(address.href));
    await vacuumed(scratch);
    await first.drop(scratch);
    expect(await names()).toEqual([]);
    const left = await first.make('verify', databaseOf(address.href));
    await vacuumed(left);
    await first[Symbol.asyncDispose]();
    expect(await names()).toEqual([left]);
    await using next = await opened();
    expect(await next.has(left)).toBe(false);
  });

  test('[T061] a new database replaces the old one (RESTORE-ROLE)', async () => {
    await using cluster = await opened();
    const old = await cluster.make('restore', databaseOf(address.href));
    await cluster.replace('work', old);
    await vacuumed('work');
    const successor = await cluster.make('restore', 'work');
    await vacuumed(successor);
    const replaced = await cluster.replace('work', successor);
    expect(await names()).toEqual(expect.arrayContaining(['work', replaced]));
    await cluster.drop(replaced ?? '');
    expect(await names()).toEqual(['work']);
  });
});
