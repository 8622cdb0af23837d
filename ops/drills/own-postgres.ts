import type { ChildProcess } from 'node:child_process';
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbedded } from '../../server/database/embedded.ts';
import { ended, findPrograms, isRunning, type Account } from '../../server/database/postgres-programs.ts';
import { openSession } from '../../server/database/session.ts';
import { run } from '../backup/programs.ts';

const ANSWERS_WITHIN_MS = 60_000;
const LOOK_AGAIN_MS = 20;

/** A PostgreSQL that a drill can kill and restart at the same address. */
export interface OwnPostgres {
  url: string;
  folder: string;
  /** Kills the postmaster with `kill -9`; its children exit soon after. */
  kill(): Promise<void>;
  /** Resolves once it accepts connections. */
  start(): Promise<void>;
  remove(): Promise<void>;
}

/** @param installed the folder of its programs; default: the bundled ones. */
export async function ownPostgres(installed?: string): Promise<OwnPostgres> {
  const folder = await newFolder();
  const made = await startEmbedded(folder);
  const { url } = made;
  await made.stop();
  const postgres = await postgresIn(folder, url, installed);
  await postgres.start();
  return postgres;
}

/** An asynchronous standby of the PostgreSQL at `source`, which listens at `url` once started. */
export async function standbyOf(source: string, url: string): Promise<OwnPostgres> {
  const folder = await newFolder();
  const cluster = join(folder, CLUSTER);
  await run('pg_basebackup', [`--dbname=${source}`, `--pgdata=${cluster}`, '--write-recovery-conf', FAST]);
  const { account } = await findPrograms(folder);
  if (account) await giveTo(account, cluster);
  return postgresIn(folder, url);
}

export function canMakeStandby(): Promise<boolean> {
  return run('pg_basebackup', ['--version']).then(
    () => true,
    () => false,
  );
}

const CLUSTER = 'postgresql';
const FAST = '--checkpoint=fast';

const newFolder = () => mkdtemp(join(tmpdir(), 'taskwire-postgres-'));

async function giveTo({ uid, gid }: Account, folder: string): Promise<void> {
  await chown(folder, uid, gid);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true }))
    await chown(join(entry.parentPath, entry.name), uid, gid);
}

async function postgresIn(folder: string, url: string, installed?: string): Promise<OwnPostgres> {
  const cluster = join(folder, CLUSTER);
  const programs = await findPrograms(cluster, installed);
  const settings = [`port=${new URL(url).port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories='];
  let child: ChildProcess | undefined;

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (!child || !isRunning(child)) return;
    child.kill(signal);
    await ended(child);
  }

  return {
    url,
    folder: cluster,
    async start() {
      const deadline = Date.now() + ANSWERS_WITHIN_MS;
      while (!(await answers(url))) {
        if (Date.now() > deadline) throw new Error('PostgreSQL did not start in time.');
        // It exits while processes of the previous one are still running.
        if (!child || !isRunning(child)) {
          const given = settings.flatMap((setting) => ['-c', setting]);
          child = programs.start('postgres', cluster, given, ['ignore', 'ignore', 'ignore']);
        }
        await sleep(LOOK_AGAIN_MS);
      }
    },
    kill: () => end('SIGKILL'),
    async remove() {
      await end('SIGQUIT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    await using client = await openSession(url, { application_name: 'taskwire drill' });
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  }
}
