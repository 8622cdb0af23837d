import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chown,
  mkdtemp,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockDataDir } from './data-dir-lock.ts';
import { stopOrphan } from './orphan.ts';
import { ended, findPrograms, isRunning, type Programs } from './postgres-programs.ts';
import { DatabaseDidNotStart, DatabaseVersionMismatch } from './start-failure.ts';

const MAJOR = '15';
const ROLE = 'taskwire';
const DATABASE = 'taskwire';

const CLUSTER = 'postgresql';
const DRAFT_PREFIX = 'postgresql.new-';
const LOG = 'postgresql.log';
const PASSWORD = 'postgresql.password';
const LOG_LIMIT_BYTES = 10 * 1024 * 1024;
const LINES_TO_SHOW = 5;

const READY_POLL_MS = 5;
/** Also covers the replay of the write-ahead log after a crash. */
const READY_WITHIN_MS = 120_000;
const OTHERS_POLL_MS = 100;
const OTHERS_READY_WITHIN_MS = 15_000;
const STOP_WITHIN_MS = 10_000;
const START_TRIES = 5;
const RETRY_AFTER_MS = 500;

export interface EmbeddedDatabase {
  /** With the password in it: not for logs. */
  url: string;
  /** Resolves when PostgreSQL has ended although nobody asked it to, with the reason as a sentence. */
  died: Promise<string>;
  /** Ends PostgreSQL once running statements are cancelled, and gives the folder up. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts the embedded PostgreSQL on `dataDir`, on a free port of 127.0.0.1, and makes folder and cluster on the
 * first start. Takes over what a killed server has left: its PostgreSQL, its lock files, a half-made cluster.
 * @param meanwhile called whenever one of its programs was started and works beside us: the time to be busy.
 * @throws StartFailure: DataDirInUse, DataDirUnusable, DatabaseVersionMismatch or DatabaseDidNotStart.
 */
export async function startEmbedded(dataDir: string, meanwhile?: () => void): Promise<EmbeddedDatabase> {
  const unlock = lockDataDir(resolve(dataDir));
  try {
    // By whatever link it is reached: the name by which an orphan is known has to stay the same.
    const folder = await realpath(dataDir);
    const cluster = join(folder, CLUSTER);
    const programs = calling(meanwhile, await findPrograms(cluster));
    await stopOrphan(cluster);
    const isNew = !(await exists(cluster));
    const password = isNew ? await makeCluster(programs, folder) : await readPassword(programs, folder);
    if (!isNew) await refuseOtherMajor(cluster);
    const { child, port } = await startPostgres(programs, folder);
    const synced = isNew ? syncToDisk(programs, cluster) : undefined;

    let stopping: Promise<void> | undefined;
    const stop = async () => {
      await synced;
      await stopPostgres(child);
      process.removeListener('exit', endWithUs);
      unlock();
    };
    const endWithUs = () => child.kill('SIGINT');
    process.once('exit', endWithUs);
    return {
      url: urlOf(password, port),
      died: new Promise((tell) => {
        void ended(child).then(async () => {
          if (!stopping) tell(`PostgreSQL has ended by itself.${await lastWords(join(folder, LOG), 0)}`);
        });
      }),
      stop: () => (stopping ??= stop()),
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

/**
 * The address of the embedded PostgreSQL that another process has started on `dataDir`, or is just starting.
 * @returns undefined where none is ready within 15 seconds.
 */
export async function runningUrl(dataDir: string): Promise<string | undefined> {
  const deadline = Date.now() + OTHERS_READY_WITHIN_MS;
  do {
    const { isReady, port } = await statusOf(join(dataDir, CLUSTER));
    const password = await keptPassword(dataDir);
    if (isReady && password) return urlOf(password, port);
    await sleep(OTHERS_POLL_MS);
  } while (Date.now() < deadline);
  return undefined;
}

function urlOf(password: string, port: number): string {
  return `postgresql://${ROLE}:${password}@127.0.0.1:${port}/${DATABASE}`;
}

/** The programs, with something to do after each that was started. */
function calling(meanwhile: (() => void) | undefined, programs: Programs): Programs {
  return {
    ...programs,
    start(...given) {
      const child = programs.start(...given);
      meanwhile?.();
      return child;
    },
  };
}

/** Makes the cluster beside its place and moves it there when it is whole, so that no half of one is ever used. */
async function makeCluster(programs: Programs, folder: string): Promise<string> {
  await removeDrafts(folder);
  const draft = await mkdtemp(join(folder, DRAFT_PREFIX));
  await giveTo(programs, draft);
  const initdb = programs.start(
    'initdb',
    draft,
    [
      ...['--username', ROLE, '--no-sync', '--no-instructions'],
      // Sorts and folds case alike on every machine, which the system's own locales do not.
      ...['--encoding=UTF8', '--locale=C', '--locale-provider=icu', '--icu-locale=und'],
      ...['--auth-local=peer', '--auth-host=scram-sha-256'],
    ],
    ['ignore', 'pipe', 'pipe'],
  );
  await finish(initdb, 'The database could not be made');
  const password = await newPassword(
    programs,
    draft,
    folder,
    `ALTER DATABASE postgres RENAME TO ${DATABASE};`,
  );
  await rename(draft, join(folder, CLUSTER));
  return password;
}

async function removeDrafts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(DRAFT_PREFIX)) continue;
    // An initdb that outlived its server may still be writing; what then stays is removed by the next start.
    await rm(join(folder, name), { recursive: true, force: true, maxRetries: 2 }).catch(() => undefined);
  }
}

async function readPassword(programs: Programs, folder: string): Promise<string> {
  return (await keptPassword(folder)) || newPassword(programs, join(folder, CLUSTER), folder);
}

async function keptPassword(folder: string): Promise<string> {
  return (await readFile(join(folder, PASSWORD), 'utf8').catch(() => '')).trim();
}

/** Sets a password on a cluster that does not run, in PostgreSQL's single-user mode, which asks for none. */
async function newPassword(
  programs: Programs,
  cluster: string,
  folder: string,
  alsoRun = '',
): Promise<string> {
  const password = randomBytes(24).toString('base64url');
  const postgres = programs.start(
    'postgres',
    cluster,
    ['--single', '-c', 'exit_on_error=on', '-c', 'log_checkpoints=off', 'template1'],
    ['pipe', 'pipe', 'pipe'],
  );
  postgres.stdin?.end(`ALTER ROLE ${ROLE} PASSWORD '${password}';\n${alsoRun}\n`);
  await finish(postgres, 'The database could not be given a password');
  const file = join(folder, PASSWORD);
  await writeFile(`${file}.new`, `${password}\n`, { mode: 0o600, flush: true });
  await rename(`${file}.new`, file);
  return password;
}

async function finish(child: ChildProcess, complaint: string): Promise<void> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  child.stdin?.on('error', () => undefined);
  const code = await ended(child).catch((error: unknown) => {
    output += String(error);
    return -1;
  });
  if (code !== 0) throw new DatabaseDidNotStart(`${complaint}:${indented(output)}`);
}

