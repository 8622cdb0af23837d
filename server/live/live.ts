import { keep } from '../bounds.ts';
import type { Database } from '../database/client.ts';
import { onCommit } from '../database/transaction.ts';
import { CursorExpired, RateLimited, STOPPING, Unavailable } from '../errors.ts';
import { logLeadsTo } from '../log/append.ts';
import { fromCursor, readUpTo, type Mark, type Position } from '../log/cursor.ts';
import { startTail } from '../log/tail.ts';
import type { Log } from '../logger.ts';
import { oneByOne } from '../lifecycle/stagger.ts';
import type { Person } from '../policy.ts';
import { FairQueue } from './fair-queue.ts';
import { Feed, type Wishes } from './subscription.ts';
import { endsCredential, watchCredential, type Credential } from './credential-watch.ts';
import { AUDIT, Hub } from './broker.ts';
import { Onlooker } from './subscriber.ts';
import { withoutStrangers } from './foreign-transactions.ts';
import { undecidedTask } from './task-shares.ts';
import { startWakeUps } from './redis-notifier.ts';

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
  log: Log;
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
  follow(person: Person, after: string, wishes: Wishes): Promise<Feed>;
  /** The cursor of a position that somebody has heard of. */
  cursorOf(position: Position & Partial<Mark>): string;
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
  const hub = new Hub(
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
  hub.join(AUDIT, {
    hear: (event) => {
      if (endsCredential(event)) settings.onCredentialEnd(event.subjectId);
    },
    lose: () => undefined,
  });
  const onlookers = new Map<string, Onlooker>();
  const sum = (of: (onlooker: Onlooker) => number) =>
    [...onlookers.values()].reduce((total, onlooker) => total + of(onlooker), 0);
  keep('known shares', hub, () => sum(({ knownShares }) => knownShares));
  const streams = new Set<Feed>();
  const tail = await startTail(databaseUrl, hub);

  const redis = settings.redis
    ? await startWakeUps(settings.redis.url, {
        channel: settings.redis.channel,
        onWakeUp: () => tail.look(),
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
    for (const onlooker of onlookers.values()) onlooker.pass(hub.position, hub.handedOut);
  }, PASS_EVERY_MS);

  function onlookerOf(person: Person): Onlooker {
    const known = onlookers.get(person.userId);
    if (known) return known;
    const onlooker = new Onlooker(hub, db, person, adminEmails);
    onlookers.set(person.userId, onlooker);
    return onlooker;
  }

  return {
    queue: new FairQueue(),

    async follow(person, after, wishes) {
      const given = await fromCursor(db, after);
      if (!hub.leadsTo(given) && !(await logLeadsTo(db, given))) throw new CursorExpired();
      const mark = await withoutStrangers(db, given, hub.floor);
      const onlooker = onlookerOf(person);
      if (onlooker.subscriptions >= settings.mostSubscriptions) throw tooMany(onlooker.subscriptions);
      const feed = new Feed(onlooker, wishes, () => {
        streams.delete(feed);
        if (onlooker.remove(feed) && onlookers.get(person.userId) === onlooker)
          onlookers.delete(person.userId);
      });
      onlooker.add(feed);
      if (wishes.isAlone) streams.add(feed);
      try {
        const { viewer, shares } = await onlooker.rights();
        await shares.lookUp(
          hub.since(mark).flatMap((event) => (wishes.wants(event) ? undecidedTask(viewer, event) : [])),
        );
        // Nothing can happen between these, since nothing waits.
        feed.start(mark, hub.since(mark), hub.handedOut, readUpTo(hub.position, mark));
        return feed;
      } catch (error) {
        feed.end();
        throw error;
      }
    },

    cursorOf: (position) => hub.cursorOf(position),

    onEnd: (credential, check, listener) => watchCredential(hub, credential, check, listener),

    lag: () => tail.lag(),

    endStreams: () =>
      oneByOne([...streams], (feed) => {
        feed.fail(new Unavailable(STOPPING));
      }),

    subscriptions: () => sum(({ subscriptions }) => subscriptions),

    async stop() {
      onCommit(db, () => undefined);
      clearTimeout(resting);
      clearInterval(passing);
      for (const onlooker of onlookers.values()) onlooker.dismiss(new Unavailable(STOPPING));
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
