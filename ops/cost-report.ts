// npm run cost:report
// Compares the points of documented examples and expensive operations with their CPU time in a separate server and its
// database, on COST_DATABASE_URL (a PostgreSQL on this machine) or an embedded one.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from 'pg';
import { startEmbedded } from '../server/database/embedded.ts';
import { applyMigrations } from '../server/database/migrations.ts';
import { openSession } from '../server/database/session.ts';
import { cpuMs, cpuOfDatabase } from './bench/cpu.ts';
import { costOperations, fillCostWorkspace, type Ask, type Operation } from './cost-operations.ts';
import { startProcess } from './drills/server-process.ts';

/** Measured runs of each operation, after a warm-up. */
const RUNS = 3;
/** The maximum CPU time per point, as a multiple of the median. */
const MOST_OF_MEDIAN = 10;
/** Cheaper operations are not checked: authentication alone takes as long. */
const FLOOR_MS = 10;

interface Measured {
  name: string;
  points: number;
  serverMs: number;
  databaseMs: number;
  code: string;
}

const folder = await mkdtemp(join(tmpdir(), 'taskwire-cost-'));
const given = process.env['COST_DATABASE_URL'];
const embedded = given ? null : await startEmbedded(folder);
const name = `taskwire_cost_${process.pid}`;
const admin = await openSession(given ?? embedded?.url ?? '', { application_name: 'taskwire costs' });
await admin.query(`CREATE DATABASE ${name}`);
const url = new URL(given ?? embedded?.url ?? '');
url.pathname = `/${name}`;
try {
  await applyMigrations(url.href);
  process.exitCode = report(await measureAll(url.href)) ? 0 : 1;
} finally {
  await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await admin.end();
  await embedded?.stop();
  await rm(folder, { recursive: true, force: true });
}

async function measureAll(databaseUrl: string): Promise<Measured[]> {
  const server = await startProcess({
    NODE_ENV: 'production',
    AUTH_SECRET: 'a secret for nothing but measuring costs',
    DATABASE_URL: databaseUrl,
    LOG_LEVEL: 'error',
    RATE_LIMIT_POINTS: '0',
    SIGN_IN_ATTEMPTS: '0',
  });
  const observer = await openSession(databaseUrl, { application_name: 'taskwire costs' });
  const ask: Ask = async ({ query, variables = {}, extensions = {} }, token) => {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify({ query, variables, extensions }),
    });
    return (await response.json()) as Awaited<ReturnType<Ask>>;
  };
  try {
    const workspace = await fillCostWorkspace(ask, databaseUrl);
    const measured: Measured[] = [];
    for (const operation of costOperations(workspace))
      measured.push(await measure(ask, operation, workspace.token, server.pid, observer));
    return measured;
  } finally {
    await observer.end();
    await server.stop();
  }
}

async function measure(
  ask: Ask,
  { name, query, variables }: Operation,
  token: string,
  pid: number,
  observer: Client,
): Promise<Measured> {
  const asked = (n: number) => ({ query, variables: variables?.(n) ?? {} });
  const dry = await ask({ ...asked(0), extensions: { cost: 'dry-run' } }, token);
  const first = await ask(asked(1), token);
  const databaseMs = await cpuOfDatabase(observer);
  const before = cpuMs(pid);
  for (let n = 2; n < 2 + RUNS; n += 1) await ask(asked(n), token);
  return {
    name,
    points: dry.extensions?.cost?.points ?? 0,
    serverMs: (cpuMs(pid) - before) / RUNS,
    databaseMs: (await databaseMs()) / RUNS,
    code: first.errors?.[0]?.extensions.code ?? '',
  };
}

/** @returns whether all operations are within the limit. */
function report(measured: Measured[]): boolean {
  const perPoint = ({ serverMs, databaseMs, points }: Measured) =>
    (serverMs + databaseMs) / Math.max(1, points);
  const run = measured.filter(({ code }) => code !== 'QUERY_TOO_COMPLEX');
  const sorted = run.map(perPoint).sort((one, other) => one - other);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const isAbove = (one: Measured) =>
    one.serverMs + one.databaseMs > FLOOR_MS && perPoint(one) > MOST_OF_MEDIAN * median;
  const row = (one: Measured) =>
    [
      one.name.padEnd(44),
      String(one.points).padStart(8),
      one.serverMs.toFixed(1).padStart(10),
      one.databaseMs.toFixed(1).padStart(10),
      (perPoint(one) / median).toFixed(1).padStart(9),
      isAbove(one) ? ' ABOVE' : '',
      one.code && ` ${one.code}`,
    ].join('');
  console.log(
    `${'Operation'.padEnd(44)}${'points'.padStart(8)}${'server ms'.padStart(10)}${'database'.padStart(10)}${'× median'.padStart(9)}`,
  );
  for (const one of measured) console.log(row(one));
  const above = run.filter(isAbove);
  console.log(
    `\nMedian: ${median.toFixed(3)} ms of CPU per point. Operations over ${FLOOR_MS} ms and above ${MOST_OF_MEDIAN} × the median: ${above.map((one) => one.name).join(', ') || 'none'}.`,
  );
  return above.length === 0;
}
