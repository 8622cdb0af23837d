import { AsyncResource } from 'node:async_hooks';
import { Pool, type PoolClient, type PoolConfig } from 'pg';
import { keep } from '../bounds.ts';
import { isOnBehalfOfAll, type Requester } from './requester.ts';
import { ABANDONED_WORDS, classify, EXHAUSTED_WORDS, SHARE_TAKEN } from './failures.ts';
import { PoolConnection, type PoolConnectionConfig, type StopReason } from './pool-connection.ts';

export interface FairPoolConfig extends PoolConfig, Pick<PoolConnectionConfig, 'onStatement' | 'names'> {
  max: number;
  perPerson: number;
  /** Milliseconds a statement waits for a free connection, and one of a read-only request in its person's queue. */
  waitMs: number;
  changeWaitMs: number;
  readMs: number;
  askerOf: () => Requester | undefined;
  replica?: ReadReplica | undefined;
}

/** Answers the reads of read-only requests while it is current. */
export interface ReadReplica {
  pool: FairPool;
  state: ReplicaState;
}

export interface ReplicaState {
  /** Whether it has replayed everything that was committed before the call. */
  isCurrent(): Promise<boolean>;
  /** Whether it is not asked at the moment. */
  readonly isBehind: boolean;
  /** Called when a connection is lost. */
  fail(error: unknown): void;
}

/** Waiting statements per person; more than operations within the limits run. */
export const MOST_WAITING = 500;
const WATCH_EVERY_MS = 250;

type Connected = (error: Error | undefined, client: PoolClient | undefined, release: () => void) => void;

type Connection = Pick<PoolConnection, 'statement' | 'stop'>;

interface Lease {
  requester: Requester | undefined;
  isTransaction: boolean;
  stopping?: Promise<void>;
}

interface Turn {
  requester: Requester;
  isTransaction: boolean;
  connected: Connected;
  since: number;
  until: number;
}

interface Share {
  held: number;
  waiting: Turn[];
}

/**
 * A pool that limits the connections per person. Further statements wait in the person's own queue, so that others
 * get connections. A transaction uses one. Work without a requester is not limited.
 */
export class FairPool extends Pool {
  fullAt = -Infinity;
  readonly reads = { replica: 0, primary: 0 };
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

  get replica(): ReadReplica | undefined {
    return this.#settings.replica;
  }

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
    return new Promise((resolve, reject) => {
      this.#ask(true, (error, client) => {
        if (client) resolve(client);
        else reject(error ?? new Error('the pool gave neither a connection nor an error'));
      });
    });
  }

  override query(...given: unknown[]): never {
    const { replica, askerOf } = this.#settings;
    const requester = replica && !isOnBehalfOfAll() ? askerOf() : undefined;
    const isPlain = typeof given.at(-1) !== 'function';
    const own = () => (super.query as (...all: unknown[]) => unknown)(...given);
    if (!replica || !requester?.readsOnly || !isPlain || !isRead(textOf(given[0]))) return own() as never;
    return this.#read(replica, requester, given, own) as never;
  }

  async #read(
    replica: ReadReplica,
    requester: Requester,
    given: unknown[],
    own: () => unknown,
  ): Promise<unknown> {
    if (await (requester.isReplicaCurrent ??= replica.state.isCurrent())) {
      try {
        const result: unknown = await (replica.pool as { query(...all: unknown[]): unknown }).query(...given);
        this.reads.replica += 1;
        return result;
      } catch (error) {
        const { kind, connectionLost, why } = classify(error);
        const isOfReplica = kind === 'retryable' || connectionLost || why === 'read-only' || why === 'busy';
        if (!isOfReplica) throw error;
        if (connectionLost) replica.state.fail(error);
        requester.isReplicaCurrent = Promise.resolve(false);
      }
    }
    this.reads.primary += 1;
    return own();
  }

  override async end(): Promise<void> {
    await Promise.all([super.end(), this.#settings.replica?.pool.end()]);
  }

  /** Cancels the work of a request: waiting statements are rejected, running reads are cancelled. */
  abandon(requester: Requester): void {
    requester.isAbandoned = true;
    this.#settings.replica?.pool.abandon(requester);
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
    // A waiting statement resumes when another ends, and must keep its own async context.
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

  /** If no connection was free in time, statements in the queue have waited as long, and must not wait again. */
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

  /** One timer for all, since most statements end before it fires. */
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

const READS = /^\s*(?:(?:\/\*.*?\*\/|--[^\n]*\n)\s*)*(?:SELECT|WITH)\b/is;
const CHANGES_OR_LOCKS = /\b(?:INSERT|UPDATE|DELETE|MERGE|FOR\s+(?:KEY\s+)?SHARE|pg_advisory\w*)\b/i;

/** Statements in transactions belong to their changes. */
function isReading({ statement }: Connection, { isTransaction }: Lease): boolean {
  return !isTransaction && statement !== undefined && isRead(statement.text);
}

/** A read with one of these words counts as a change. */
function isRead(text: string): boolean {
  return READS.test(text) && !CHANGES_OR_LOCKS.test(text);
}

function textOf(statement: unknown): string {
  return typeof statement === 'string' ? statement : (statement as { text: string }).text;
}

function stop(connection: Connection, lease: Lease, why: StopReason): void {
  lease.stopping ??= connection.stop(why);
}

class ShareTaken extends Error {
  readonly code = SHARE_TAKEN;

  constructor() {
    super('the person uses all of their connections');
  }
}

function refuse({ connected }: Pick<Turn, 'connected'>, error: Error): void {
  process.nextTick(connected, error, undefined, () => undefined);
}
