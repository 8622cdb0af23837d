// npm run drill:failover
// Kills the primary and promotes its standby under a constant load of writes. A lagging standby loses acknowledged writes,
// and uses their transaction ids again; a synchronous one loses none. All followers must notice, and end with the state
// of the database.
import { setTimeout as sleep } from 'node:timers/promises';
import { verifyCounters } from '../../server/counters/verify.ts';
import { freePort } from '../../server/database/free-port.ts';
import { openSession } from '../../server/database/session.ts';
import { publicId } from '../../server/ids.ts';
import { overWebSocket, type Subscription, type Payload } from './subscription-client.ts';
import { ownPostgres, standbyOf, type OwnPostgres } from './own-postgres.ts';
import { startProcess } from './server-process.ts';
import { signUp, type SignedInUser } from './workspace.ts';
import { Writes } from './writes.ts';

interface Drill {
  /** The number of followers that stay connected, and of those that reconnect with their cursor after the failover. */
  followers: number;
  writesPerSecond: number;
  standby: 'lagging' | 'synchronous';
  /** How long the standby lags, and how long the load continues after the failover. */
  seconds: { behind: number; after: number };
}

/** The tasks of all followers, compared with the database. */
interface Held {
  /** Tasks in the database that a follower does not have. */
  missed: number;
  /** Tasks of a follower that the database has lost. */
  phantoms: number;
  expired: number;
}

export interface FailoverReport {
  /** Acknowledged writes that the standby did not have. */
  lost: number;
  /** Transaction ids of lost events that the log now uses for other events. */
  reusedIds: number;
  /** Event ids that named two tasks. */
  ambiguous: number;
  stayed: Held;
  cameBack: Held;
  miscounted: number;
  newEpoch: boolean;
  /** Milliseconds from the promotion until a write was acknowledged again. */
  writingAfterMs: number;
}

const SETTLE_WITHIN_MS = 20_000;
const LOOK_AGAIN_MS = 100;
const WRITTEN_BEFORE = 20;

export async function failOver({
  followers,
  writesPerSecond,
  seconds,
  ...drill
}: Drill): Promise<FailoverReport> {
  const primary = await ownPostgres();
  const standbyUrl = new URL(primary.url);
  standbyUrl.port = String(await freePort());
  let standby: OwnPostgres | undefined;
  const server = await startProcess({
    LOG_LEVEL: 'silent',
    RATE_LIMIT_POINTS: '0',
    DATABASE_URL: primary.url.replace(/(?=\/[^/]*$)/, `,${standbyUrl.host}`),
    AUTH_SECRET: 's'.repeat(32),
  });
  const gather = (author: SignedInUser) =>
    Array.from({ length: followers }, () => new Reader(server.url, author));
  let all: Reader[] = [];
  try {
    const author = await signUp(server.url);
    const [staying, leaving] = [gather(author), gather(author)];
    all = [...staying, ...leaving];
    await Promise.all(all.map((reader) => reader.connect()));
    const writes = new Writes(author, { perSecond: writesPerSecond, retrying: true });
    while (writes.acknowledged.length < WRITTEN_BEFORE) await sleep(LOOK_AGAIN_MS);
    standby = await standbyOf(primary.url, standbyUrl.href);
    if (drill.standby === 'synchronous') {
      await standby.start();
      await query(primary.url, `ALTER SYSTEM SET synchronous_standby_names = '*'`);
      await query(primary.url, 'SELECT pg_reload_conf()');
    }
    await sleep(seconds.behind * 1000);
    for (const reader of leaving) reader.disconnect();
    const before = await logOf(primary.url);
    await primary.kill();

    await standby.start();
    const acknowledged = writes.acknowledged.length;
    const promotedAt = performance.now();
    await query(standby.url, 'SELECT pg_promote()');
    while (writes.acknowledged.length === acknowledged) await sleep(LOOK_AGAIN_MS);
    const writingAfterMs = Math.round(performance.now() - promotedAt);
    await sleep(seconds.after * 1000);
    await Promise.all(leaving.map((reader) => reader.connect()));
    await sleep(seconds.after * 1000);
    await writes.end();

    const after = await logOf(standby.url);
    const there = new Set(after.tasks);
    await settle(all, there);
    const kept = new Set(after.events.map(({ subject }) => subject));
    const lostEvents = before.events.filter(({ subject }) => !kept.has(subject));
    const taken = new Set(after.events.map(({ transaction }) => transaction));
    return {
      lost: writes.acknowledged.filter((id) => !there.has(id)).length,
      reusedIds: new Set(lostEvents.map(({ transaction }) => transaction)).intersection(taken).size,
      ambiguous: ambiguousIn(all),
      stayed: heldBy(staying, there),
      cameBack: heldBy(leaving, there),
      miscounted: after.miscounted,
      newEpoch: after.epoch !== before.epoch,
      writingAfterMs,
    };
  } finally {
    for (const reader of all) reader.disconnect();
    await server.stop();
    await primary.remove();
    await standby?.remove();
  }
}

/** The query of a reader without a cursor. The cursor of the first page is older than all tasks read, so nothing is missed. */
const PAGE = `query ($after: String) {
  cursor tasks(first: 100, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } }
}`;
const FOLLOW = `subscription ($after: String) {
  events(after: $after, filter: { kinds: [TASK_CREATED] }) { cursor event { id task { id } } }
}`;

