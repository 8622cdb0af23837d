import { expect, test, vi } from 'vitest';
import { connect, disconnect, type Database } from '../../server/database/client.ts';
import { uuidOf } from '../../server/ids.ts';
import { differencesIn, foldToTheEnd } from '../kit/counters.ts';
import { freshDatabase } from '../kit/database.ts';
import { ops, startOps } from '../kit/ops.ts';
import { startWorld } from '../kit/world.ts';

vi.setConfig({ testTimeout: 120_000 });

const world = await startWorld();
const environment = { DATABASE_URL: world.databaseUrl };

const generationOf = async (db: Database) => (await db.logConsumer.findFirstOrThrow()).generation;

/** Enough for several parts. */
async function plantMany(db: Database, ownerId: string): Promise<void> {
  await db.$executeRaw`
    INSERT INTO tasks (id, title, owner_id, due_on) SELECT gen_random_uuid(), 'Old', ${ownerId}::uuid, '2027-01-01'
    FROM generate_series(1, 40000)`;
}

/** Waits until a rebuild has written counters next to the current ones. */
async function begun(db: Database): Promise<void> {
  const generation = await generationOf(db);
  await vi.waitUntil(() => db.taskScope.count({ where: { generation: generation + 1 } }), {
    timeout: 60_000,
    interval: 5,
  });
}

test('counters:verify reports differences and exits with 1, and counters:rebuild fixes them during writes', async () => {
  const { ada } = await world.people('Ada');
  await ada.createTask('Tea');
  expect(await ops('counters-verify', [], environment)).toEqual({
    code: 0,
    output: 'All counters match the tasks.\n',
  });
  await plantMany(world.db, uuidOf('User', ada.id));
  const wrong = await ops('counters-verify', [], environment);
  expect(wrong.code).toBe(1);
  expect(wrong.output).toContain('tasks of Ada, of no team: TODO NONE: 1 instead of 40001\n');
  expect(wrong.output).toMatch(/Run npm run counters:rebuild to fix them; .*\n$/);

  const rebuilding = ops('counters-rebuild', [], environment);
  await Promise.all(Array.from({ length: 20 }, () => ada.createTask('Concurrent')));
  const { code, output } = await rebuilding;
  expect(code).toBe(0);
  expect(output).toMatch(
    /^Counted 1 of (\d+) parts .*\n(Counted .*\n)+Counted \1 of \1 parts .*\nRebuilt the counters/,
  );
  expect((await ops('counters-verify', [], environment)).code).toBe(0);
  expect(await ada.query('{ dashboard { statistics { total } } }')).toEqual({
    dashboard: { statistics: { total: 40_021 } },
  });
});

test('a killed rebuild changes no counter, and the next one removes its remains', async () => {
  const url = await freshDatabase();
  const db = connect(url);
  try {
    const { id } = await db.user.create({ data: { name: 'Ada', email: 'ada@example.com' } });
    await foldToTheEnd(url);
    await plantMany(db, id);
    const generation = await generationOf(db);
    const wrong = await differencesIn(url);
    expect(wrong).not.toEqual([]);
    const killed = startOps('counters-rebuild', [], { DATABASE_URL: url });
    await begun(db);
    killed.kill();
    expect((await killed.ended).output).not.toContain('Rebuilt the counters');
    expect(await generationOf(db)).toBe(generation);
    expect(await differencesIn(url)).toEqual(wrong);
    expect((await ops('counters-rebuild', [], { DATABASE_URL: url })).code).toBe(0);
    expect(await differencesIn(url)).toEqual([]);
    expect(await db.taskScope.count({ where: { generation: { not: generation + 1 } } })).toBe(0);
  } finally {
    await disconnect(db);
  }
});

test.each([
  ['snapshot', 0],
  ['counting', 1],
])(
  'a rebuild that loses its connection for the %s prints the reason, and changes nothing',
  async (_, older) => {
    const url = await freshDatabase();
    const db = connect(url);
    try {
      const { id } = await db.user.create({ data: { name: 'Ada', email: 'ada@example.com' } });
      await foldToTheEnd(url);
      await plantMany(db, id);
      const rebuilding = ops('counters-rebuild', [], { DATABASE_URL: url });
      await begun(db);
      await db.$queryRaw`
        SELECT pg_terminate_backend(pid) FROM (
          SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'taskwire rebuild'
          ORDER BY backend_start LIMIT 1 OFFSET ${older}) AS lost`;
      const { code, output } = await rebuilding;
      expect(code).toBe(1);
      expect(output).toMatch(
        /\nLost the connection to the database \(.*\)\. The counters are unchanged; try again\.\n$/,
      );
      expect(await generationOf(db)).toBe(1);
    } finally {
      await disconnect(db);
    }
  },
);
