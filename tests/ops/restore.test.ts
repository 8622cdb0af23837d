import { copyFile, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { contentOf, inSnapshot } from '../../ops/backup/content.ts';
import { counterTables } from '../../server/counters/rebuild.ts';
import { differencesIn } from '../kit/counters.ts';
import { fileIn, hasPgDump, ops, scratchFolder, startOps } from '../kit/ops.ts';
import { dialAs, watchEvents, watchOn, type EventTold } from '../kit/live.ts';
import { startServerProcess } from '../kit/server-process.ts';
import { openSession } from '../kit/session.ts';
import { giveShare } from '../kit/shares.ts';
import { PASSWORD, startWorld, type Person } from '../kit/world.ts';
import { query } from '../server/database/scratch-database.ts';

const world = await startWorld();
const folder = await scratchFolder();
const environment = {
  DATABASE_URL: world.databaseUrl,
  BACKUP_DIR: folder,
  DATA_DIR: join(folder, 'data'),
  // The test server's own.
  AUTH_SECRET: 'a secret that guards nothing but tests',
};

const EVERYTHING = `{
  viewer { id name email }
  tasks(first: 100, orderBy: [{ field: CREATED_AT, direction: ASC }]) { nodes { id title status version comments(first: 10) { nodes { body } } } totalCount }
  trash(first: 5) { nodes { id title deletedAt } }
  dashboard { statistics { total pending completed shared } breakdown { status count } activity { completedToday createdToday } }
  teams(first: 10) { nodes { name members(first: 10) { nodes { role user { name } } } } }
}`;

async function content() {
  await using client = await openSession(world.databaseUrl);
  return (await inSnapshot(client, () => contentOf(client))).tables;
}

/** Every table except the counters, which the server folds independently. */
async function uncounted() {
  return Object.fromEntries(
    Object.entries(await content()).filter(([name]) => !counterTables.includes(name)),
  );
}

const target = new URL(world.databaseUrl).pathname.slice(1);

/** A connection that a restore does not terminate. */
async function separateConnection(): Promise<Client> {
  const client = await openSession(inject('databases').serverUrl);
  onTestFinished(() => client.end());
  return client;
}

async function count(client: Client, sql: string): Promise<number> {
  return (await client.query(sql)).rowCount ?? 0;
}

async function databasesLeft(): Promise<unknown[]> {
  const rows = await query(
    world.databaseUrl,
    `SELECT datname FROM pg_database
     WHERE datname ~ ('^' || left(current_database(), 30) || '_(restore|verify)_')`,
  );
  return rows.map(({ datname }) => datname);
}

const signIn = (person: Person) =>
  world.query<{ signIn: { token: string } }>(
    'mutation ($input: SignInInput!) { signIn(input: $input) { token } }',
    { input: { email: person.email, password: PASSWORD } },
  );

describe.skipIf(!hasPgDump)('restoring', { timeout: 120_000 }, () => {
  test('[T061] after a disaster every row, number and login is as in the backup, while the server keeps running', async () => {
    const { ada, bob } = await world.people('Ada', 'Bob');
    const watering = await ada.createTask('Water the plants', { priority: 'HIGH' });
    const done = await ada.createTask('Repot the fern');
    await ada.query('mutation ($id: ID!) { completeTask(input: { id: $id }) { cursor } }', { id: done });
    await giveShare(ada, bob, watering, { permission: 'EDIT' });
    await bob.query(
      'mutation ($id: ID!) { addComment(input: { taskId: $id, body: "Twice a week" }) { cursor } }',
      {
        id: watering,
      },
    );
    await bob.query('mutation { createTeam(input: { name: "Gardeners" }) { cursor } }');
    const trashed = await ada.createTask('In the trash');
    await ada.query('mutation ($id: ID!) { deleteTask(input: { id: $id }) { cursor } }', { id: trashed });
    const before = { ada: await ada.query(EVERYTHING), bob: await bob.query(EVERYTHING) };
    const rows = await content();
    const file = fileIn(await ops('backup', [], environment));
    const [log] = await query(world.databaseUrl, 'SELECT epoch FROM event_log');

    const { eve } = await world.people('Eve');
    await eve.createTask('Too late for the backup');
    await ada.query('mutation ($id: ID!) { deleteTask(input: { id: $id }) { cursor } }', { id: watering });
    await bob.query('mutation { signOut { signedOut } }');
    await query(
      world.databaseUrl,
      'DROP TABLE tasks, messages CASCADE; DELETE FROM users WHERE name = $$Ada$$',
    );

    const restored = await ops('restore', ['--yes', file], environment);
    expect(restored).toMatchObject({ code: 0 });

    const back = await content();
    // Its rows are the same, except for the epoch of the log and the rebuilt counters.
    const others = ['events', 'event_log', ...counterTables];
    expect(back).toMatchObject(
      Object.fromEntries(Object.entries(rows).filter(([name]) => !others.includes(name))),
    );
    expect(back['events']?.rows).toBe(rows['events']?.rows);
    expect(await differencesIn(world.databaseUrl)).toEqual([]);
    expect(Object.keys(back)).toEqual(Object.keys(rows));
    expect({ ada: await ada.query(EVERYTHING), bob: await bob.query(EVERYTHING) }).toEqual(before);
    expect((await signIn(ada)).signIn.token).toBeTruthy();
    await expect(signIn(eve), 'her account is newer than the backup').rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    expect(
      await query(world.databaseUrl, 'SELECT epoch FROM event_log'),
      'earlier cursors expire',
    ).not.toEqual([log]);
    await ada.query('mutation ($id: ID!) { restoreTask(input: { id: $id }) { cursor } }', { id: trashed });
    const after = await ada.createTask('Life goes on');
    expect(await ada.query('query ($id: ID!) { task(id: $id) { title } }', { id: after })).toEqual({
      task: { title: 'Life goes on' },
    });
    expect(await databasesLeft()).toEqual([]);
  });

  test('[T061] the safety backup has the replaced data, so a restore can be reverted', async () => {
    const { kim } = await world.people('Kim');
    const file = fileIn(await ops('backup', [], environment));
    await kim.createTask('Written after the backup');
    const { total } = await numbers(kim);
    expect(total).toBe(1);

    const safety = fileIn({ ...(await ops('restore', ['--yes', file], environment)) });
    expect((await numbers(kim)).total).toBe(0);
    expect(await ops('restore', ['--yes', safety], environment)).toMatchObject({ code: 0 });
    expect((await numbers(kim)).total).toBe(1);
  });

  test('[T061] [FR-017] after a restore, subscribers get CURSOR_EXPIRED, and accounts newer than the backup are signed out', async () => {
    const { lea } = await world.people('Lea');
    const file = fileIn(await ops('backup', [], environment));
    const { max } = await world.people('Max');
    const [ofLea, ofMax] = await Promise.all([watchEvents(world, lea), watchEvents(world, max)]);
    const socket = await dialAs(world, lea);
    await lea.createTask('Written after the backup');
    const { events } = await ofLea.until(({ events: { event } }) => event?.kind === 'TASK_CREATED');

    expect(await ops('restore', ['--yes', file], environment)).toMatchObject({ code: 0 });
    expect(await ofLea.end).toBe('CURSOR_EXPIRED');
    expect(await ofMax.wire.closed).toMatchObject({ code: 4401 });
    expect(await (await watchEvents(world, lea, { after: events.cursor })).end).toBe('CURSOR_EXPIRED');
    const resumed = watchOn<EventTold>(socket, 'subscription { events { event { kind task { title } } } }');
    await resumed.until(({ events: { event } }) => event === null);
    await lea.createTask('Life goes on');
    await resumed.until(({ events: { event } }) => event?.task?.title === 'Life goes on');
  });

  test('[T061] writes until the last moment are in a second safety backup', async () => {
    const { may } = await world.people('May');
    const file = fileIn(await ops('backup', [], environment));
    const end = new AbortController();
    const writing = (async () => {
      for (let n = 1; !end.signal.aborted; n += 1) {
        await may.createTask(`Task ${n}`).catch(() => undefined);
        await sleep(5);
      }
    })();
    const restored = await ops('restore', ['--yes', file], environment);
    end.abort();
    await writing;
    expect(restored.output).toContain('Backing up the latest changes');
    const [first, second] = [...restored.output.matchAll(/previous database is in (\S+\.dump)/g)].map(
      ([, path]) => path,
    );
    const tasksIn = async (path = '') =>
      (
        JSON.parse(await readFile(path.replace('.dump', '.json'), 'utf8')) as {
          tables: { tasks: { rows: number } };
        }
      ).tables.tasks.rows;
    expect(await tasksIn(second)).toBeGreaterThan(await tasksIn(first));
    expect(await databasesLeft()).toEqual([]);
  });

  test('[T061] a corrupt or truncated backup is rejected, and nothing changes', async () => {
    const { pia } = await world.people('Pia');
    await pia.createTask('Still here');
    const file = fileIn(await ops('backup', [], environment));
    const manifest = file.replace('.dump', '.json');
    const rows = await uncounted();
    const whole = await readFile(file);
    const spoiled: Record<string, () => Promise<unknown>> = {
      'a changed byte': () => writeFile(file, flipped(whole)),
      'a missing end': () => truncate(file, whole.length - 100),
      'an empty file': () => truncate(file, 0),
    };
    for (const [how, spoil] of Object.entries(spoiled)) {
      await spoil();
      expect(await ops('restore', ['--yes', file], environment), how).toMatchObject({
        code: 1,
        output: expect.stringMatching(/is damaged: .* Nothing was changed/) as string,
      });
      expect(await ops('backup-verify', [file], environment), how).toMatchObject({ code: 1 });
      await writeFile(file, whole);
    }
    const kept = await readFile(manifest, 'utf8');
    await rm(manifest);
    expect((await ops('restore', ['--yes', file], environment)).output).toContain('The manifest');
    await writeFile(manifest, kept.slice(0, 200));
    expect((await ops('restore', ['--yes', file], environment)).output).toContain('it cannot be read');
    await writeFile(manifest, kept);
    expect(await uncounted()).toEqual(rows);
    expect(await differencesIn(world.databaseUrl)).toEqual([]);
    expect(await databasesLeft()).toEqual([]);
  });

  test('[T061] a backup with rows that differ from its manifest is refused, and nothing changes', async () => {
    const file = fileIn(await ops('backup', [], environment));
    const copy = join(folder, 'backup_20200101_000000.dump');
    await copyFile(file, copy);
    const manifest = JSON.parse(await readFile(file.replace('.dump', '.json'), 'utf8')) as {
      name: string;
      tables: Record<string, { rows: number; digest: string }>;
    };
    manifest.name = 'backup_20200101_000000';
    manifest.tables['tasks'] = { rows: 9, digest: '9' };
    manifest.tables['users'] = { rows: manifest.tables['users']?.rows ?? 0, digest: '9' };
    await writeFile(copy.replace('.dump', '.json'), JSON.stringify(manifest));
    const rows = await uncounted();

    const { code, output } = await ops('restore', ['--yes', copy], environment);
    expect(code).toBe(1);
    expect(output).toMatch(/tasks: \d+ rows of 9/);
    expect(output).toContain('users: rows differ');
    expect(await uncounted()).toEqual(rows);
    expect(await differencesIn(world.databaseUrl)).toEqual([]);
    expect(await databasesLeft()).toEqual([]);
  });

  test('[T061] of two concurrent restores one succeeds, and the other prints why it cannot run', async () => {
    const file = fileIn(await ops('backup', [], environment));
    const elsewhere = { ...environment, BACKUP_DIR: await scratchFolder() };
    const ends = await Promise.all([
      ops('restore', ['--yes', file], environment),
      ops('restore', ['--yes', file], elsewhere),
    ]);
    expect(ends.map(({ code }) => code).sort()).toEqual([0, 1]);
    expect(ends.find(({ code }) => code === 1)?.output).toMatch(/Another restore of \S+ is running/);
  });

  test('[T061] a restore killed while it replaces the database can be repeated, and a starting server reports it', async () => {
    const { sam } = await world.people('Sam');
    await sam.createTask('Kept');
    const file = fileIn(await ops('backup', [], environment));
    await sam.createTask('Written after the backup');
    const [holder, observer] = [await separateConnection(), await separateConnection()];
    // A COMMENT on a database blocks renaming it.
    await holder.query(`BEGIN; COMMENT ON DATABASE ${target} IS 'held'`);
    const restore = startOps('restore', ['--yes', file], environment);
    const renaming = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'ALTER DATABASE "${target}" RENAME%'`;
    await expect.poll(() => count(observer, renaming), { timeout: 60_000 }).toBe(1);
    restore.kill();
    await restore.ended;
    await holder.query('ROLLBACK');
    const restorer = `SELECT FROM pg_stat_activity WHERE query LIKE 'ALTER DATABASE "${target}" RENAME%'`;
    await expect.poll(() => count(observer, restorer), { timeout: 20_000 }).toBe(0);

    await expect(startServerProcess(world.databaseUrl)).rejects.toThrow(
      /not currently accepting connections.*run it again.*ALLOW_CONNECTIONS true/s,
    );
    expect(await ops('backup', [], environment)).toMatchObject({
      code: 1,
      output: expect.stringContaining(`ALTER DATABASE "${target}" ALLOW_CONNECTIONS true`) as string,
    });

    expect(await ops('restore', ['--yes', file], environment)).toMatchObject({ code: 0 });
    expect(await databasesLeft(), 'the new database of the killed restore is removed, too').toEqual([]);
    expect((await numbers(sam)).total).toBe(1);
    await startServerProcess(world.databaseUrl);
  });

  test('[T061] a restore killed after the replacement has succeeded, and the next one prints what is left', async () => {
    const { tim } = await world.people('Tim');
    const file = fileIn(await ops('backup', [], environment));
    const observer = await separateConnection();
    const replaced = `SELECT datname FROM pg_database WHERE datname ~ ('^' || left('${target}', 30) || '_restore_\\d+_replaced$')`;
    await tim.createTask('Written after the backup');
    // A faster run has removed it already.
    while ((await count(observer, replaced)) === 0) {
      const restore = startOps('restore', ['--yes', file], environment);
      const over = restore.ended.then(() => true);
      const isOver = () => Promise.race([over, setImmediate(false)]);
      while (!(await isOver()) && (await count(observer, replaced)) === 0);
      restore.kill();
      await restore.ended;
    }
    const { rows } = await observer.query<{ datname: string }>(replaced);
    const left = rows[0]?.datname ?? '';
    await expect
      .poll(() => numbers(tim).catch(() => undefined), { timeout: 30_000 })
      .toMatchObject({ total: 0 });

    const again = await ops('restore', ['--yes', file], environment);
    expect(again).toMatchObject({ code: 0 });
    expect(again.output).toContain(`still exists as ${left}. Remove it with DROP DATABASE "${left}".`);
    await observer.query(`DROP DATABASE "${left}" WITH (FORCE)`);
    expect(await databasesLeft()).toEqual([]);
  });

  test('[T061] a backup moves between databases of different locales, and its digests leave out search words (BACKUP-LOCALE)', async () => {
    const { ida } = await world.people('Ida');
    await ida.createTask('ÜBERPRÜFUNG—資料 🚀Launch');
    const options = {
      icu: "LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'und'",
      libc: "LOCALE 'C.UTF-8'",
      c: "LOCALE 'C'",
    };
    let from = environment;
    for (const [name, locale] of Object.entries(options)) {
      const url = new URL(world.databaseUrl);
      url.pathname = `/${target}_${name}`;
      await query(
        world.databaseUrl,
        `CREATE DATABASE ${target}_${name} TEMPLATE template0 ENCODING 'UTF8' ${locale}`,
      );
      const file = fileIn(await ops('backup', [], from));
      from = { ...environment, DATABASE_URL: url.href };
      expect(await ops('restore', ['--yes', file], from)).toMatchObject({ code: 0 });
      await query(
        url.href,
        "ALTER TABLE tasks DISABLE TRIGGER tasks_changed_words; UPDATE tasks SET words = ''",
      );
      expect(await query(url.href, "SELECT count(*)::int AS found FROM tasks WHERE words <> ''")).toEqual([
        { found: 0 },
      ]);
      const { tables } = JSON.parse(await readFile(file.replace('.dump', '.json'), 'utf8')) as {
        tables: object;
      };
      await using moved = await openSession(url.href);
      const now = await inSnapshot(moved, () => contentOf(moved));
      expect(now.tables['tasks']).toEqual((tables as typeof now.tables)['tasks']);
    }
  });

  test('[T061] a restore without a terminal needs --yes, and a database of another program is not replaced', async () => {
    const file = fileIn(await ops('backup', [], environment));
    expect(await ops('restore', [file], environment)).toMatchObject({
      code: 1,
      output: expect.stringContaining('add --yes. Nothing was changed.') as string,
    });
    const others = `${new URL(world.databaseUrl).pathname.slice(1)}_others`;
    await query(world.databaseUrl, `CREATE DATABASE ${others}`);
    const url = new URL(world.databaseUrl);
    url.pathname = `/${others}`;
    await query(url.href, 'CREATE TABLE precious (words text)');
    const { output } = await ops('restore', ['--yes', file], { ...environment, DATABASE_URL: url.href });
    expect(output).toContain('holds 1 table of another program');
    expect(await query(url.href, 'SELECT count(*)::int AS rows FROM precious')).toEqual([{ rows: 0 }]);
  });

  test('[T061] verifying reports the newest backup as good, and records it in status.json', async () => {
    const file = fileIn(await ops('backup', [], environment));
    expect(await ops('backup-verify', [], environment)).toMatchObject({
      code: 0,
      output: expect.stringContaining('is good: restored and compared') as string,
    });
    const status = JSON.parse(await readFile(join(folder, 'status.json'), 'utf8')) as Record<string, unknown>;
    expect(status).toMatchObject({
      backup: { succeeded: true },
      lastVerified: { succeeded: true, name: /backup_\d+_\d+/.exec(file)?.[0] },
    });
    expect((await readdir(folder)).filter((name) => name.includes('draft'))).toEqual([]);
  });
});

async function numbers(person: Person): Promise<{ total: number }> {
  const { dashboard } = await person.query<{ dashboard: { statistics: { total: number } } }>(
    '{ dashboard { statistics { total } } }',
  );
  return dashboard.statistics;
}

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const middle = copy.length >> 1;
  copy[middle] = (copy[middle] ?? 0) ^ 1;
  return copy;
}
