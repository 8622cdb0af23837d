import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { startEmbedded } from '../../server/database/embedded.ts';
import { ended, findPrograms, isRunning } from '../../server/database/postgres-programs.ts';

const ANSWERS_WITHIN_MS = 60_000;
const LOOK_AGAIN_MS = 20;

/** A PostgreSQL that a drill may kill, and start again at the same address. */
export interface OwnPostgres {
  url: string;
  /** Ends its first process by `kill -9`; the others end when they notice. */
  kill(): Promise<void>;
  /** Resolves once it answers. */
  start(): Promise<void>;
  /** Ends it, and removes all it had. */
  remove(): Promise<void>;
}

export async function ownPostgres(): Promise<OwnPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'taskwire-postgres-'));
  const made = await startEmbedded(folder);
  const { url } = made;
  await made.stop();
  const cluster = join(folder, 'postgresql');
  const programs = await findPrograms(cluster);
  const settings = [`port=${new URL(url).port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories='];
  let child: ChildProcess | undefined;

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (!child || !isRunning(child)) return;
    child.kill(signal);
    await ended(child);
  }

  const start = async () => {
    const deadline = Date.now() + ANSWERS_WITHIN_MS;
    while (!(await answers(url))) {
      if (Date.now() > deadline) throw new Error('PostgreSQL does not answer in time');
      // It gives up while processes of the one before are still there.
      if (!child || !isRunning(child)) {
        const given = settings.flatMap((setting) => ['-c', setting]);
        child = programs.start('postgres', cluster, given, ['ignore', 'ignore', 'ignore']);
      }
      await sleep(LOOK_AGAIN_MS);
    }
  };
  await start();
  return {
    url,
    start,
    kill: () => end('SIGKILL'),
    async remove() {
      await end('SIGQUIT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
