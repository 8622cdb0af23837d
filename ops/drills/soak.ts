// npm run drill:soak -- --minutes 240
// Keeps a server busy for hours while people follow it over WebSocket and server-sent events: some hold on all the time,
// some are cut off now and then and come back, some only pass by. Nobody may miss a thing, be told twice or be sent away,
// and in the end the server must hold no more than in the beginning. On an embedded database, or on an empty one at
// DATABASE_URL.
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { Audience, type Stage } from './audience.ts';
import { Crowd, type Told } from './crowd.ts';
import { Follower } from './follower.ts';
import { Inside, OPEN_TO_SIGHT, type Holdings } from './inside.ts';
import { overServerSentEvents, overWebSocket } from './line.ts';
import { growthOf, type Growth } from './memory-growth.ts';
import { routeTo } from './route.ts';
import { startProcess } from './server-process.ts';
import { steadily, type Routine } from './steadily.ts';
import { createdIn, signUp, type Somebody } from './workspace.ts';
import { Writes } from './writes.ts';

interface Drill {
  minutes: number;
  /** How many hold on to the events, and how many more are cut off from them now and then. */
  followers: number;
  writesPerSecond: number;
  readsPerSecond: number;
  /** New people who come, follow and leave. */
  guestsPerSecond: number;
  cuts: number;
  /** Events that are there before anybody comes, so that what the server remembers of the log has its full size. */
  before: number;
  heartbeatSeconds: number;
  environment?: NodeJS.ProcessEnv;
  onProgress?: (words: string) => void;
}

export interface SoakReport {
  minutes: number;
  written: number;
  read: number;
  guests: number;
  cuts: number;
  /** What was asked of the server, and was refused or got no answer. */
  failed: number;
  told: Pick<Told, 'missed' | 'repeated'>;
  /** How many were told something last, of a task or of numbers, that is not so. */
  outdated: number;
  /** How many were sent away, or broke off, though nobody had cut their connection. */
  sentAway: number;
  /** How many have not come back from each cut. */
  lostForGood: number;
  /** How many were asked for a sign of life less often than they should. */
  unheeded: number;
  /** Lines that the server wrote into its log about faults. */
  faults: number;
  /** The 99th of a hundred reads in the first quarter of the time and in the last, in milliseconds. */
  readMs: { first: number; last: number };
  /** Of live objects, and of all that the process has in memory, without the first sixth of the time. */
  memory: { heap: Growth; resident: Growth };
  /** What the server holds before anybody comes, and once everybody has left. */
  held: { before: Held; after: Held };
}

interface Held {
  subscriptions: number;
  /** Connections to the database in use, and waited for. */
  busy: number;
  /** Other connections. */
  sockets: number;
  timers: number;
}

/** Megabytes an hour. A kilobyte lost at each of ten writes a second makes 35. */
const MOST_GROWTH = { heap: 6, resident: 24 };
/** Megabytes by which memory may grow all the same, in however short a time. */
const SPARE = { heap: 6, resident: 48 };
/** What a machine that has other work may add to a read. */
const SPARE_MS = 50;
const MINUTE_MS = 60_000;
const SAMPLES = 120;
const SHORTEST_PAUSE_MS = 500;
/** Over server-sent events. */
const STREAM_HEARTBEAT_SECONDS = 12;
const AWAY_MS = 1_000;
const BATCH = 25;
const LEFT_WITHIN_MS = 20_000;

const READS = [
  '{ dashboard { statistics { total pending completed shared } } }',
  '{ tasks(first: 50) { nodes { id title status owner { name } } } }',
  '{ activity(first: 20) { nodes { id at task { title } } } }',
  '{ conversations(first: 5) { nodes { title messages(last: 20) { nodes { content } } } } }',
];
const CREATE = 'mutation ($tasks: [CreateTaskInput!]!) { createTasks(input: { tasks: $tasks }) { cursor } }';
const BEGIN = `mutation {
  createTask(input: { title: "Drill" }) { task { id } }
  createConversation(input: { title: "Drill" }) { conversation { id } }
}`;
const SAY = `mutation ($id: ID!, $title: String!, $conversationId: ID!) {
  updateTask(input: { id: $id, title: $title }) { cursor }
  sendMessage(input: { conversationId: $conversationId, content: $title }) { message { id } }
}`;
const SAID = `query ($id: ID!, $after: String) {
  conversation(id: $id) { messages(first: 100, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }
}`;

