import type { Redis } from 'ioredis';
import type { Logger } from '../logger.ts';
import type { RedisNamespace } from '../redis-namespace.ts';

const RECONNECT_LAST_MS = 2_000;
/** Who waits longer for a limit than for the answer is better served without. */
const ANSWER_WITHIN_MS = 500;

/** Where the servers of one deployment count together. */
export interface SharedRedis {
  client: Redis;
  namespace: RedisNamespace;
}

/** The Redis that budgets of several processes are kept in. It may come and go: each process then counts for itself. */
export async function openRedis(url: string, log: Logger): Promise<Redis> {
  // Loaded where it is asked for: most servers start without.
  const { Redis: Client } = await import('ioredis');
  let isAway = false;
  return new Client(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: ANSWER_WITHIN_MS,
    // One who stays silent is away, or each request would wait for it anew.
    socketTimeout: ANSWER_WITHIN_MS,
    retryStrategy: (tries) => Math.min(tries * 50, RECONNECT_LAST_MS),
  })
    .on('ready', () => (isAway = false))
    .on('error', (error: Error) => {
      if (!isAway) log.warn({ err: error }, 'Redis does not answer; each process counts limits for itself');
      isAway = true;
    });
}
