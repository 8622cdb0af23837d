// npm run drill:soak -- --minutes 240
// Puts load on a server for hours, with followers over WebSocket and server-sent events: some stay connected, some are
// disconnected regularly and resume, some leave soon. Every follower must get every event once, without being disconnected
// by the server, and at the end the server must not hold more resources than at the start. Uses an embedded database, or
// an empty one at DATABASE_URL.
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { Audience, type Fixture } from './audience.ts';
import { Crowd, type Delivery } from './crowd.ts';
import { beyond, heldBy, leftIn, type Held } from './held-resources.ts';
import { Inspector, INSPECTABLE, type Holdings } from './inspector.ts';
import { Load, type LoadReport, type Pace } from './load.ts';
import { growthOf, type Growth } from './memory-growth.ts';
import { routeTo } from './route.ts';
import { startProcess } from './server-process.ts';
import { atRate, type Routine } from './at-rate.ts';
import { createdIn, signUp, type SignedInUser } from './workspace.ts';

interface Drill extends Pace {
  minutes: number;
  /** The number of followers that stay connected, and of those that are disconnected; and the number of disconnects. */
  followers: number;
  cuts: number;
  /** The number of events before the measurement, so that caches have their full size. */
  before: number;
  heartbeatSeconds: number;
  environment?: NodeJS.ProcessEnv;
  onProgress?: (words: string) => void;
}

/** The server opens its own database connections within this time after it is ready. */
const OWN_CONNECTIONS_WITHIN_MS = 2_000;

export interface SoakReport extends LoadReport {
  minutes: number;
  cuts: number;
  delivery: Pick<Delivery, 'missed' | 'repeated'>;
  /** Followers with an outdated state at the end. */
  outdated: number;
  /** Followers that lost their connection without a cut. */
  disconnected: number;
  /** Followers that did not resume after each cut. */
  lostForGood: number;
  /** Followers that got too few heartbeats. */
  missedHeartbeats: number;
  faults: number;
  /** Growth of live objects and of the resident set, without the first sixth of the time. */
  memory: { heap: Growth; resident: Growth };
  /** Resources before the first client and after the last one. */
  held: { before: Held; after: Held };
}

/** Megabytes per hour. A leak of 1 kB per write at 10 writes per second makes 35. */
const MOST_GROWTH = { heap: 6, resident: 24 };
/** Megabytes that are always tolerated. */
const SPARE = { heap: 6, resident: 48 };
/** Tolerance for reads on a busy machine. */
const SPARE_MS = 50;
const MINUTE_MS = 60_000;
const SAMPLES = 120;
const SHORTEST_PAUSE_MS = 500;
const AWAY_MS = 1_000;
const BATCH = 50;

const CREATE = 'mutation ($tasks: [CreateTaskInput!]!) { createTasks(input: { tasks: $tasks }) { cursor } }';
const BEGIN = `mutation {
  createTask(input: { title: "Drill" }) { task { id } }
  createConversation(input: { title: "Drill" }) { conversation { id } }
}`;
const MESSAGES = `query ($id: ID!, $after: String) {
  conversation(id: $id) { messages(first: 100, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }
}`;