export async function soak(drill: Drill): Promise<SoakReport> {
  const server = await startProcess({
    LOG_LEVEL: 'error',
    RATE_LIMIT_POINTS: '0',
    SOCKETS_PER_PERSON: '100000',
    SOCKETS_PER_ADDRESS: '100000',
    HEARTBEAT_SECONDS: String(drill.heartbeatSeconds),
    ...OPEN_TO_SIGHT,
    ...drill.environment,
  });
  const { url } = server;
  const route = await routeTo(url, 80);
  const inside = await Inside.of(server);
  const audiences: Audience[] = [];
  try {
    const before = await heldBy(url, inside);
    await fill(url, drill.before);
    const stage = await setUp(url);
    const holding = await Audience.gather(url, stage, drill.followers);
    const cutOff = await Audience.gather(route.url.replace(/\/$/, ''), stage, drill.followers);
    audiences.push(holding, cutOff);
    const load = new Load(url, stage, drill);
    const memory = new MemoryWatch(inside, drill, () => load.words());

    const between = (drill.minutes * MINUTE_MS) / (drill.cuts + 1) - AWAY_MS;
    for (let cuts = 0; cuts < drill.cuts; cuts += 1) {
      await sleep(between);
      await route.cut();
      await sleep(AWAY_MS);
      await route.mend();
    }
    await sleep(between);
    await Promise.all([load.end(), memory.end()]);

    const report = {
      minutes: drill.minutes,
      ...load.report(),
      cuts: drill.cuts,
      told: await comparedWith(stage, audiences),
      outdated: (await holding.outdated(stage)) + (await cutOff.outdated(stage)),
      sentAway: holding.everybody.followers.filter(({ farewells }) => farewells.length > 0).length,
      lostForGood: cutOff.everybody.followers.filter(({ returns }) => returns.length !== drill.cuts).length,
      unheeded: unheededOf(holding.everybody, drill),
      memory: memory.report(),
    };
    for (const { everybody } of audiences) everybody.stop();
    const after = await leftIn(url, inside, before);
    const faults = server
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{')).length;
    return { ...report, faults, held: { before, after } };
  } finally {
    for (const { everybody } of audiences) everybody.stop();
    inside.close();
    await route.cut();
    await server.stop();
  }
}

/** What keeps the server busy. */
class Load {
  readonly #writes: Writes;
  readonly #reads: Routine;
  readonly #talk: Routine;
  readonly #guests: Routine;
  readonly #took: { at: number; ms: number }[] = [];
  readonly #since = Date.now();

  constructor(url: string, { author, taskId, conversationId }: Stage, drill: Drill) {
    this.#writes = new Writes(author, { perSecond: drill.writesPerSecond });
    this.#talk = steadily(1, (turn) =>
      author.query(SAY, { id: taskId, title: `Drill ${turn}`, conversationId }),
    );
    this.#reads = steadily(drill.readsPerSecond, async (turn) => {
      const startedAt = Date.now();
      const began = performance.now();
      await author.query(READS[turn % READS.length] ?? '');
      this.#took.push({ at: startedAt, ms: performance.now() - began });
    });
    this.#guests = steadily(drill.guestsPerSecond, (turn) => visit(url, turn));
  }

  words(): string {
    return `${this.#writes.acknowledged.length} written, ${this.#reads.done} read, ${this.#guests.done} guests, ${this.#failed} failed`;
  }

  async end(): Promise<void> {
    const all = [this.#writes, this.#talk, this.#reads, this.#guests];
    await Promise.all(all.map((each) => each.end()));
  }

  report(): Pick<SoakReport, 'written' | 'read' | 'guests' | 'failed' | 'readMs'> {
    const quarter = (Date.now() - this.#since) / 4;
    const p99 = (from: number) =>
      this.#took
        .filter(({ at }) => at >= from && at < from + quarter)
        .map(({ ms }) => ms)
        .sort((a, b) => a - b)
        .at(-Math.ceil(this.#took.length / 4 / 100)) ?? NaN;
    return {
      written: this.#writes.acknowledged.length,
      read: this.#reads.done,
      guests: this.#guests.done,
      failed: this.#failed,
      readMs: { first: p99(this.#since), last: p99(this.#since + 3 * quarter) },
    };
  }

  get #failed(): number {
    const refused = [...this.#writes.refused.values()].reduce((sum, count) => sum + count, 0);
    const others = [this.#talk, this.#reads, this.#guests].reduce((sum, { failed }) => sum + failed, 0);
    return refused + this.#writes.broken.length + this.#writes.unmet + others;
  }
}

/** Somebody new comes, follows, and leaves without a word: every second one before they were told anything. */
async function visit(url: string, turn: number): Promise<void> {
  const guest = await signUp(url);
  const dial = turn % 4 < 2 ? overWebSocket : overServerSentEvents;
  const follower = new Follower(url, guest.token, { dial });
  const live = follower.start();
  await (turn % 2 ? live : sleep(Math.random() * 20));
  follower.stop();
  await guest.query('mutation { signOut { signedOut } }');
}

/** Looks at what the server holds all the while, and tells each minute. */
class MemoryWatch {
  readonly #samples: (Holdings & { at: number })[] = [];
  readonly #routine: Routine;

  constructor(inside: Inside, { minutes, onProgress }: Drill, words: () => string) {
    const since = Date.now();
    const pauseMs = Math.max((minutes * MINUTE_MS) / SAMPLES, SHORTEST_PAUSE_MS);
    let told = 0;
    this.#routine = steadily(1000 / pauseMs, async () => {
      const held = await inside.look();
      this.#samples.push({ ...held, at: Date.now() });
      const minute = Math.floor((Date.now() - since) / MINUTE_MS);
      if (minute === told) return;
      told = minute;
      const [heap, resident] = [held.heap, held.resident].map((bytes) => (bytes / 2 ** 20).toFixed(1));
      onProgress?.(`${minute} min: ${heap} MB of objects, ${resident} MB in all; ${words()}`);
    });
  }

  end(): Promise<void> {
    return this.#routine.end();
  }

  report(): SoakReport['memory'] {
    const warm = this.#samples.slice(Math.floor(this.#samples.length / 6));
    const of = (kind: 'heap' | 'resident') =>
      growthOf(warm.map((held) => ({ at: held.at, bytes: held[kind] })));
    return { heap: of('heap'), resident: of('resident') };
  }
}

async function fill(url: string, many: number): Promise<void> {
  const somebody = await signUp(url);
  for (let made = 0; made < many; made += BATCH)
    await somebody.query(CREATE, { tasks: Array.from({ length: BATCH }, () => ({ title: 'Drill' })) });
}

async function setUp(url: string): Promise<Stage> {
  const author = await signUp(url);
  const { createTask, createConversation } = await author.query<{
    createTask: { task: { id: string } };
    createConversation: { conversation: { id: string } };
  }>(BEGIN);
  return { author, taskId: createTask.task.id, conversationId: createConversation.conversation.id };
}

/** What an audience was told, beside what the log and the conversation themselves say. */
async function comparedWith(
  { author, conversationId }: Stage,
  audiences: Audience[],
): Promise<SoakReport['told']> {
  // The first is the stage's own, of before anybody came.
  const [, ...created] = (await createdIn(author)).map(({ id }) => id);
  const events = await Crowd.of(...audiences.map((audience) => audience.events)).compareWith(created);
  const said = await saidIn(author, conversationId);
  const messages = await Crowd.of(...audiences.map((audience) => audience.messages)).compareWith(said);
  return { missed: events.missed + messages.missed, repeated: events.repeated + messages.repeated };
}

async function saidIn(author: Somebody, id: string): Promise<string[]> {
  const said: string[] = [];
  for (let after: string | null = null; ;) {
    const page: Page = await author.query<Page>(SAID, { id, after });
    const { nodes, pageInfo } = page.conversation.messages;
    said.push(...nodes.map((message) => message.id));
    after = pageInfo.endCursor;
    if (!pageInfo.hasNextPage) return said;
  }
}

interface Page {
  conversation: {
    messages: { nodes: { id: string }[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
  };
}

function unheededOf({ followers }: Crowd, { minutes, heartbeatSeconds }: Drill): number {
  const atLeast = Math.floor((minutes * 60) / Math.max(heartbeatSeconds, STREAM_HEARTBEAT_SECONDS)) - 1;
  return followers.filter(({ heartbeats }) => heartbeats < atLeast).length;
}

async function heldBy(url: string, inside: Inside): Promise<Held> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const valueOf = (name: string) =>
    Number(
      metrics
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length),
    );
  const connections = (state: string) => valueOf(`taskwire_database_connections{state="${state}"}`);
  const { TCPSocketWrap: sockets = 0, Timeout: timers = 0 } = (await inside.look()).resources;
  return {
    subscriptions: valueOf('taskwire_subscriptions'),
    busy: connections('open') - connections('idle') + connections('waiting'),
    sockets: sockets - connections('open'),
    timers: timers - connections('idle'),
  };
}

/** What is left once everybody has left, and had a while to be forgotten. */
async function leftIn(url: string, inside: Inside, before: Held): Promise<Held> {
  const deadline = Date.now() + LEFT_WITHIN_MS;
  for (;;) {
    const left = await heldBy(url, inside);
    if (beyond(left, before).length === 0 || Date.now() > deadline) return left;
    await sleep(SHORTEST_PAUSE_MS);
  }
}

function beyond(after: Held, before: Held): (keyof Held)[] {
  return (Object.keys(after) as (keyof Held)[]).filter((kind) => after[kind] > before[kind]);
}

/** What is wrong with how it went; nothing where all is well. */
export function complaintsAbout(report: SoakReport): string[] {
  const { readMs, memory, held } = report;
  const none = ['failed', 'outdated', 'sentAway', 'lostForGood', 'unheeded', 'faults'] as const;
  return [
    ...none.filter((kind) => report[kind] > 0).map((kind) => `${kind}: ${report[kind]}`),
    ...(['missed', 'repeated'] as const)
      .filter((kind) => report.told[kind] > 0)
      .map((kind) => `${kind}: ${report.told[kind]}`),
    ...(['heap', 'resident'] as const)
      .filter((kind) => memory[kind].anHour > MOST_GROWTH[kind] && memory[kind].inAll > SPARE[kind])
      .map((kind) => `${kind}: grows by ${memory[kind].anHour.toFixed(1)} MB an hour`),
    ...(readMs.last > 2 * readMs.first + SPARE_MS
      ? [`reads: ${readMs.last.toFixed()} ms after ${readMs.first.toFixed()} ms`]
      : []),
    ...beyond(held.after, held.before).map(
      (kind) => `${kind}: ${held.after[kind]} left of ${held.before[kind]}`,
    ),
  ];
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { minutes: { type: 'string', default: '240' } } });
  const report = await soak({
    minutes: Number(values.minutes),
    followers: 20,
    writesPerSecond: 10,
    readsPerSecond: 10,
    guestsPerSecond: 0.5,
    cuts: 10,
    before: 12_500,
    heartbeatSeconds: 30,
    onProgress: (words) => {
      console.log(words);
    },
  });
  console.log(JSON.stringify(report, null, 2));
  const complaints = complaintsAbout(report);
  for (const complaint of complaints) console.error(`✗ ${complaint}`);
  process.exitCode = complaints.length > 0 ? 1 : 0;
}
