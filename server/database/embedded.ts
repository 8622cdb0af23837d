import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, readdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockDataDir } from './data-dir-lock.ts';
import { stopOrphan } from './orphan.ts';
import { ended, findPrograms, type Programs } from './postgres-programs.ts';
import { indented, runPostgres, statusOf } from './postmaster.ts';
import { DatabaseDidNotStart, DatabaseVersionMismatch } from './start-failure.ts';

const MAJOR = '15';
const ROLE = 'taskwire';
const DATABASE = 'taskwire';

const CLUSTER = 'postgresql';
const DRAFT_PREFIX = 'postgresql.new-';
const LOG = 'postgresql.log';
const PASSWORD = 'postgresql.password';

const OTHERS_POLL_MS = 100;
const OTHERS_READY_WITHIN_MS = 15_000;

export interface EmbeddedDatabase {
  /** With the password in it: not for logs. */
  url: string;
  /** Ends PostgreSQL once running statements are cancelled, and gives the folder up. May be called twice. */
  stop(): Promise<void>;
}

interface EmbeddedOptions {
  /** Called whenever one of its programs was started and works beside us: the time to be busy. */
  meanwhile?: () => void;
  /** Told, as a sentence, when PostgreSQL has ended although nobody asked it to, and of each try to start it again. */
  onTrouble?: (sentence: string) => void;
}

/**
 * Starts the embedded PostgreSQL on `dataDir`, on a free port of 127.0.0.1, and makes folder and cluster on the
 * first start. Takes over what a killed server has left: its PostgreSQL, its lock files, a half-made cluster.
 * @throws StartFailure: DataDirInUse, DataDirUnusable, DatabaseVersionMismatch or DatabaseDidNotStart.
 */
export async function startEmbedded(
  dataDir: string,
  { meanwhile, onTrouble = () => undefined }: EmbeddedOptions = {},
): Promise<EmbeddedDatabase> {
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
    const postmaster = await runPostgres({ programs, cluster, log: join(folder, LOG) }, onTrouble);
    const synced = isNew ? syncToDisk(programs, cluster) : undefined;

    let stopping: Promise<void> | undefined;
    const stop = async () => {
      await synced;
      await postmaster.stop();
      unlock();
    };
    return { url: urlOf(password, postmaster.port), stop: () => (stopping ??= stop()) };
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

/** A new cluster is made without waiting for the disk; this makes up for it while the server already works. */
async function syncToDisk(programs: Programs, cluster: string): Promise<void> {
  const streams = ['ignore', 'ignore', 'ignore'] as const;
  await ended(programs.start('initdb', cluster, ['--sync-only'], [...streams])).catch(() => undefined);
}

async function giveTo(programs: Programs, folder: string): Promise<void> {
  if (programs.account) await chown(folder, programs.account.uid, programs.account.gid);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