interface Page {
  cursor: string;
  tasks: { nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
}

interface Update {
  events: { cursor: string; event: { id: string; task: { id: string } | null } | null };
}

/** Reads all tasks once and follows the log. Reads again when its cursor has expired. */
class Reader {
  readonly held = new Set<string>();
  /** The task of each received event by the event's id, and the event ids that named two tasks. */
  readonly tasks = new Map<string, string>();
  readonly ambiguous = new Set<string>();
  expired = 0;
  readonly #url: string;
  readonly #author: SignedInUser;
  #cursor: string | undefined;
  #subscription: Subscription | undefined;
  #isAway = true;
  #onLive: () => void = () => undefined;

  constructor(url: string, author: SignedInUser) {
    this.#url = url;
    this.#author = author;
  }

  /** Connects, and resolves once it is live. */
  connect(): Promise<void> {
    this.#isAway = false;
    return new Promise((resolve) => {
      this.#onLive = resolve;
      void this.#follow();
    });
  }

  disconnect(): void {
    this.#isAway = true;
    this.#subscription?.cut();
  }

  async #follow(): Promise<void> {
    while (!this.#isAway) {
      await this.#read().then(
        () => this.#connection(),
        () => undefined,
      );
      await sleep(LOOK_AGAIN_MS);
    }
  }

  async #read(): Promise<void> {
    if (this.#cursor !== undefined) return;
    this.held.clear();
    let first: string | undefined;
    for (let after: string | null = null; ;) {
      const { cursor, tasks }: Page = await this.#author.query<Page>(PAGE, { after });
      first ??= cursor;
      for (const { id } of tasks.nodes) this.held.add(id);
      after = tasks.pageInfo.endCursor;
      if (!tasks.pageInfo.hasNextPage) break;
    }
    this.#cursor = first;
  }

  #connection(): Promise<void> {
    return new Promise((resolve) => {
      this.#subscription = overWebSocket(
        this.#url,
        this.#author.token,
        () => ({ query: FOLLOW, variables: { after: this.#cursor } }),
        {
          onPayload: (payload) => {
            this.#receive(payload);
          },
          onHeartbeat: () => undefined,
          onEnd: () => {
            resolve();
          },
        },
      );
      if (this.#isAway) this.#subscription.cut();
    });
  }

  #receive({ data, errors = [] }: Payload): void {
    if (errors.some(({ extensions }) => extensions.code === 'CURSOR_EXPIRED')) {
      this.expired += 1;
      this.#cursor = undefined;
    }
    if (!data || this.#isAway) return;
    const { cursor, event } = (data as unknown as Update).events;
    this.#cursor = cursor;
    if (!event) this.#onLive();
    if (!event?.task) return;
    const { id } = event.task;
    this.held.add(id);
    if ((this.tasks.get(event.id) ?? id) !== id) this.ambiguous.add(event.id);
    this.tasks.set(event.id, id);
  }
}

async function settle(readers: readonly Reader[], there: ReadonlySet<string>): Promise<void> {
  const deadline = Date.now() + SETTLE_WITHIN_MS;
  const isSettled = ({ held }: Reader) => held.symmetricDifference(there).size === 0;
  while (!readers.every(isSettled) && Date.now() < deadline) await sleep(LOOK_AGAIN_MS);
}

function heldBy(readers: readonly Reader[], there: ReadonlySet<string>): Held {
  const sum = (of: (reader: Reader) => number) => readers.reduce((total, reader) => total + of(reader), 0);
  return {
    missed: sum(({ held }) => there.difference(held).size),
    phantoms: sum(({ held }) => held.difference(there).size),
    expired: sum(({ expired }) => Math.min(expired, 1)),
  };
}

/** Includes ids that named different tasks to different readers. */
function ambiguousIn(readers: readonly Reader[]): number {
  const ambiguous = new Set(readers.flatMap((reader) => [...reader.ambiguous]));
  const known = new Map<string, string>();
  for (const { tasks } of readers) {
    for (const [event, task] of tasks) {
      if ((known.get(event) ?? task) !== task) ambiguous.add(event);
      known.set(event, task);
    }
  }
  return ambiguous.size;
}

interface Log {
  epoch: string;
  tasks: string[];
  events: { transaction: string; subject: string }[];
  miscounted: number;
}

async function logOf(url: string): Promise<Log> {
  await using client = await openSession(url, { application_name: 'taskwire drill' });
  const log = await client.query<{ epoch: string }>('SELECT epoch FROM event_log');
  const tasks = await client.query<{ id: string }>('SELECT id FROM tasks');
  const events = await client.query<Log['events'][number]>(
    `SELECT transaction_id AS transaction, subject_id AS subject FROM events WHERE kind = 'task.created'`,
  );
  return {
    epoch: log.rows[0]?.epoch ?? '',
    tasks: tasks.rows.map(({ id }) => publicId('Task', id)),
    events: events.rows,
    miscounted: (await verifyCounters(client)).length,
  };
}

async function query(url: string, text: string): Promise<void> {
  await using client = await openSession(url, { application_name: 'taskwire drill' });
  await client.query(text);
}

if (import.meta.main) {
  for (const standby of ['lagging', 'synchronous'] as const) {
    const seconds = { behind: 3, after: 3 };
    const report = await failOver({ followers: 20, writesPerSecond: 60, standby, seconds });
    console.log(standby, JSON.stringify(report, null, 2));
    const { stayed, cameBack, lost, reusedIds, ambiguous, miscounted, writingAfterMs } = report;
    const wrong = [stayed, cameBack].reduce((sum, { missed, phantoms }) => sum + missed + phantoms, 0);
    const isRight = standby === 'lagging' ? lost > 0 && reusedIds > 0 : lost === 0;
    if (wrong + ambiguous + miscounted > 0 || !isRight || writingAfterMs > 15_000) process.exitCode = 1;
  }
}
