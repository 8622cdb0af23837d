// npm run drill:failover
// Promotes a standby that is behind, under a steady load of writes: what the primary had acknowledged since is lost, and
// its numbers are given out again. Everybody who follows must notice, and hold in the end what the database holds.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { verifyCounters } from '../../server/counters/verify.ts';
import { publicId } from '../../server/ids.ts';
import { overWebSocket, type Line, type Payload } from './line.ts';
import { ownPostgres, standbyOf, type OwnPostgres } from './own-postgres.ts';
import { startProcess } from './server-process.ts';
import { signUp, type SignedInUser } from './workspace.ts';
import { Writes } from './writes.ts';

interface Drill {
  /** How many stay connected, and how many are away during the failover and come back with their cursor. */
  followers: number;
  writesPerSecond: number;
  /** How long the standby is behind, and how long the load lasts after the failover. */
  seconds: { behind: number; after: number };
}

/** The tasks that followers hold compared with those in the database, of all followers together. */
interface Held {
  /** Tasks that are in the database, and that a follower does not know of. */
  missed: number;
  /** Tasks that a follower holds, and that the database lost. */
  phantoms: number;
  /** How many were told that their cursor has expired. */
  expired: number;
}

export interface FailoverReport {
  /** Writes that were acknowledged and that the standby did not have. */
  lost: number;
  /** Transaction ids in the log of the lost events that other events have now. */
  givenOutAgain: number;
  /** Ids of events that named two tasks. */
  ambiguous: number;
  stayed: Held;
  cameBack: Held;
  /** Counters that differ from the tasks in the end. */
  miscounted: number;
  /** Whether the log has another epoch. */
  newEpoch: boolean;
}

const SETTLE_WITHIN_MS = 20_000;
const LOOK_AGAIN_MS = 100;
const WRITTEN_BEFORE = 20;

export async function failOver({ followers, writesPerSecond, seconds }: Drill): Promise<FailoverReport> {
  const primary = await ownPostgres();
  let standby: OwnPostgres | undefined;
  const server = await startProcess({
    LOG_LEVEL: 'silent',
    RATE_LIMIT_POINTS: '0',
    DATABASE_URL: primary.url,
    AUTH_SECRET: 's'.repeat(32),
  });
  const gather = (author: SignedInUser) =>
    Array.from({ length: followers }, () => new Keeper(server.url, author));
  let all: Keeper[] = [];
  try {
    const author = await signUp(server.url);
    const [staying, leaving] = [gather(author), gather(author)];
    all = [...staying, ...leaving];
    await Promise.all(all.map((keeper) => keeper.come()));
    const writes = new Writes(author, { perSecond: writesPerSecond, insisting: true });
    while (writes.acknowledged.length < WRITTEN_BEFORE) await sleep(LOOK_AGAIN_MS);
    standby = await standbyOf(primary.url, primary.url);
    await sleep(seconds.behind * 1000);
    for (const keeper of leaving) keeper.leave();
    const before = await logOf(primary.url);
    await primary.kill();

    await standby.start();
    await query(standby.url, 'SELECT pg_promote()');
    const acknowledged = writes.acknowledged.length;
    while (writes.acknowledged.length === acknowledged) await sleep(LOOK_AGAIN_MS);
    await sleep(seconds.after * 1000);
    await Promise.all(leaving.map((keeper) => keeper.come()));
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
      givenOutAgain: new Set(lostEvents.map(({ transaction }) => transaction)).intersection(taken).size,
      ambiguous: ambiguousIn(all),
      stayed: heldBy(staying, there),
      cameBack: heldBy(leaving, there),
      miscounted: after.miscounted,
      newEpoch: after.epoch !== before.epoch,
    };
  } finally {
    for (const keeper of all) keeper.leave();
    await server.stop();
    await primary.remove();
    await standby?.remove();
  }
}

/** What one reads who has no cursor, tasks first: a cursor of before they are read leads to all that comes. */
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

/** One who reads all tasks once, and is told of the others; and reads afresh where their cursor has expired. */
class Keeper {
  readonly held = new Set<string>();
  /** The task of each event that it was told of, by the event's id, and the tasks of ids that named a second one. */
  readonly tasks = new Map<string, string>();
  readonly ambiguous = new Set<string>();
  expired = 0;
  readonly #url: string;
  readonly #author: SignedInUser;
  #cursor: string | undefined;
  #line: Line | undefined;
  #isAway = true;
  #onLive: () => void = () => undefined;

  constructor(url: string, author: SignedInUser) {
    this.#url = url;
    this.#author = author;
  }

  /** Resolves once it is told of what comes. */
  come(): Promise<void> {
    this.#isAway = false;
    return new Promise((resolve) => {
      this.#onLive = resolve;
      void this.#follow();
    });
  }

  /** Keeps the cursor. */
  leave(): void {
    this.#isAway = true;
    this.#line?.cut();
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
      this.#line = overWebSocket(
        this.#url,
        this.#author.token,
        () => ({ query: FOLLOW, variables: { after: this.#cursor } }),
        {
          onPayload: (payload) => {
            this.#hear(payload);
          },
          onHeartbeat: () => undefined,
          onEnd: () => {
            resolve();
          },
        },
      );
      if (this.#isAway) this.#line.cut();
    });
  }

  #hear({ data, errors = [] }: Payload): void {
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

async function settle(keepers: readonly Keeper[], there: ReadonlySet<string>): Promise<void> {
  const deadline = Date.now() + SETTLE_WITHIN_MS;
  const isSettled = ({ held }: Keeper) => held.symmetricDifference(there).size === 0;
  while (!keepers.every(isSettled) && Date.now() < deadline) await sleep(LOOK_AGAIN_MS);
}

function heldBy(keepers: readonly Keeper[], there: ReadonlySet<string>): Held {
  const sum = (of: (keeper: Keeper) => number) => keepers.reduce((total, keeper) => total + of(keeper), 0);
  return {
    missed: sum(({ held }) => there.difference(held).size),
    phantoms: sum(({ held }) => held.difference(there).size),
    expired: sum(({ expired }) => Math.min(expired, 1)),
  };
}

/** Also those that named one task to one follower, and another to another. */
function ambiguousIn(keepers: readonly Keeper[]): number {
  const ambiguous = new Set(keepers.flatMap((keeper) => [...keeper.ambiguous]));
  const known = new Map<string, string>();
  for (const { tasks } of keepers) {
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
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
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
  } finally {
    await client.end();
  }
}

async function query(url: string, text: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(text).finally(() => client.end());
}

if (import.meta.main) {
  const report = await failOver({ followers: 20, writesPerSecond: 60, seconds: { behind: 3, after: 3 } });
  console.log(JSON.stringify(report, null, 2));
  const { stayed, cameBack, lost, givenOutAgain, ambiguous, miscounted } = report;
  const wrong = [stayed, cameBack].reduce((sum, { missed, phantoms }) => sum + missed + phantoms, 0);
  const isGood = wrong + ambiguous + miscounted === 0 && lost > 0 && givenOutAgain > 0;
  process.exitCode = isGood ? 0 : 1;
}
