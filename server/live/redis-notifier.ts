import type { Redis } from 'ioredis';
import type { Logger } from '../logger.ts';

interface WakeUpSettings {
  channel: string;
  onNotification: () => void;
  log: Logger;
}

export interface RedisNotifier {
  send(): boolean;
  stop(): void;
}

const RECONNECT_LAST_MS = 2_000;

/** Notifies other processes of commits through Redis. Lost notifications only delay them. */
export async function startRedisNotifier(
  url: string,
  { channel, onNotification, log }: WakeUpSettings,
): Promise<RedisNotifier> {
  const { Redis: Client } = await import('ioredis');
  let isAway = false;
  /** A pending message. While it is unanswered, no other is sent, since Redis may be stuck. */
  let isAsked = false;
  const open = () =>
    new Client(url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (tries) => Math.min(tries * 50, RECONNECT_LAST_MS),
    }).on('error', (error: Error) => {
      if (!isAway)
        log.warn({ err: error }, 'Redis is unavailable; notifying other processes through the database');
      isAway = true;
    });
  const publisher: Redis = open();
  const subscriber: Redis = open();
  subscriber
    .on('ready', () => {
      isAway = false;
      subscriber.subscribe(channel).catch(() => undefined);
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
