import { expect, test, vi } from 'vitest';
import { connect, disconnect, type Database } from '../../server/database/client.ts';
import { uuidOf } from '../../server/ids.ts';
import { differencesIn, foldToTheEnd } from '../kit/counters.ts';
import { freshDatabase } from '../kit/database.ts';
import { openSession } from '../kit/session.ts';
import { ops, startOps } from '../kit/ops.ts';
import { startWorld } from '../kit/world.ts';

vi.setConfig({ testTimeout: 120_000 });

const world = await startWorld();
const environment = { DATABASE_URL: world.databaseUrl };

const generationOf = async (db: Database) =>
  (await db.logConsumer.findUniqueOrThrow({ where: { name: 'task_counters' } })).generation;

async function plantMany(db: Database, ownerId: string): Promise<void> {
  await db.$executeRaw`
    INSERT INTO tasks (id, title, owner_id, due_on) SELECT gen_random_uuid(), 'Old', ${ownerId}::uuid, '2027-01-01'
    FROM generate_series(1, 40000)`;
}

/** Runs `work` while a rebuild waits after its first write, next to the current counters. */
async function duringRebuild(url: string, db: Database, work: () => Promise<unknown>): Promise<void> {
  await using holder = await openSession(url);
  await holder.query('SELECT pg_advisory_lock(1)');
  await holder.query(`
    CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END';
    CREATE TRIGGER wait BEFORE INSERT ON task_due_counts EXECUTE FUNCTION wait();
    CREATE TRIGGER wait BEFORE INSERT ON task_day_changes EXECUTE FUNCTION wait()`);
  const waiting = `
    SELECT FROM pg_locks WHERE NOT granted AND locktype = 'advisory'
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
  await vi.waitUntil(async () => (await holder.query(waiting)).rowCount === 2, {
    timeout: 60_000,
    interval: 5,
  });
  const generation = await generationOf(db);
  expect(await db.taskScope.count({ where: { generation: generation + 1 } })).toBeGreaterThan(0);
  await work();
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
    /^(Counted \d+ rows of \w+ \(.*\)\n)*Counted 1 rows of task_due_counts .*\n(Counted .*\n)*Rebuilt the counters/,
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
    await duringRebuild(url, db, () => {
      killed.kill();
      return killed.ended;
    });
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
  ['reading', 'countDeltas'],
  ['writing', 'addDeltas'],
])(
  'a rebuild that loses a connection for %s prints the reason, and changes nothing',
  async (_, statement) => {
    const url = await freshDatabase();
    const db = connect(url);
    try {
      const { id } = await db.user.create({ data: { name: 'Ada', email: 'ada@example.com' } });
      await foldToTheEnd(url);
      await plantMany(db, id);
      const rebuilding = ops('counters-rebuild', [], { DATABASE_URL: url });
      await duringRebuild(
        url,
        db,
        () => db.$queryRaw`
          SELECT pg_terminate_backend(pid, 5000) FROM (
            SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE ${`/* ${statement} */%`}
            ORDER BY backend_start LIMIT 1) AS lost`,
      );
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
