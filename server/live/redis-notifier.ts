import type { Redis } from 'ioredis';
import type { Logger } from '../logger.ts';

interface WakeUpSettings {
  /** The servers of one deployment use the same. */
  channel: string;
  /** Another process may have committed something. */
  onNotification: () => void;
  log: Logger;
}

export interface RedisNotifier {
  /** @returns false where Redis does not answer at the moment, and nobody is woken. */
  send(): boolean;
  stop(): void;
}

const RECONNECT_LAST_MS = 2_000;

/**
 * Wakes other processes, and is woken by them, by way of Redis. It may come and go: a lost wake-up only makes the
 * others look later.
 */
export async function startRedisNotifier(
  url: string,
  { channel, onNotification, log }: WakeUpSettings,
): Promise<RedisNotifier> {
  // Loaded where it is asked for: most servers start without.
  const { Redis: Client } = await import('ioredis');
  let isAway = false;
  /** Who leaves one message unanswered gets no further one: it may stay silent for long, with its connection open. */
  let isAsked = false;
  const open = () =>
    new Client(url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (tries) => Math.min(tries * 50, RECONNECT_LAST_MS),
    }).on('error', (error: Error) => {
      if (!isAway) log.warn({ err: error }, 'Redis does not answer; the database wakes the other processes');
      isAway = true;
    });
  const publisher: Redis = open();
  const subscriber: Redis = open();
  subscriber
    .on('ready', () => {
      isAway = false;
      subscriber.subscribe(channel).catch(() => undefined);
      // What happened meanwhile was told to nobody here.
      onNotification();
    })
    .on('message', onNotification);
  return {
    send() {
      if (publisher.status !== 'ready' || isAsked) return false;
      isAsked = true;
      const answered = () => (isAsked = false);
      publisher.publish(channel, '').then(answered, answered);
      return true;
    },
    stop() {
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}
