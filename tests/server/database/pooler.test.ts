import { expect, onTestFinished, test, vi } from 'vitest';
import { Follower } from '../../../ops/drills/follower.ts';
import { createdIn, signUp } from '../../../ops/drills/workspace.ts';
import { applyMigrations } from '../../../server/database/migrations.ts';
import { openPooler } from '../../../server/database/pooler.ts';
import { freshDatabase } from '../../kit/database.ts';
import { pgbouncerVersion, throughPgbouncer } from '../../kit/pgbouncer.ts';
import { startTestServer } from '../../kit/server.ts';
import { emptyDatabase, query } from './scratch-database.ts';

vi.setConfig({ testTimeout: 60_000 });

const version = await pgbouncerVersion();
if (!version) console.log('▸ PgBouncer is not installed, so the tests behind it are SKIPPED.');
const databaseUrl = await freshDatabase();

const CREATE = 'mutation ($title: String!) { createTask(input: { title: $title }) { cursor } }';

test.skipIf(!version)(
  'behind PgBouncer in transaction mode, people work and follow changes with four sessions for ten connections (POOLER)',
  async () => {
    const server = await startTestServer(await throughPgbouncer(databaseUrl), {
      DATABASE_DIRECT_URL: databaseUrl,
    });
    onTestFinished(() => server.stop());
    const people = await Promise.all(Array.from({ length: 6 }, () => signUp(server.url)));
    const [follower] = await Promise.all(
      people.map(async ({ token }) => {
        const each = new Follower(server.url, token);
        onTestFinished(() => {
          each.stop();
        });
        await each.start();
        return each;
      }),
    );
    const titles = Array.from({ length: 5 }, (_, n) => `Task ${String(n)}`);
    await Promise.all(people.flatMap((person) => titles.map((title) => person.query(CREATE, { title }))));
    for (const person of people)
      expect(await person.query('{ dashboard { statistics { total } } tasks { totalCount } }')).toEqual({
        dashboard: { statistics: { total: titles.length } },
        tasks: { totalCount: titles.length },
      });
    const [first] = people;
    const created = first ? (await createdIn(first)).map(({ id }) => id) : [];
    expect(created).toHaveLength(titles.length);
    await expect.poll(() => follower?.received).toEqual(created);
    const [sessions] = await query(
      databaseUrl,
      `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'taskwire'`,
    );
    expect(sessions?.['count']).toBeLessThanOrEqual(4);
  },
);

test.skipIf(!version)(
  'prepared statements are used behind PgBouncer 1.21 and newer only (POOLER)',
  async () => {
    const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
    expect(await openPooler(await throughPgbouncer(databaseUrl), databaseUrl)).toMatchObject({
      preparesStatements: major > 1 || minor >= 21,
    });
  },
);

test.skipIf(!version)(
  'without DATABASE_DIRECT_URL, the start names it; with that of another database, it says so (POOLER)',
  async () => {
    const pooled = await throughPgbouncer(databaseUrl);
    await expect(applyMigrations(pooled)).rejects.toMatchObject({
      code: 'DATABASE_UNSUITABLE',
      message: expect.stringContaining('Set DATABASE_DIRECT_URL to PostgreSQL itself') as string,
    });
    const other = await emptyDatabase();
    await applyMigrations(other);
    await expect(openPooler(pooled, other)).rejects.toMatchObject({ code: 'DATABASE_UNSUITABLE' });
  },
);