export async function soak(drill: Drill): Promise<SoakReport> {
  const server = await startProcess({
    LOG_LEVEL: 'error',
    RATE_LIMIT_POINTS: '0',
    STORAGE_ROWS_PER_PERSON: '0',
    STORAGE_MB_PER_PERSON: '0',
    SOCKETS_PER_PERSON: '100000',
    SUBSCRIPTIONS_PER_PERSON: '100000',
    SOCKETS_PER_ADDRESS: '100000',
    HEARTBEAT_SECONDS: String(drill.heartbeatSeconds),
    ...INSPECTABLE,
    ...drill.environment,
  });
  const { url } = server;
  const route = await routeTo(url, 80);
  const inspector = await Inspector.of(server);
  const audiences: Audience[] = [];
  const busy: { end(): Promise<void> }[] = [];
  try {
    await sleep(OWN_CONNECTIONS_WITHIN_MS);
    const before = await heldBy(url, inspector);
    await fill(url, drill.before);
    const fixture = await setUp(url);
    const holding = await Audience.gather(url, fixture, drill.followers);
    audiences.push(holding);
    const cutOff = await Audience.gather(route.url.replace(/\/$/, ''), fixture, drill.followers);
    audiences.push(cutOff);
    const load = new Load(url, fixture, drill);
    const memory = new MemoryWatch(inspector, drill, () => load.words());
    busy.push(load, memory);

    const between = (drill.minutes * MINUTE_MS) / (drill.cuts + 1) - AWAY_MS;
    for (let cuts = 0; cuts < drill.cuts; cuts += 1) {
      await sleep(between);
      await route.cut();
      await sleep(AWAY_MS);
      await route.restore();
    }
    await sleep(between);
    await Promise.all(busy.map((each) => each.end()));

    const report = {
      minutes: drill.minutes,
      ...load.report(),
      cuts: drill.cuts,
      delivery: await comparedWith(fixture, audiences),
      outdated: (await holding.outdated(fixture)) + (await cutOff.outdated(fixture)),
      disconnected: holding.followers.filter(({ closeCodes }) => closeCodes.length > 0).length,
      lostForGood: cutOff.followers.filter(({ returns }) => returns.length !== drill.cuts).length,
      missedHeartbeats: holding.missedHeartbeats(drill.minutes * 60, drill.heartbeatSeconds),
      memory: memory.report(),
    };
    for (const audience of audiences) audience.stop();
    const after = await leftIn(url, inspector, before);
    const faults = server
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{')).length;
    return { ...report, faults, held: { before, after } };
  } finally {
    for (const audience of audiences) audience.stop();
    await Promise.all(busy.map((each) => each.end()));
    inspector.close();
    await route.cut();
    await server.stop();
  }
}

class MemoryWatch {
  readonly #samples: (Holdings & { at: number })[] = [];
  readonly #routine: Routine;

  constructor(inspector: Inspector, { minutes, onProgress }: Drill, words: () => string) {
    const since = Date.now();
    const pauseMs = Math.max((minutes * MINUTE_MS) / SAMPLES, SHORTEST_PAUSE_MS);
    let reported = 0;
    this.#routine = atRate(1000 / pauseMs, async () => {
      const held = await inspector.measure();
      this.#samples.push({ ...held, at: Date.now() });
      const minute = Math.floor((Date.now() - since) / MINUTE_MS);
      if (minute === reported) return;
      reported = minute;
      const [heap, resident] = [held.heap, held.resident].map((bytes) => (bytes / 2 ** 20).toFixed(1));
      onProgress?.(`${minute} min: ${heap} MB heap, ${resident} MB resident; ${words()}`);
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

/** Creates events with one follower, so that caches of answers have their full size, too. */
async function fill(url: string, many: number): Promise<void> {
  const user = await signUp(url);
  const crowd = await Crowd.gather(url, user, 1);
  for (let made = 0; made < many; made += BATCH)
    await user.query(CREATE, { tasks: Array.from({ length: BATCH }, () => ({ title: 'Drill' })) });
  await crowd.compare(user);
  crowd.stop();
}

async function setUp(url: string): Promise<Fixture> {
  const author = await signUp(url);
  const { createTask, createConversation } = await author.query<{
    createTask: { task: { id: string } };
    createConversation: { conversation: { id: string } };
  }>(BEGIN);
  return { author, taskId: createTask.task.id, conversationId: createConversation.conversation.id };
}

async function comparedWith(
  { author, conversationId }: Fixture,
  audiences: Audience[],
): Promise<SoakReport['delivery']> {
  // The first task belongs to the fixture and is older than the followers.
  const [, ...created] = (await createdIn(author)).map(({ id }) => id);
  const events = await Crowd.of(...audiences.map((audience) => audience.events)).compareWith(created);
  const said = await messageIdsIn(author, conversationId);
  const messages = await Crowd.of(...audiences.map((audience) => audience.messages)).compareWith(said);
  return { missed: events.missed + messages.missed, repeated: events.repeated + messages.repeated };
}

async function messageIdsIn(author: SignedInUser, id: string): Promise<string[]> {
  const said: string[] = [];
  for (let after: string | null = null; ;) {
    const page: Page = await author.query<Page>(MESSAGES, { id, after });
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

/** The problems of a run; empty if all is well. */
export function problemsIn(report: SoakReport): string[] {
  const { readMs, memory, held } = report;
  const none = ['failed', 'outdated', 'disconnected', 'lostForGood', 'missedHeartbeats', 'faults'] as const;
  return [
    ...none.filter((kind) => report[kind] > 0).map((kind) => `${kind}: ${report[kind]}`),
    ...(['missed', 'repeated'] as const)
      .filter((kind) => report.delivery[kind] > 0)
      .map((kind) => `${kind}: ${report.delivery[kind]}`),
    ...(['heap', 'resident'] as const)
      .filter((kind) => memory[kind].perHour > MOST_GROWTH[kind] && memory[kind].total > SPARE[kind])
      .map((kind) => `${kind}: grows by ${memory[kind].perHour.toFixed(1)} MB per hour`),
    ...(readMs.last > 2 * readMs.first + SPARE_MS
      ? [`reads: ${readMs.last.toFixed()} ms after ${readMs.first.toFixed()} ms`]
      : []),
    ...beyond(held.after, held.before).map(
      (kind) => `${kind}: ${held.after[kind]}, initially ${held.before[kind]}`,
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
    before: 25_000,
    heartbeatSeconds: 30,
    onProgress: (words) => {
      console.log(words);
    },
  });
  console.log(JSON.stringify(report, null, 2));
  const problems = problemsIn(report);
  for (const problem of problems) console.error(`✗ ${problem}`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
