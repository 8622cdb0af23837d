// npm run drill:hostile -- [--minutes n]
// One account uses everything at once for an hour: documents, searches, filters, subscriptions, slow sockets, shares,
// uploads, and sign-ups from many addresses. Another person's dashboard and list stay fast and available, and the memory
// of server and PostgreSQL stays bounded.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { Client } from 'pg';
import { openSession } from '../../server/database/session.ts';
import type { HostileCounts, HostileOrder } from './hostile-account.ts';
import { ownPostgres } from './own-postgres.ts';
import { startProcess } from './server-process.ts';
import { Refusal, signUp, type SignedInUser } from './workspace.ts';

interface Drill {
  seconds: number;
  /** Default: a PostgreSQL of its own. */
  databaseUrl?: string;
}

interface Waits {
  asked: number;
  p50Ms: number;
  p95Ms: number;
  worstMs: number;
}

export interface HostileReport {
  seconds: number;
  /** Response times for another person, before and during the attack. */
  before: Waits;
  during: Waits;
  /** Errors for that person, by code. */
  refused: Record<string, number>;
  attacks: HostileCounts;
  /** Maximum memory in bytes; for PostgreSQL the private memory of all its connections. */
  largest: { server: number; database: number };
}

/** Fits `mem_limit: 1g` of the reference containers. */
const MOST_HEAP_MB = 768;
const MOST_SERVER_BYTES = 1024 ** 3;
const MOST_DATABASE_BYTES = 1024 ** 3;
const MOST_P95_MS = 500;
const PAUSE_MS = 200;
const LOOK_MS = 1_000;
const PAGE = `{ dashboard { statistics { total pending completed shared } }
  tasks(first: 50) { nodes { id title status dueOn labels } totalCount } }`;

export async function hostileHour({ seconds, databaseUrl }: Drill): Promise<HostileReport> {
  const postgres = databaseUrl === undefined ? await ownPostgres() : null;
  const url = databaseUrl ?? postgres?.url ?? '';
  const server = await startProcess({
    NODE_ENV: 'production',
    NODE_OPTIONS: `--max-old-space-size=${MOST_HEAP_MB}`,
    LOG_LEVEL: 'error',
    TRUST_PROXY: '1',
    DATABASE_URL: url,
    AUTH_SECRET: 's'.repeat(32),
  });
  let worker: Worker | undefined;
  try {
    await using client = await openSession(url, { application_name: 'taskwire drill' });
    const victim = await signUp(server.url, () => '192.0.2.1');
    for (let n = 0; n < 30; n += 1)
      await victim.query(`mutation { createTask(input: { title: "Task ${n}" }) { cursor } }`);
    const { viewer } = await victim.query<{ viewer: { email: string } }>('{ viewer { email } }');
    const refused: Record<string, number> = {};
    const before = await waitsOf(victim, Math.min(10, seconds), refused);

    const workerData: HostileOrder = { url: server.url, victimEmail: viewer.email };
    worker = new Worker(new URL('./hostile-account.ts', import.meta.url), { workerData });
    const begun = new Promise((resolve) => worker?.once('message', resolve));
    await begun;
    const largest = { server: 0, database: 0 };
    const looking = setInterval(() => {
      memoryOf(server.pid, client).then(
        (now) => {
          largest.server = Math.max(largest.server, now.server);
          largest.database = Math.max(largest.database, now.database);
        },
        () => undefined,
      );
    }, LOOK_MS);
    const died = server.exited.then(({ code, signal }) => {
      throw new Error(`The server exited (${code ?? signal}):\n${server.output().slice(-5_000)}`);
    });
    const during = await Promise.race([waitsOf(victim, seconds, refused), died]).finally(() => {
      clearInterval(looking);
    });
    const counted = new Promise<HostileCounts>((resolve) => worker?.once('message', resolve));
    worker.postMessage('end');
    return { seconds, before, during, refused, attacks: await counted, largest };
  } finally {
    await worker?.terminate();
    await server.stop();
    await postgres?.remove();
  }
}

async function waitsOf(
  person: SignedInUser,
  seconds: number,
  refused: Record<string, number>,
): Promise<Waits> {
  const waits: number[] = [];
  const until = Date.now() + seconds * 1000;
  while (Date.now() < until) {
    const began = performance.now();
    await person.query(PAGE).catch((error: unknown) => {
      const code = error instanceof Refusal ? error.code : 'no answer';
      refused[code] = (refused[code] ?? 0) + 1;
    });
    waits.push(performance.now() - began);
    await sleep(PAUSE_MS);
  }
  waits.sort((a, b) => a - b);
  const at = (share: number) => Math.round(waits[Math.floor((waits.length - 1) * share)] ?? 0);
  return { asked: waits.length, p50Ms: at(0.5), p95Ms: at(0.95), worstMs: at(1) };
}

async function memoryOf(pid: number, client: Client): Promise<{ server: number; database: number }> {
  const server = Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024;
  const { rows } = await client
    .query<{ pid: number }>('SELECT pid FROM pg_stat_activity WHERE datname = current_database()')
    .catch(() => ({ rows: [] }));
  return { server, database: rows.reduce((sum, row) => sum + privateBytesOf(row.pid), 0) };
}

/** The private memory of a process; 0 if the system does not report it. */
function privateBytesOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const kilobytes = [...text.matchAll(/^Private_\w+:\s+(\d+) kB$/gm)].map(([, value]) => Number(value));
    return kilobytes.reduce((sum, value) => sum + value, 0) * 1024;
  } catch {
    return 0;
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { minutes: { type: 'string', default: '60' } } });
  const report = await hostileHour({ seconds: Number(values.minutes) * 60 });
  console.log(JSON.stringify(report, null, 2));
  const { during, refused, largest } = report;
  const isGood =
    during.p95Ms < MOST_P95_MS &&
    Object.keys(refused).length === 0 &&
    largest.server < MOST_SERVER_BYTES &&
    largest.database < MOST_DATABASE_BYTES;
  process.exitCode = isGood ? 0 : 1;
}
