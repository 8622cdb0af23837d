import type { Redis } from 'ioredis';
import type { Logger } from '../logger.ts';
import type { RedisNamespace } from '../redis-namespace.ts';

const RECONNECT_LAST_MS = 2_000;
const ANSWER_WITHIN_MS = 500;

export interface SharedRedis {
  client: Redis;
  namespace: RedisNamespace;
}

/** Redis for shared budgets. While it is unavailable, each process counts separately. */
export async function openRedis(url: string, log: Logger): Promise<Redis> {
  const { Redis: Client } = await import('ioredis');
  let isAway = false;
  return new Client(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: ANSWER_WITHIN_MS,
    socketTimeout: ANSWER_WITHIN_MS,
    retryStrategy: (tries) => Math.min(tries * 50, RECONNECT_LAST_MS),
  })
    .on('ready', () => (isAway = false))
    .on('error', (error: Error) => {
      if (!isAway) log.warn({ err: error }, 'Redis is unavailable; each process counts limits separately');
      isAway = true;
    });
}