async function refuseOtherMajor(cluster: string): Promise<void> {
  const major = (
    await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch(() => 'an unknown version')
  ).trim();
  if (major === MAJOR) return;
  throw new DatabaseVersionMismatch(
    `The database in ${cluster} was made by PostgreSQL ${major}, and this Taskwire brings PostgreSQL ${MAJOR}. ` +
      'Start it with the Taskwire that made it, make a backup there and restore that here into a new DATA_DIR.',
  );
}

async function startPostgres(
  programs: Programs,
  folder: string,
): Promise<{ child: ChildProcess; port: number }> {
  const cluster = join(folder, CLUSTER);
  const log = join(folder, LOG);
  const size = (await stat(log).catch(() => undefined))?.size ?? 0;
  if (size > LOG_LIMIT_BYTES) await rename(log, `${log}.1`);

  for (let tries = 1; ; tries += 1) {
    const port = await freePort();
    const file = await open(log, 'a', 0o600);
    const { size: before } = await file.stat();
    const child = programs.start('postgres', cluster, settings(cluster, port), ['ignore', file.fd, file.fd]);
    await file.close();
    const isReady = await becomesReady(child, cluster);
    if (isReady) return { child, port };
    await stopPostgres(child);
    const words = await lastWords(log, before);
    // Somebody else took the port in between, or the last children of a killed PostgreSQL are not gone yet.
    const passes = /Address already in use|pre-existing shared memory block/.test(words);
    if (!passes || tries === START_TRIES) {
      throw new DatabaseDidNotStart(`PostgreSQL did not start on ${cluster}.${words || ' It said nothing.'}`);
    }
    await sleep(RETRY_AFTER_MS);
  }
}

function settings(cluster: string, port: number): string[] {
  const values = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    // Compiling costs more than it saves in queries that take milliseconds.
    jit: 'off',
    // By this a later start knows an orphan from a stranger that got its process id.
    'taskwire.cluster': cluster,
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function becomesReady(child: ChildProcess, cluster: string): Promise<boolean> {
  const end = ended(child).catch(() => undefined);
  const deadline = Date.now() + READY_WITHIN_MS;
  while (isRunning(child) && Date.now() < deadline) {
    const { pid, isReady } = await statusOf(cluster);
    if (isReady && pid === child.pid) return true;
    await Promise.race([sleep(READY_POLL_MS), end]);
  }
  return false;
}

/** What a PostgreSQL that runs on `cluster` says of itself in its lock file. */
async function statusOf(cluster: string): Promise<{ pid: number; port: number; isReady: boolean }> {
  const lines = (await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  return { pid: Number(lines[0]), port: Number(lines[3]), isReady: lines[7]?.trim() === 'ready' };
}

async function stopPostgres(child: ChildProcess): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!isRunning(child)) return;
    child.kill(signal);
    await Promise.race([ended(child), sleep(STOP_WITHIN_MS, undefined, { ref: false })]);
  }
}

/** A new cluster is made without waiting for the disk; this makes up for it while the server already works. */
async function syncToDisk(programs: Programs, cluster: string): Promise<void> {
  const streams = ['ignore', 'ignore', 'ignore'] as const;
  await ended(programs.start('initdb', cluster, ['--sync-only'], [...streams])).catch(() => undefined);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function lastWords(log: string, from: number): Promise<string> {
  const content = await readFile(log).catch(() => Buffer.alloc(0));
  const text = content.subarray(from).toString('utf8');
  return text.trim() && `${indented(text)}\nAll of it is in ${log}.`;
}

function indented(text: string): string {
  const lines = text.trim().split('\n').slice(-LINES_TO_SHOW);
  return `\n  ${lines.join('\n  ')}`;
}

async function giveTo(programs: Programs, folder: string): Promise<void> {
  if (programs.account) await chown(folder, programs.account.uid, programs.account.gid);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
