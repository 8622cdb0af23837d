import { AsyncResource } from 'node:async_hooks';
import { Pool, type PoolClient, type PoolConfig } from 'pg';
import { keep } from '../bounds.ts';
import { isOnBehalfOfAll, type Requester } from './requester.ts';
import { ABANDONED_WORDS, EXHAUSTED_WORDS, SHARE_TAKEN } from './failures.ts';
import { PoolConnection, type PoolConnectionConfig, type StopReason } from './pool-connection.ts';

export interface FairPoolConfig extends PoolConfig, Pick<PoolConnectionConfig, 'onStatement' | 'names'> {
  max: number;
  /** Most connections that one person holds at once; always less than `max`. */
  perPerson: number;
  /** Milliseconds that a statement waits for a free connection, and one of a request that only reads in its person's line. */
  waitMs: number;
  /** Milliseconds that a statement of any other request waits in its person's line. */
  changeWaitMs: number;
  /** Milliseconds that a statement which only reads may take, outside of transactions. */
  readMs: number;
  askerOf: () => Requester | undefined;
}

/** Statements of one person that wait in line; more than any operation within the limits runs. */
export const MOST_WAITING = 500;
const WATCH_EVERY_MS = 250;

type Connected = (error: Error | undefined, client: PoolClient | undefined, release: () => void) => void;

/** What the pool does with connections of its own making, besides handing them out. */
type Connection = Pick<PoolConnection, 'statement' | 'stop'>;

/** One use of a connection. */
interface Lease {
  requester: Requester | undefined;
  isTransaction: boolean;
  /** Until PostgreSQL was told to end its statement. */
  stopping?: Promise<void>;
}

interface Turn {
  requester: Requester;
  isTransaction: boolean;
  connected: Connected;
  /** When it began to wait, and until when it may, by `performance.now()`. */
  since: number;
  until: number;
}

/** What one person has of the pool. */
interface Share {
  held: number;
  waiting: Turn[];
}

/**
 * A pool in which one person holds a few connections at most: the rest of their statements wait in a line of their own,
 * so that others find a connection. A transaction counts as one. Work without a requester is not limited.
 */
export class FairPool extends Pool {
  /** When PostgreSQL last found its disk full, by `performance.now()`. */
  fullAt = -Infinity;
  readonly #settings: FairPoolConfig;
  readonly #mostHeld: number;
  readonly #shares = new Map<string, Share>();
  readonly #leases = new Map<Connection, Lease>();
  #watch: NodeJS.Timeout | undefined;

  constructor(settings: FairPoolConfig) {
    super({
      ...settings,
      Client: PoolConnection,
      onDiskFull: () => {
        this.fullAt = performance.now();
      },
    } as PoolConfig);
    this.#settings = settings;
    this.#mostHeld = Math.max(1, Math.min(settings.perPerson, settings.max - 1));
    keep('waiting statements', this, ({ inLine }) => inLine);
  }

