import type { Client } from 'pg';
import { SILENCE_MS } from '../database/client.ts';
import { openSession } from '../database/session.ts';
import type { Logger } from '../logger.ts';
import { fold } from './fold.ts';
import { foldStorage } from './storage.ts';

export interface Folder {
  stop(): Promise<void>;
}

const PAUSE_MS = 1_000;
/** Dashboards read the events not folded yet, so there should be few of them. */
const BUSY_PAUSE_MS = 200;
const BUSY_EVENTS = 500;

const CONNECT_WITHIN_MS = 2_500;
const STATEMENT_TIMEOUT_MS = 60_000;
/** A process that is suspended during a fold must not block the others. */
const FROZEN_AFTER_MS = 15_000;

/** Folds the log into the counters, and storage changes into the usage. Several processes can do so at once. */
export function startFolding(url: string, log: Logger): Folder {
  let client: Client | undefined;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running = tick();

  async function tick(): Promise<void> {
    let pause = PAUSE_MS;
    try {
      client ??= await connected(url, () => (client = undefined));
      const events = await fold(client);
      const changes = await foldStorage(client);
      if (Math.max(events, changes) > BUSY_EVENTS) pause = BUSY_PAUSE_MS;
    } catch (error) {
      log.warn({ err: error }, 'could not fold the log into the counters; trying again');
      await client?.end().catch(() => undefined);
      client = undefined;
    }
    if (stopped) return;
    timer = setTimeout(() => {
      running = tick();
    }, pause);
  }

  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
      await client?.end().catch(() => undefined);
    },
  };
}

async function connected(url: string, onLost: () => void): Promise<Client> {
  const client = await openSession(url, {
    application_name: 'taskwire counters',
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: STATEMENT_TIMEOUT_MS + SILENCE_MS,
    idle_in_transaction_session_timeout: FROZEN_AFTER_MS,
    keepAlive: true,
  });
  return client.on('error', onLost);
}
