// `npm run bench:live`: the delivery time to the last of many subscribers, and the cost of each, compared with plain Yoga
// and graphql-ws in the same run.
//   npm run bench:live -- [--subscribers n] [--people n] [--rounds n] [--no-write]
// BENCH_DATABASE_URL: see `npm run bench`.
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';
import { connect, disconnect } from '../../server/database/client.ts';
import { startEmbedded } from '../../server/database/embedded.ts';
import { applyMigrations } from '../../server/database/migrations.ts';
import { openSession } from '../../server/database/session.ts';
import { newId, publicId } from '../../server/ids.ts';
import { busyCores, cpuMs, SERVER_CORE } from './cpu.ts';
import { startOnCore, TASKWIRE, type OnCore } from './on-core.ts';
import { conditions, writeSection } from './results.ts';

const { values: options } = parseArgs({
  options: {
    subscribers: { type: 'string', default: '5000' },
    people: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '20' },
    write: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const subscribers = Number(options.subscribers);
const people = Number(options.people);
const rounds = Number(options.rounds);

/** Lets earlier work and garbage collection finish. */
const SETTLE_MS = 3_000;
const DELIVERED_WITHIN_MS = 60_000;
const CONNECT_AT_ONCE = 50;

interface Live extends OnCore {
  name: string;
  subscription: string;
  /** The credential of a subscriber. */
  authorizationOf(subscriber: number): string | undefined;
  mutation: string;
}

interface Found {
  name: string;
  subscribers: number;
  /** Milliseconds from the write to the last delivery, for each round. */
  lastMs: number[];
  cpuMicroseconds: number;
  bytesEach: number;
  missed: number;
  repeated: number;
}

/** Counts its messages without parsing them. */
class Subscriber {
  received = 0;
  readonly #socket: WebSocket;
  readonly #isCounted: (text: string) => boolean;

  constructor(socket: WebSocket, isCounted: (text: string) => boolean) {
    this.#socket = socket;
    this.#isCounted = isCounted;
  }

  follow(onMessage: () => void): void {
    this.#socket.on('message', (data: Buffer) => {
      if (!this.#isCounted(data.toString('latin1'))) return;
      this.received += 1;
      onMessage();
    });
  }

  stop(): void {
    this.#socket.terminate();
  }
}

async function measure(live: Live): Promise<Found> {
  logProgress(`${live.name}: ${subscribers} subscribers`);
  // Warm-up: compiled code takes memory that does not belong to the subscribers.
  const first = await subscribe(live, 0);
  await write(live);
  await sleep(SETTLE_MS);
  const before = live.residentBytes();
  const crowd: Subscriber[] = [];
  while (crowd.length < subscribers) {
    const some = Math.min(CONNECT_AT_ONCE, subscribers - crowd.length);
    const from = crowd.length;
    crowd.push(...(await Promise.all(Array.from({ length: some }, (_, n) => subscribe(live, from + n)))));
  }
  await sleep(SETTLE_MS);
  const bytesEach = (live.residentBytes() - before) / subscribers;
  let delivered = 0;
  let lastAt = 0;
  for (const subscriber of crowd)
    subscriber.follow(() => {
      delivered += 1;
      lastAt = performance.now();
    });
  const lastMs: number[] = [];
  const cpuBefore = cpuMs(live.pid);
  for (let round = 1; round <= rounds; round += 1) {
    const began = performance.now();
    const writing = write(live);
    while (delivered < round * subscribers && performance.now() - began < DELIVERED_WITHIN_MS) await sleep(2);
    lastMs.push(lastAt - began);
    await writing;
    await sleep(200);
  }
  const cpuMicroseconds = ((cpuMs(live.pid) - cpuBefore) * 1000) / (rounds * subscribers);
  for (const subscriber of [first, ...crowd]) subscriber.stop();
  return {
    name: live.name,
    subscribers,
    lastMs,
    cpuMicroseconds,
    bytesEach,
    missed: crowd.reduce((sum, subscriber) => sum + Math.max(0, rounds - subscriber.received), 0),
    repeated: crowd.reduce((sum, subscriber) => sum + Math.max(0, subscriber.received - rounds), 0),
  };
}

async function subscribe(live: Live, number: number): Promise<Subscriber> {
  const socket = new WebSocket(live.url.replace('http', 'ws'), 'graphql-transport-ws', {
    perMessageDeflate: false,
  });
  await once(socket, 'open');
  const authorization = live.authorizationOf(number);
  const acknowledged = once(socket, 'message');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } }));
  await acknowledged;
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: live.subscription } }));
  // The server answers the ping after it has started the subscription.
  const begun = once(socket, 'message');
  socket.send(JSON.stringify({ type: 'ping' }));
  await begun;
  return new Subscriber(socket, (text) => text.includes(`"Water `));
}

async function write(live: Live): Promise<void> {
  const authorization = live.authorizationOf(0);
  const response = await fetch(live.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
    body: JSON.stringify({ query: live.mutation }),
  });
  const text = await response.text();
  if (text.includes('"errors"')) throw new Error(`${live.name} cannot write: ${text}`);
}

