import { keep } from '../bounds.ts';
import type { Database } from '../database/client.ts';
import { onCommit } from '../database/transaction.ts';
import { CursorExpired, RateLimited, STOPPING, Unavailable } from '../errors.ts';
import { logLeadsTo } from '../log/append.ts';
import { decodeCursor, advancedTo, type LogCursor, type LogPosition } from '../log/cursor.ts';
import { startTail } from '../log/tail.ts';
import type { Logger } from '../logger.ts';
import { stagger } from '../lifecycle/stagger.ts';
import { ownIdOf, type Person } from '../policy.ts';
import { FairQueue } from './fair-queue.ts';
import { Subscription, type SubscriptionOptions } from './subscription.ts';
import { endsCredential, watchCredential, type Credential } from './credential-watch.ts';
import { AUDIT, Broker } from './broker.ts';
import { Subscriber } from './subscriber.ts';
import { withoutForeignTransactions } from './foreign-transactions.ts';
import { undecidedTask } from './task-shares.ts';
import { startRedisNotifier } from './redis-notifier.ts';

interface LiveSettings {
  db: Database;
  databaseUrl: string;
  redis?: { url: string; channel: string } | undefined;
  /** Per person and process, over all connections. Each takes some kilobytes. */
  mostSubscriptions: number;
  adminEmails: ReadonlySet<string>;
  log: Logger;
  onCredentialEnd: (id: string) => void;
}

export interface Live {
  readonly queue: FairQueue;
  /**
   * Subscribes to the events a person may see.
   * @param after log cursor; missed events are delivered first.
   * @throws CursorExpired, ValidationFailed for an unusable cursor; RateLimited at the limit of the person.
   */
  follow(person: Person, after: string, options: SubscriptionOptions): Promise<Subscription>;
  cursorOf(position: LogPosition & Partial<LogCursor>): string;
  /**
   * Calls the listener once when a credential ends or expires.
   * @param check resolves the credential again; null or UNAUTHENTICATED if it is no longer valid.
   * @returns a function that stops it.
   */
  onEnd(credential: Credential, check: () => Promise<Credential | null>, listener: () => void): () => void;
  lag(): number;
  subscriptions(): number;
  endStreams(): Promise<void>;
  stop(): Promise<void>;
}

const RETRY_AFTER_SECONDS = 10;

/** How often idle subscriptions get a new cursor, so that they resume near the end of the log. */
const PASS_EVERY_MS = 5_000;

const NOTIFY_EVERY_MS = 20;

export async function startLive(settings: LiveSettings): Promise<Live> {
  const { db, databaseUrl, adminEmails, log } = settings;
  const broker = new Broker(
    db,
    (error) => {
      log.warn({ err: error }, 'cannot read the log');
    },
    () => {
      log.warn(
        'PostgreSQL was replaced by a standby or an older copy, which may have lost changes; a new epoch starts and earlier cursors expire',
      );
    },
  );
  broker.join(AUDIT, {
    onEvent: (event) => {
      if (endsCredential(event)) settings.onCredentialEnd(event.subjectId);
    },
    lose: () => undefined,
  });
  /** By `ownIdOf`, since credentials with a limit see less. */
  const subscribers = new Map<string, Subscriber>();
  /** Open subscriptions by person. */
  const openBy = new Map<string, number>();
  const sum = (of: (subscriber: Subscriber) => number) =>
    [...subscribers.values()].reduce((total, subscriber) => total + of(subscriber), 0);
  keep('known shares', broker, () => sum(({ knownShares }) => knownShares));
  const streams = new Set<Subscription>();
  const tail = await startTail(databaseUrl, broker);

  const redis = settings.redis
    ? await startRedisNotifier(settings.redis.url, {
        channel: settings.redis.channel,
        onNotification: () => tail.look(),
        log,
      })
    : undefined;

  let resting: NodeJS.Timeout | undefined;
  let hasNews = false;
  const notify = () => {
    if (resting) {
      hasNews = true;
      return;
    }
    if (redis?.send()) tail.look();
    else tail.notify();
    hasNews = false;
    resting = setTimeout(() => {
      resting = undefined;
      if (hasNews) notify();
    }, NOTIFY_EVERY_MS);
  };
  onCommit(db, notify);

  const passing = setInterval(() => {
    for (const subscriber of subscribers.values()) subscriber.pass(broker.position, broker.handedOut);
  }, PASS_EVERY_MS);

  function subscriberOf(person: Person): Subscriber {
    const key = ownIdOf(person);
    const known = subscribers.get(key);
    if (known) return known;
    const subscriber = new Subscriber(broker, db, person, adminEmails);
    subscribers.set(key, subscriber);
    return subscriber;
  }

  return {
    queue: new FairQueue(),

    async follow(person, after, options) {
      const given = await decodeCursor(db, after);
      if (!broker.leadsTo(given) && !(await logLeadsTo(db, given))) throw new CursorExpired();
      const cursor = await withoutForeignTransactions(db, given, broker.oldestKept);
      const subscriber = subscriberOf(person);
      const open = openBy.get(person.userId) ?? 0;
      if (open >= settings.mostSubscriptions) throw tooMany(open);
      openBy.set(person.userId, open + 1);
      const subscription = new Subscription(subscriber, options, () => {
        streams.delete(subscription);
        const left = (openBy.get(person.userId) ?? 1) - 1;
        if (left > 0) openBy.set(person.userId, left);
        else openBy.delete(person.userId);
        if (subscriber.remove(subscription) && subscribers.get(ownIdOf(person)) === subscriber)
          subscribers.delete(ownIdOf(person));
      });
      subscriber.add(subscription);
      if (options.isAlone) streams.add(subscription);
      try {
        const { viewer, shares } = await subscriber.rights();
        await shares.lookUp(
          broker.since(cursor).flatMap((event) => (options.wants(event) ? undecidedTask(viewer, event) : [])),
        );
        // Synchronous, so no event can come in between.
        subscription.start(
          cursor,
          broker.since(cursor),
          broker.handedOut,
          advancedTo(broker.position, cursor),
        );
        return subscription;
      } catch (error) {
        subscription.end();
        throw error;
      }
    },

    cursorOf: (position) => broker.cursorOf(position),

    onEnd: (credential, check, listener) => watchCredential(broker, credential, check, listener),

    lag: () => tail.lag(),

    endStreams: () =>
      stagger([...streams], (subscription) => {
        subscription.fail(new Unavailable(STOPPING));
      }),

    subscriptions: () => sum(({ subscriptions }) => subscriptions),

    async stop() {
      onCommit(db, () => undefined);
      clearTimeout(resting);
      clearInterval(passing);
      for (const subscriber of subscribers.values()) subscriber.dismiss(new Unavailable(STOPPING));
      redis?.stop();
      await tail.stop();
    },
  };
}

function tooMany(open: number): RateLimited {
  return new RateLimited(
    `You have ${open} open subscriptions. End some, then try again.`,
    RETRY_AFTER_SECONDS,
  );
}
