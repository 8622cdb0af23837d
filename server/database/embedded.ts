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
  url: string;
  /** Cancels running statements, stops PostgreSQL and releases the directory. Can be called twice. */
  stop(): Promise<void>;
}

interface EmbeddedOptions {
  afterStart?: () => void;
  onTrouble?: (sentence: string) => void;
}

/**
 * Starts the embedded PostgreSQL on `dataDir` on a free port of 127.0.0.1. Creates the cluster on the first start,
 * and cleans up after a killed server: its PostgreSQL, lock files, and incomplete clusters.
 * @throws StartFailure: DataDirInUse, DataDirUnusable, DatabaseVersionMismatch or DatabaseDidNotStart.
 */
export async function startEmbedded(
  dataDir: string,
  { afterStart, onTrouble = () => undefined }: EmbeddedOptions = {},
): Promise<EmbeddedDatabase> {
  const unlock = lockDataDir(resolve(dataDir));
  try {
    // Orphans are identified by the path, so it must not depend on links.
    const folder = await realpath(dataDir);
    const cluster = join(folder, CLUSTER);
    const programs = calling(afterStart, await findPrograms(cluster));
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

/** The embedded PostgreSQL of another process. Undefined if none is ready within 15 seconds. */
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

function calling(afterStart: (() => void) | undefined, programs: Programs): Programs {
  return {
    ...programs,
    start(...given) {
      const child = programs.start(...given);
      afterStart?.();
      return child;
    },
  };
}

async function makeCluster(programs: Programs, folder: string): Promise<string> {
  await removeDrafts(folder);
  const draft = await mkdtemp(join(folder, DRAFT_PREFIX));
  await giveTo(programs, draft);
  const initdb = programs.start(
    'initdb',
    draft,
    [
      ...['--username', ROLE, '--no-sync', '--no-instructions'],
      // ICU sorts and folds case the same on every machine, unlike the system's locales.
      ...['--encoding=UTF8', '--locale=C', '--locale-provider=icu', '--icu-locale=und'],
      ...['--auth-local=peer', '--auth-host=scram-sha-256'],
    ],
    ['ignore', 'pipe', 'pipe'],
  );
  await finish(initdb, 'The database could not be created');
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
    // An orphaned initdb may still be writing. The next start removes the rest.
    await rm(join(folder, name), { recursive: true, force: true, maxRetries: 2 }).catch(() => undefined);
  }
}

async function readPassword(programs: Programs, folder: string): Promise<string> {
  return (await keptPassword(folder)) || newPassword(programs, join(folder, CLUSTER), folder);
}

async function keptPassword(folder: string): Promise<string> {
  return (await readFile(join(folder, PASSWORD), 'utf8').catch(() => '')).trim();
}

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
  await finish(postgres, 'The password of the database could not be set');
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
    `The database in ${cluster} was made by PostgreSQL ${major}, but this version of Taskwire includes PostgreSQL ${MAJOR}. ` +
      'Start it with the version of Taskwire that created it, make a backup, and restore it here into a new DATA_DIR.',
  );
}

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