  /** Statements that wait in the line of their person. */
  get inLine(): number {
    let count = 0;
    for (const { waiting } of this.#shares.values()) count += waiting.length;
    return count;
  }

  override connect(): Promise<PoolClient>;
  override connect(connected: Connected): void;
  override connect(connected?: Connected): Promise<PoolClient> | undefined {
    if (connected) {
      this.#ask(false, connected);
      return undefined;
    }
    // Statements by themselves come with a callback; only transactions ask for the connection itself.
    return new Promise((resolve, reject) => {
      this.#ask(true, (error, client) => {
        if (client) resolve(client);
        else reject(error ?? new Error('the pool gave neither a connection nor an error'));
      });
    });
  }

  /** Gives up what is still done for a request: what waits is refused, and reads are ended. */
  abandon(requester: Requester): void {
    requester.isAbandoned = true;
    const share = requester.share === undefined ? undefined : this.#shares.get(requester.share);
    for (const turn of share?.waiting.filter((each) => each.requester === requester) ?? []) {
      share?.waiting.splice(share.waiting.indexOf(turn), 1);
      refuse(turn, new Error(ABANDONED_WORDS));
    }
    for (const [connection, lease] of this.#leases)
      if (lease.requester === requester && isReading(connection, lease)) stop(connection, lease, 'abandoned');
  }

  #ask(isTransaction: boolean, connected: Connected): void {
    const requester = isOnBehalfOfAll() ? undefined : this.#settings.askerOf();
    // A statement that waits is taken up when another's ends, and must not count as part of the other's request.
    const turn = { isTransaction, connected: AsyncResource.bind(connected) };
    if (!requester) {
      this.#take(turn, undefined, undefined);
      return;
    }
    if (requester.isAbandoned) {
      refuse(turn, new Error(ABANDONED_WORDS));
      return;
    }
    if (requester.waitedInVain && this.idleCount === 0) {
      refuse(turn, new Error(EXHAUSTED_WORDS));
      return;
    }
    const share = this.#shareOf(requester);
    if (!share || share.held < this.#mostHeld || requester.transactions > 0)
      this.#take(turn, requester, share);
    else if (requester.waitedInVain || share.waiting.length >= MOST_WAITING) refuse(turn, new ShareTaken());
    else this.#line(share, { ...turn, requester });
  }

  #shareOf({ share: key }: Requester): Share | undefined {
    if (key === undefined) return undefined;
    const share = this.#shares.get(key) ?? { held: 0, waiting: [] };
    this.#shares.set(key, share);
    return share;
  }

  #line(share: Share, turn: Pick<Turn, 'requester' | 'isTransaction' | 'connected'>): void {
    const { waitMs, changeWaitMs } = this.#settings;
    const since = performance.now();
    const until = since + (turn.requester.readsOnly ? waitMs : changeWaitMs);
    share.waiting.push({ ...turn, since, until });
    this.#keepWatch();
  }

  #take(
    { isTransaction, connected }: Pick<Turn, 'isTransaction' | 'connected'>,
    requester: Requester | undefined,
    share: Share | undefined,
  ): void {
    const began = performance.now();
    if (share) share.held += 1;
    super.connect((error: Error | undefined, client: PoolClient | undefined, release) => {
      if (error || !client) {
        if (requester) requester.waitedInVain ||= performance.now() - began > this.#settings.waitMs / 2;
        if (requester && share) {
          this.#refuseLine(share, error ?? new Error(EXHAUSTED_WORDS));
          this.#giveBack(requester, share);
        }
        connected(error, client, release);
        return;
      }
      const lease: Lease = { requester, isTransaction };
      this.#leases.set(client as PoolClient & Connection, lease);
      this.#keepWatch();
      if (requester && isTransaction) requester.transactions += 1;
      const giveToPool = client.release.bind(client);
      const giveBack = (broken?: Error | boolean) => {
        giveToPool(broken);
        if (requester && share) this.#giveBack(requester, share);
      };
      client.release = (broken) => {
        this.#leases.delete(client as PoolClient & Connection);
        if (requester && isTransaction) requester.transactions -= 1;
        if (lease.stopping)
          void lease.stopping.then(() => {
            giveBack(broken);
          });
        else giveBack(broken);
      };
      if (requester?.isAbandoned) {
        client.release();
        connected(new Error(ABANDONED_WORDS), undefined, () => undefined);
        return;
      }
      connected(undefined, client, () => {
        client.release();
      });
    });
  }

  #giveBack({ share: key = '' }: Requester, share: Share): void {
    share.held -= 1;
    const next = share.held < this.#mostHeld ? share.waiting.shift() : undefined;
    if (next) this.#take(next, next.requester, share);
    else if (share.held === 0) this.#shares.delete(key);
  }

  /** Where no connection was free in time, those in line have waited about as long, and must not wait once more. */
  #refuseLine(share: Share, error: Error): void {
    const latest = performance.now() - this.#settings.waitMs / 2;
    this.#refuseWhere(share, ({ since }) => since < latest, error);
  }

  #refuseWhere(share: Share, isRefused: (turn: Turn) => boolean, error: Error): void {
    const { refused = [], kept = [] } = Object.groupBy(share.waiting, (turn) =>
      isRefused(turn) ? 'refused' : 'kept',
    );
    share.waiting = kept;
    for (const turn of refused) {
      turn.requester.waitedInVain = true;
      refuse(turn, error);
    }
  }

  /** One timer for all, since most statements are over long before it looks. */
  #keepWatch(): void {
    this.#watch ??= setInterval(() => {
      this.#endLongWaits();
      this.#endLongReads();
      if (this.inLine > 0 || this.#leases.size > 0) return;
      clearInterval(this.#watch);
      this.#watch = undefined;
    }, WATCH_EVERY_MS).unref();
  }

  #endLongReads(): void {
    const latest = performance.now() - this.#settings.readMs;
    for (const [connection, lease] of this.#leases) {
      const { since = Infinity } = connection.statement ?? {};
      if (since < latest && isReading(connection, lease)) stop(connection, lease, 'slow');
    }
  }

  #endLongWaits(): void {
    const now = performance.now();
    for (const share of this.#shares.values())
      if (share.waiting.length > 0) this.#refuseWhere(share, ({ until }) => until < now, new ShareTaken());
  }
}

const READS = /^\s*(?:\/\*.*?\*\/\s*)?(?:SELECT|WITH)\b/is;
const CHANGES_OR_LOCKS = /\b(?:INSERT|UPDATE|DELETE|MERGE|FOR\s+(?:KEY\s+)?SHARE|pg_advisory\w*)\b/i;

/** What a transaction reads belongs to its change; a read that names one of these words counts as a change, too. */
function isReading({ statement }: Connection, { isTransaction }: Lease): boolean {
  return (
    !isTransaction &&
    statement !== undefined &&
    READS.test(statement.text) &&
    !CHANGES_OR_LOCKS.test(statement.text)
  );
}

function stop(connection: Connection, lease: Lease, why: StopReason): void {
  lease.stopping ??= connection.stop(why);
}

/** All connections that a person may hold are held, and this statement has waited long enough. */
class ShareTaken extends Error {
  readonly code = SHARE_TAKEN;

  constructor() {
    super('the person holds as many connections as one may');
  }
}

function refuse({ connected }: Pick<Turn, 'connected'>, error: Error): void {
  process.nextTick(connected, error, undefined, () => undefined);
}
