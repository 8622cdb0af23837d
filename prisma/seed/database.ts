import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../server/config.ts';
import { startEmbedded } from '../../server/database/embedded.ts';
import { DataDirInUse } from '../../server/database/start-failure.ts';

interface Opened {
  url: string;
  /** Whether a server that runs has this database open as well. */
  running: boolean;
  close(): Promise<void>;
}

const READY_WITHIN_MS = 15_000;
const POLL_MS = 100;

/**
 * The database that `npm start` would use: the one at DATABASE_URL, or the embedded one, which is started unless
 * a server has it open.
 * @throws StartFailure
 */
export async function openDatabase({ databaseUrl, dataDir }: Config): Promise<Opened> {
  if (databaseUrl) return { url: databaseUrl, running: false, close: () => Promise.resolve() };
  try {
    const embedded = await startEmbedded(dataDir);
    return { url: embedded.url, running: false, close: () => embedded.stop() };
  } catch (error) {
    if (!(error instanceof DataDirInUse)) throw error;
    const url = await runningUrl(dataDir);
    // Without an address the lock's own refusal says all there is to say.
    if (!url) throw error;
    return { url, running: true, close: () => Promise.resolve() };
  }
}

/** Where the PostgreSQL of the server on `dataDir` listens, by the files that PostgreSQL and the server keep there. */
async function runningUrl(dataDir: string): Promise<string | undefined> {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const read = (...path: string[]) => readFile(join(dataDir, ...path), 'utf8').catch(() => '');
    const lines = (await read('postgresql', 'postmaster.pid')).split('\n');
    const password = (await read('postgresql.password')).trim();
    if (lines[7]?.trim() === 'ready' && password) {
      return `postgresql://taskwire:${password}@127.0.0.1:${lines[3]}/taskwire`;
    }
    if (Date.now() > deadline) return undefined;
    await sleep(POLL_MS);
  }
}
