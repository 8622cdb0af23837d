// npm run drill:soak -- --minutes 240
// Keeps a server busy for hours while people follow it over WebSocket and server-sent events: some hold on all the time,
// some are cut off now and then and come back, some only pass by. Nobody may miss a thing, be told twice or be sent away,
// and in the end the server must hold no more than in the beginning. On an embedded database, or on an empty one at
// DATABASE_URL.
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { Audience, type Stage } from './audience.ts';
import { Crowd, type Told } from './crowd.ts';
import { beyond, heldBy, leftIn, type Held } from './held.ts';
import { Inside, OPEN_TO_SIGHT, type Holdings } from './inside.ts';
import { Load, type LoadReport, type Pace } from './load.ts';
import { growthOf, type Growth } from './memory-growth.ts';
import { routeTo } from './route.ts';
import { startProcess } from './server-process.ts';
import { steadily, type Routine } from './steadily.ts';
import { createdIn, signUp, type SignedInUser } from './workspace.ts';

interface Drill extends Pace {
  minutes: number;
  /** How many hold on to the events, and how many more are cut off from them now and then. */
  followers: number;
  cuts: number;
  /** Events that are there before anybody comes, so that what the server remembers of them has its full size. */
  before: number;
  heartbeatSeconds: number;
  environment?: NodeJS.ProcessEnv;
  onProgress?: (words: string) => void;
}

/** The server opens its own connections to the database, such as that of the counters, soon after it is ready. */
const OWN_CONNECTIONS_WITHIN_MS = 2_000;

export interface SoakReport extends LoadReport {
  minutes: number;
  cuts: number;
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
  /** Of live objects, and of all that the process has in memory, without the first sixth of the time. */
  memory: { heap: Growth; resident: Growth };
  /** What the server holds before anybody comes, and once everybody has left. */
  held: { before: Held; after: Held };
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
const AWAY_MS = 1_000;
const BATCH = 50;

const CREATE = 'mutation ($tasks: [CreateTaskInput!]!) { createTasks(input: { tasks: $tasks }) { cursor } }';
const BEGIN = `mutation {
  createTask(input: { title: "Drill" }) { task { id } }
  createConversation(input: { title: "Drill" }) { conversation { id } }
}`;
const SAID = `query ($id: ID!, $after: String) {
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
    ...OPEN_TO_SIGHT,
    ...drill.environment,
  });
  const { url } = server;
  const route = await routeTo(url, 80);
  const inside = await Inside.of(server);
  const audiences: Audience[] = [];
  const busy: { end(): Promise<void> }[] = [];
  try {
    await sleep(OWN_CONNECTIONS_WITHIN_MS);
    const before = await heldBy(url, inside);
    await fill(url, drill.before);
    const stage = await setUp(url);
    const holding = await Audience.gather(url, stage, drill.followers);
    audiences.push(holding);
    const cutOff = await Audience.gather(route.url.replace(/\/$/, ''), stage, drill.followers);
    audiences.push(cutOff);
    const load = new Load(url, stage, drill);
    const memory = new MemoryWatch(inside, drill, () => load.words());
    busy.push(load, memory);

    const between = (drill.minutes * MINUTE_MS) / (drill.cuts + 1) - AWAY_MS;
    for (let cuts = 0; cuts < drill.cuts; cuts += 1) {
      await sleep(between);
      await route.cut();
      await sleep(AWAY_MS);
      await route.mend();
    }
    await sleep(between);
    await Promise.all(busy.map((each) => each.end()));

    const report = {
      minutes: drill.minutes,
      ...load.report(),
      cuts: drill.cuts,
      told: await comparedWith(stage, audiences),
      outdated: (await holding.outdated(stage)) + (await cutOff.outdated(stage)),
      sentAway: holding.everybody.filter(({ farewells }) => farewells.length > 0).length,
      lostForGood: cutOff.everybody.filter(({ returns }) => returns.length !== drill.cuts).length,
      unheeded: holding.unheeded(drill.minutes * 60, drill.heartbeatSeconds),
      memory: memory.report(),
    };
    for (const audience of audiences) audience.stop();
    const after = await leftIn(url, inside, before);
    const faults = server
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{')).length;
    return { ...report, faults, held: { before, after } };
  } finally {
    for (const audience of audiences) audience.stop();
    await Promise.all(busy.map((each) => each.end()));
    inside.close();
    await route.cut();
    await server.stop();
  }
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

/** Somebody follows meanwhile: what the server keeps of its answers then has its full size, too. */
async function fill(url: string, many: number): Promise<void> {
  const somebody = await signUp(url);
  const crowd = await Crowd.gather(url, somebody, 1);
  for (let made = 0; made < many; made += BATCH)
    await somebody.query(CREATE, { tasks: Array.from({ length: BATCH }, () => ({ title: 'Drill' })) });
  await crowd.compare(somebody);
  crowd.stop();
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

async function saidIn(author: SignedInUser, id: string): Promise<string[]> {
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
    before: 25_000,
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
