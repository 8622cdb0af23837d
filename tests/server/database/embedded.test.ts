import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { startEmbedded } from '../../../server/database/embedded.ts';
import { query } from './scratch-database.ts';

const program = fileURLToPath(new URL('hold-database.ts', import.meta.url));
const folders: string[] = [];

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'taskwire-embedded-'));
  folders.push(folder);
  return folder;
}

/** A data directory that most tests continue to use; each of them stops its PostgreSQL. */
const dataDir = await newFolder();

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

test('the first start creates a database, and the second keeps its data', async () => {
  const first = await startEmbedded(dataDir);
  await query(first.url, 'CREATE TABLE notes (words text); INSERT INTO notes VALUES ($$kept$$)');
  await first.stop();

  const second = await startEmbedded(dataDir);
  onTestFinished(() => second.stop());
  expect(await notes(second.url)).toEqual(['kept']);
  expect(await query(second.url, 'SELECT lower($$ÄRGER$$) AS folded')).toEqual([{ folded: 'ärger' }]);
});

test('connections need the password, which only its owner can read', async () => {
  const database = await startEmbedded(dataDir);
  onTestFinished(() => database.stop());
  const guess = new URL(database.url);
  guess.password = 'taskwire';
  await expect(query(guess.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  expect(await query(database.url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
  expect((await stat(join(dataDir, 'postgresql.password'))).mode & 0o777).toBe(0o600);
});

test('after kill -9 of the server, the next start stops the PostgreSQL that is still running', async () => {
  const server = run(dataDir);
  const url = await firstLine(server);
  await query(url, 'INSERT INTO notes VALUES ($$written just before$$)');
  await end(server, 'SIGKILL');
  expect(await notes(url), 'the orphan still answers').toContain('written just before');

  const next = await startEmbedded(dataDir);
  onTestFinished(() => next.stop());
  expect(await notes(next.url)).toContain('written just before');
  await expect(query(url, 'SELECT 1'), 'the orphan is gone').rejects.toThrow();
});

test('after kill -9 of the server and its PostgreSQL, committed rows exist', async () => {
  const server = run(dataDir);
  const url = await firstLine(server);
  await query(url, 'INSERT INTO notes VALUES ($$written before the crash$$)');
  await end(server, 'SIGKILL');
  process.kill(await postmasterPid(), 'SIGKILL');

  const next = await startEmbedded(dataDir);
  onTestFinished(() => next.stop());
  expect(await notes(next.url)).toContain('written before the crash');
});

test('a stale process id of another program does not block the start', async () => {
  await writeFile(join(dataDir, 'postgresql', 'postmaster.pid'), `${process.pid}\n`);
  await writeFile(join(dataDir, 'server.pid'), `${process.pid}\n`);
  const database = await startEmbedded(dataDir);
  onTestFinished(() => database.stop());
  expect(await notes(database.url)).toContain('kept');
});

test('Ctrl-C, which reaches the whole process group, stops the database cleanly', async () => {
  const server = run(dataDir, { ownGroup: true });
  const url = await firstLine(server);
  const busy = query(url, 'SELECT pg_sleep(30)').catch((error: unknown) => error);
  await sleep(100);
  process.kill(-Number(server.pid), 'SIGINT');
  expect(await once(server, 'exit')).toEqual([0, null]);
  expect(await busy).toMatchObject({ code: '57P01' });
  const log = await readFile(join(dataDir, 'postgresql.log'), 'utf8');
  expect(log.trimEnd().split('\n').at(-1)).toContain('database system is shut down');
});

test('of two concurrent starts on one directory, one runs and the other reports it', async () => {
  const folder = await newFolder();
  const servers = [run(folder), run(folder)];
  const complaints = servers.map((server) => allOf(server.stderr));
  const loser = await Promise.race(servers.map((server) => once(server, 'exit').then(() => server)));
  const [winner] = servers.filter((server) => server !== loser);
  expect(loser.exitCode).toBe(1);
  expect(await complaints[servers.indexOf(loser)]).toContain(
    `Another Taskwire (process ${Number(winner?.pid)}) is already running on ${folder}. Stop it first`,
  );
  if (winner) {
    expect(await query(await firstLine(winner), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await end(winner, 'SIGINT');
  }
});

test('an incomplete cluster of a killed server is created again', async () => {
  const folder = await newFolder();
  const server = run(folder);
  await expect.poll(() => drafts(folder), { timeout: 10_000 }).toHaveLength(1);
  await end(server, 'SIGKILL');
  expect(await readdir(folder)).not.toContain('postgresql');

  const database = await startEmbedded(folder);
  onTestFinished(() => database.stop());
  expect(await query(database.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await expect(startEmbedded(folder), 'the first one is still running').rejects.toMatchObject({
    code: 'DATA_DIR_IN_USE',
  });
});

test('a lost password is replaced by a new one', async () => {
  await unlink(join(dataDir, 'postgresql.password'));
  const database = await startEmbedded(dataDir);
  onTestFinished(() => database.stop());
  expect(await notes(database.url)).toContain('kept');
});

test.each(['SIGKILL', 'SIGINT'] as const)(
  '[T064] a PostgreSQL that %s ends is restarted at the same address, with all its data',
  { timeout: 60_000 },
  async (signal) => {
    const troubles: string[] = [];
    const database = await startEmbedded(dataDir, { onTrouble: (sentence) => troubles.push(sentence) });
    onTestFinished(() => database.stop());
    const before = await postmasterPid();
    await query(database.url, `INSERT INTO notes VALUES ($$before ${signal}$$)`);
    process.kill(before, signal);
    await expect
      .poll(() => notes(database.url).catch(() => []), { timeout: 30_000 })
      .toContain(`before ${signal}`);
    expect(await postmasterPid()).not.toBe(before);
    expect(troubles[0]).toContain('PostgreSQL ended unexpectedly and is being restarted.');
    await database.stop();
    await expect(
      query(database.url, 'SELECT 1'),
      'the restarted PostgreSQL is stopped, too',
    ).rejects.toThrow();
  },
);

test('[T064] a failed restart of PostgreSQL is retried, and can be stopped during the wait', async () => {
  const settings = join(dataDir, 'postgresql', 'postgresql.auto.conf');
  const before = await readFile(settings, 'utf8');
  const troubles: string[] = [];
  const database = await startEmbedded(dataDir, { onTrouble: (sentence) => troubles.push(sentence) });
  onTestFinished(() => database.stop());
  await writeFile(settings, 'wal_level = sideways\n');
  process.kill(await postmasterPid(), 'SIGINT');
  await expect.poll(() => troubles, { timeout: 30_000 }).toHaveLength(2);
  expect(troubles[1]).toContain('invalid value for parameter "wal_level": "sideways"');
  await writeFile(settings, before);
  await expect.poll(() => notes(database.url).catch(() => []), { timeout: 30_000 }).toContain('kept');

  await writeFile(settings, 'wal_level = sideways\n');
  process.kill(await postmasterPid(), 'SIGINT');
  await expect.poll(() => troubles.length, { timeout: 30_000 }).toBeGreaterThan(3);
  await database.stop();
  await writeFile(settings, before);
  await (await startEmbedded(dataDir)).stop();
}, 120_000);

test('if PostgreSQL does not start, its last output is shown, and the next start can try again', async () => {
  const settings = join(dataDir, 'postgresql', 'postgresql.auto.conf');
  const before = await readFile(settings, 'utf8');
  await writeFile(settings, 'wal_level = sideways\n');
  const failure = await startEmbedded(dataDir).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: 'DATABASE_DID_NOT_START',
    message: expect.stringContaining('invalid value for parameter "wal_level": "sideways"') as string,
  });
  await writeFile(settings, before);
  await (await startEmbedded(dataDir)).stop();
});

test('a database of another PostgreSQL version is rejected with a fix', async () => {
  const version = join(dataDir, 'postgresql', 'PG_VERSION');
  await writeFile(version, '18\n');
  const failure = await startEmbedded(dataDir).catch((error: unknown) => error);
  await writeFile(version, '15\n');
  expect(failure).toMatchObject({
    code: 'DATABASE_VERSION_MISMATCH',
    message: expect.stringContaining('was made by PostgreSQL 18') as string,
  });
});

test('a directory that cannot be created is named', async () => {
  const file = join(await newFolder(), 'file');
  await writeFile(file, '');
  await expect(startEmbedded(join(file, 'data'))).rejects.toMatchObject({
    code: 'DATA_DIR_UNUSABLE',
    message: expect.stringContaining(join(file, 'data')) as string,
  });
});

function run(folder: string, { ownGroup = false } = {}): ChildProcess {
  return spawn('node', [program, folder], { stdio: ['ignore', 'pipe', 'pipe'], detached: ownGroup });
}

async function firstLine(server: ChildProcess): Promise<string> {
  if (!server.stdout) throw new Error('started without output');
  for await (const line of createInterface(server.stdout)) return line;
  throw new Error('it ended without a word');
}

async function allOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = '';
  for await (const chunk of stream ?? []) text += String(chunk);
  return text;
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = once(server, 'exit');
  server.kill(signal);
  await exit;
}

async function postmasterPid(): Promise<number> {
  return Number.parseInt(await readFile(join(dataDir, 'postgresql', 'postmaster.pid'), 'utf8'), 10);
}

async function drafts(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith('postgresql.new-'));
}

async function notes(url: string): Promise<unknown[]> {
  return (await query(url, 'SELECT words FROM notes ORDER BY words')).map(({ words }) => words);
}