async function startTaskwire(databaseUrl: string): Promise<Live> {
  const teamId = await fillTeam(databaseUrl);
  const process_ = await startOnCore({
    name: 'Taskwire',
    file: TASKWIRE,
    path: '/graphql',
    core: SERVER_CORE,
    environment: {
      DATABASE_URL: databaseUrl,
      SOCKETS_PER_ADDRESS: String(subscribers + 10),
      LOG_LEVEL: 'error',
    },
  });
  return {
    ...process_,
    name: 'Taskwire',
    subscription: `subscription {
      events(filter: { kinds: [TASK_CREATED] }) { cursor event { id task { id title status } } }
    }`,
    authorizationOf: (subscriber) => `Bearer ${tokenOf(subscriber % people)}`,
    mutation: `mutation { createTask(input: { title: "Water the plants", teamId: "${teamId}" }) { cursor } }`,
  };
}

async function startYoga(): Promise<Live> {
  const process_ = await startOnCore({
    name: 'Yoga',
    file: 'ops/bench/contenders/yoga.ts',
    path: '/graphql',
    core: SERVER_CORE,
    environment: {},
  });
  return {
    ...process_,
    name: 'Yoga + graphql-ws',
    subscription: 'subscription { created { id title status } }',
    authorizationOf: () => undefined,
    mutation: 'mutation { createTask(title: "Water the plants") { id } }',
  };
}

const tokenOf = (person: number) => `twp_bench-${person}`;

/** Creates many people in one team, each with a token. @returns the team's id. */
async function fillTeam(databaseUrl: string): Promise<string> {
  await applyMigrations(databaseUrl);
  const db = connect(databaseUrl);
  try {
    const team = { id: newId(), name: 'Staff', slug: 'staff' };
    const users = Array.from({ length: people }, (_, person) => ({
      id: newId(),
      name: `Person ${person}`,
      email: `person${person}@example.com`,
    }));
    await db.user.createMany({ data: users });
    await db.team.create({ data: team });
    await db.membership.createMany({
      data: users.map(({ id }, person) => ({
        teamId: team.id,
        userId: id,
        role: person === 0 ? 'OWNER' : 'MEMBER',
      })),
    });
    await db.apiToken.createMany({
      data: users.map(({ id }, person) => ({
        userId: id,
        name: 'benchmark',
        hash: createHash('sha256').update(tokenOf(person)).digest(),
        scopes: ['READ', 'WRITE'],
      })),
    });
    return publicId('Team', team.id);
  } finally {
    await disconnect(db);
  }
}

async function startDatabase(): Promise<{ url: string; stop(): Promise<void> }> {
  const given = process.env['BENCH_DATABASE_URL'];
  if (!given) {
    const folder = mkdtempSync(join(tmpdir(), 'taskwire-bench-'));
    const started = await startEmbedded(folder);
    return {
      url: started.url,
      stop: async () => {
        await started.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  }
  const name = `taskwire_bench_${randomUUID().slice(0, 8)}`;
  const admin = await openSession(given, { application_name: 'taskwire bench' });
  await admin.query(`CREATE DATABASE ${name}`);
  const url = new URL(given);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    stop: async () => {
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.end();
    },
  };
}

function reportOf(measured: Found[]): string {
  const head =
    '| | last delivery, median | slowest round | CPU per delivery | memory per subscriber | missed | repeated |';
  const rows = measured.map(({ name, lastMs, cpuMicroseconds, bytesEach, missed, repeated }) => {
    const sorted = lastMs.toSorted((a, b) => a - b);
    const ms = (value = NaN) => `${value.toFixed(0)} ms`;
    const cells = [
      name,
      ms(sorted[Math.floor(sorted.length / 2)]),
      ms(sorted.at(-1)),
      `${cpuMicroseconds.toFixed(1)} µs`,
      `${(bytesEach / 1024).toFixed(1)} KB`,
      missed,
      repeated,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return `## Subscriptions

\`npm run bench:live\`: ${subscribers} subscribers on one process, of ${people} people in one team; ${rounds} sequential writes.
Each server has one core; the subscribers and PostgreSQL use the others. Yoga with graphql-ws has no authentication and
no storage, and its write is a call in memory. "Last delivery" is the time from the write to the message of the last
subscriber. ${conditions(busy)}

${head}
| --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}
| goal for Taskwire | ≤ 150 ms | | | ≤ 34 KB | 0 | 0 |
`;
}

function logProgress(step: string): void {
  process.stderr.write(`▸ ${step} …\n`);
}

const busy = await busyCores();
const database = await startDatabase();
const found: Found[] = [];
try {
  const contenders = [() => startTaskwire(database.url), startYoga];
  for (const start of contenders) {
    const live = await start();
    try {
      found.push(await measure(live));
    } finally {
      await live.stop();
    }
  }
} finally {
  await database.stop();
}
const report = reportOf(found);
console.log(report);
if (options.write) writeSection('live', report);
