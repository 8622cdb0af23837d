import { keep } from '../bounds.ts';
import type { Database } from '../database/client.ts';
import { onCommit } from '../database/transaction.ts';
import { CursorExpired, RateLimited, STOPPING, Unavailable } from '../errors.ts';
import { logLeadsTo } from '../log/append.ts';
import { decodeCursor, advancedTo, type LogCursor, type LogPosition } from '../log/cursor.ts';
import { startTail } from '../log/tail.ts';
import type { Logger } from '../logger.ts';
import { stagger } from '../lifecycle/stagger.ts';
import type { Person } from '../policy.ts';
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
  /** For the connection that reads the log. */
  databaseUrl: string;
  /** Where other processes hear of what this one commits, in place of the database. */
  redis?: { url: string; channel: string } | undefined;
  /** Of one person in one process, over all of their connections: each takes some kilobytes while it is open. */
  mostSubscriptions: number;
  /** Whose accounts read the audit trail, in lower case. */
  adminEmails: ReadonlySet<string>;
  log: Logger;
  /** Told of each session and API token that ends. */
  onCredentialEnd: (id: string) => void;
}

export interface Live {
  /** Where payloads are made that are not known already. */
  readonly queue: FairQueue;
  /**
   * Follows what a person may see of the log.
   * @param after the cursor of where they are: what they have missed comes first.
   * @throws CursorExpired, ValidationFailed for a cursor that nothing can be resumed from; RateLimited where the person
   * follows too much already.
   */
  follow(person: Person, after: string, options: SubscriptionOptions): Promise<Subscription>;
  /** The cursor of a position that somebody has heard of. */
  cursorOf(position: LogPosition & Partial<LogCursor>): string;
  /**
   * Calls back once, as soon as a credential does not count any more: its session or token has ended, or it has run out.
   * @param check resolves it again; null, or UNAUTHENTICATED, where it does not count.
   * @returns what stops that.
   */
  onEnd(credential: Credential, check: () => Promise<Credential | null>, listener: () => void): () => void;
  /** Seconds since everything that could be read of the log had been read. */
  lag(): number;
  /** How many subscriptions are open in this process. */
  subscriptions(): number;
  /** Ends, one after the other, what has a connection of its own. */
  endStreams(): Promise<void>;
  stop(): Promise<void>;
}

const RETRY_AFTER_SECONDS = 10;

/** How often it is found out who has had nothing to hear of for long, so that they resume from near the log's end. */
const PASS_EVERY_MS = 5_000;

/** Other processes hear of what this one commits at most this often. */
const NOTIFY_EVERY_MS = 20;

/** Follows the log for everybody who has a subscription open in this process. */
export async function startLive(settings: LiveSettings): Promise<Live> {
  const { db, databaseUrl, adminEmails, log } = settings;
  const broker = new Broker(
    db,
    (error) => {
      log.warn({ err: error }, 'cannot read the log at the moment');
    },
    () => {
      log.warn(
        'PostgreSQL was replaced by a standby or by an older copy, which may have lost changes: the log begins a new epoch, and cursors of before expire',
      );
    },
  );
  broker.join(AUDIT, {
    hear: (event) => {
      if (endsCredential(event)) settings.onCredentialEnd(event.subjectId);
    },
    lose: () => undefined,
  });
  const subscribers = new Map<string, Subscriber>();
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
  const tell = () => {
    if (resting) {
      hasNews = true;
      return;
    }
    // Where Redis is away, the database does it.
    if (redis?.send()) tail.look();
    else tail.notify();
    hasNews = false;
    resting = setTimeout(() => {
      resting = undefined;
      if (hasNews) tell();
    }, NOTIFY_EVERY_MS);
  };
  onCommit(db, tell);

  const passing = setInterval(() => {
    for (const subscriber of subscribers.values()) subscriber.pass(broker.position, broker.handedOut);
  }, PASS_EVERY_MS);

  function subscriberOf(person: Person): Subscriber {
    const known = subscribers.get(person.userId);
    if (known) return known;
    const subscriber = new Subscriber(broker, db, person, adminEmails);
    subscribers.set(person.userId, subscriber);
    return subscriber;
  }

  return {
    queue: new FairQueue(),

    async follow(person, after, options) {
      const given = await decodeCursor(db, after);
      if (!broker.leadsTo(given) && !(await logLeadsTo(db, given))) throw new CursorExpired();
      const mark = await withoutForeignTransactions(db, given, broker.oldestKept);
      const subscriber = subscriberOf(person);
      if (subscriber.subscriptions >= settings.mostSubscriptions) throw tooMany(subscriber.subscriptions);
      const subscription = new Subscription(subscriber, options, () => {
        streams.delete(subscription);
        if (subscriber.remove(subscription) && subscribers.get(person.userId) === subscriber)
          subscribers.delete(person.userId);
      });
      subscriber.add(subscription);
      if (options.isAlone) streams.add(subscription);
      try {
        const { viewer, shares } = await subscriber.rights();
        await shares.lookUp(
          broker.since(mark).flatMap((event) => (options.wants(event) ? undecidedTask(viewer, event) : [])),
        );
        // Nothing can happen between these, since nothing waits.
        subscription.start(mark, broker.since(mark), broker.handedOut, advancedTo(broker.position, mark));
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
    `You have ${open} subscriptions open; end some, then try again.`,
    RETRY_AFTER_SECONDS,
  );
}
