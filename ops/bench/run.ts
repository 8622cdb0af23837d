// `npm run bench`: compares Taskwire with the baseline and other servers on the same tables.
//   npm run bench -- [--quick] [--scale 0.1] [--rounds n] [--seconds n] [--only Q1,Q4,writes,bulk] [--contenders raw,Taskwire] [--no-write]
//   npm run bench -- --tracing [--quick] [--scale 0.1] [--no-write]: measures the cost of tracing
//   npm run bench -- --sizes [--scale 0.1] [--only total,contains] [--no-write]: measures calls of people with much data
// BENCH_DATABASE_URL: a PostgreSQL where the role can create databases. Default: an embedded one.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { join } from 'node:path';
import type { Client } from 'pg';
import { openSession } from '../../server/database/session.ts';
import { startContender, type Running } from './contender.ts';
import { busyCores, moveTo, OTHERS_CORE, SERVER_CORE } from './cpu.ts';
import { filledDatabase, startDatabase } from './database.ts';
import { bystander, NAMED, people, sized } from './fill.ts';
import { normalised, operations, type Contender, type Operation } from './operations.ts';
import type { Sample } from './load.ts';
import { reportOf, type Measured, type Run } from './report.ts';
import { logProgress, writeSection } from './results.ts';

const CONTENDERS: Contender[] = [
  'raw',
  'PostGraphile 5',
  'PostGraphile 5 with rights',
  'Apollo + Prisma',
  'Taskwire',
];
const WARM_UP_SECONDS = 0.5;
/** Sequential calls per operation; slow ones stop after UNLOADED_SECONDS. */
const UNLOADED_CALLS = 200;
const UNLOADED_SECONDS = 3;
/** Duration for slow operations. */
const HEAVY_SECONDS = 8;
const FEW_CONNECTIONS = 16;

const { values: options } = parseArgs({
  allowNegative: true,
  options: {
    quick: { type: 'boolean', default: false },
    tracing: { type: 'boolean', default: false },
    sizes: { type: 'boolean', default: false },
    scale: { type: 'string', default: '1' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string' },
    contenders: { type: 'string' },
    write: { type: 'boolean', default: true },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 2 : 5));
const seconds = Number(options.seconds ?? (options.quick ? 1 : 2));
const numbersOfConnections = options.quick ? [16] : [16, 64];
const numbersOfWriters = options.quick ? [8] : [1, 8, 16];
const pairsOfWrites = options.quick ? 3 : 9;
const unloadedCalls = options.quick ? 40 : UNLOADED_CALLS;
const size = options.quick ? { ...sized(0.1), hugeTasks: 0 } : sized(Number(options.scale));
const isWanted = (name: string) => options.only?.split(',').includes(name) ?? true;
const wanted = Object.entries<Operation>(operations).filter(
  ([name, { owner }]) => isWanted(name) && (owner !== 'huge' || size.hugeTasks > 0),
);
const contenders = CONTENDERS.filter((name) => options.contenders?.split(',').includes(name) ?? true);

installPackages();
const busy = await busyCores();
// Child processes, such as PostgreSQL, inherit the core.
moveTo(OTHERS_CORE);

const { loadFor } = await import('./load.ts');
const database = await startDatabase();
const running: Running[] = [];
try {
  const url = await filledDatabase(database.url, size);
  const observer = await openSession(url, { application_name: 'taskwire bench' });
  const section = options.tracing ? 'tracing' : options.sizes ? 'sizes' : 'all';
  const report = await { tracing: tracingBench, sizes: sizesBench, all: bench }[section](url, observer);
  await observer.end();
  if (options.write) writeSection(section, report);
  console.log(report);
} finally {
  for (const contender of running) await contender.stop();
  await database.stop();
}

async function bench(url: string, observer: Client): Promise<string> {
  for (const name of contenders) {
    logProgress(`Starting ${name}`);
    running.push(await startContender(name, url, SERVER_CORE));
  }
  for (const [name, operation] of wanted) await compareAnswers(name, operation);
  const measured = await measureUnderLoad(observer);
  const unloaded = await measureUnloaded();
  const memory = new Map(running.map(({ name, residentBytes }) => [name, residentBytes()]));
  await compareRows(observer, measured);
  const writes =
    isWanted('writes') && contenders.includes('Taskwire') ? await measureWrites(url, observer) : [];
  const bulk = isWanted('bulk') ? await measureBatches(url, observer) : '';
  const { rows } = await observer.query<{ server_version: string }>('SHOW server_version');
  const postgresVersion = rows[0]?.server_version ?? '';
  return reportOf({ measured, unloaded, memory, writes, bulk, size, rounds, busy, seconds, postgresVersion });
}

async function tracingBench(url: string, observer: Client): Promise<string> {
  const { measureTracing, tracingReport } = await import('./tracing.ts');
  return tracingReport(await measureTracing(url, observer), busy);
}

async function sizesBench(url: string): Promise<string> {
  const { measureSizes, sizesReport } = await import('./sizes.ts');
  return sizesReport(await measureSizes(url, options.only?.split(',') ?? []), size, busy);
}

function installPackages(): void {
  if (existsSync(join(import.meta.dirname, 'node_modules/.package-lock.json'))) return;
  logProgress('Installing the packages of ops/bench/package-lock.json (once, about half a minute)');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: import.meta.dirname,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

/** @throws Error if two contenders give different answers. */
async function compareAnswers(name: string, operation: Operation): Promise<void> {
  logProgress(`Comparing the answers to ${name}`);
  const answers = [];
  for (const contender of running) {
    const text = await contender.ask(operation);
    const answer = normalised(JSON.parse(text), !operation.writes);
    answers.push({ name: contender.name, answer });
    if (text.includes('"errors"'))
      throw new Error(`${contender.name} fails at ${name}: ${text.slice(0, 1000)}`);
  }
  const [first, ...others] = answers;
  for (const other of others) {
    if (isDeepStrictEqual(first?.answer, other.answer)) continue;
    const clip = (value: unknown) => JSON.stringify(value).slice(0, 1500);
    throw new Error(
      `${name} differs:\n${first?.name}: ${clip(first?.answer)}\n${other.name}: ${clip(other.answer)}`,
    );
  }
}

async function measureUnderLoad(observer: Client): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const [name, operation] of wanted) {
    if (operation.heavy === 'alone') continue;
    logProgress(`Warming up for ${name}`);
    for (const contender of running) await loadFor(contender, operation, 16, WARM_UP_SECONDS, observer);
    for (const connections of operation.heavy ? [FEW_CONNECTIONS] : numbersOfConnections) {
      const found = running.map((contender) => ({ contender, samples: [] as Sample[] }));
      for (let round = 1; round <= rounds; round += 1) {
        logProgress(`${name}, ${connections} connections, round ${round} of ${rounds}`);
        for (const { contender, samples } of found)
          samples.push(
            await loadFor(
              contender,
              operation,
              connections,
              operation.heavy && !options.quick ? HEAVY_SECONDS : seconds,
              observer,
            ),
          );
      }
      for (const { contender, samples } of found)
        measured.push({ operation: name, contender: contender.name, connections, samples });
    }
  }
  return measured;
}

/** One call at a time, alternating between operations, so that other load on the machine affects all equally. */
async function measureUnloaded(): Promise<Run['unloaded']> {
  const unloaded: Run['unloaded'] = [];
  for (const contender of running) {
    logProgress(`Measuring ${contender.name} without load`);
    const found = wanted.map(([name, operation]) => ({ name, operation, times: [] as number[], spent: 0 }));
    for (let call = 0; call < unloadedCalls; call += 1) {
      for (const one of found) {
        if (one.spent > UNLOADED_SECONDS * 1000) continue;
        const began = performance.now();
        await contender.ask(one.operation);
        const took = performance.now() - began;
        one.times.push(took);
        one.spent += took;
      }
    }
    unloaded.push(...found.map(({ name, times }) => ({ operation: name, contender: contender.name, times })));
  }
  return unloaded;
}

async function measureWrites(url: string, observer: Client): Promise<Run['writes']> {
  const { pairsOf } = await import('./writes.ts');
  const allOwners = Array.from({ length: size.users - NAMED }, (_, n) => bystander(n + 1));
  const writes: Run['writes'] = [];
  // Uses the servers' core, so that PostgreSQL has the other one, as in all measurements.
  moveTo(SERVER_CORE);
  for (const [owners, of] of [
    ['1,000 in turn', allOwners],
    ['one', allOwners.slice(0, 1)],
  ] as const)
    for (const writers of numbersOfWriters) {
      logProgress(`Writes, ${writers} writers, owners: ${owners}`);
      writes.push({ owners, writers, pairs: await pairsOf(url, observer, of, writers, pairsOfWrites) });
    }
  return writes;
}

async function measureBatches(url: string, observer: Client): Promise<string> {
  const taskwire = running.find(({ name }) => name === 'Taskwire');
  if (!taskwire) return '';
  logProgress('Batches of new tasks');
  const { bulkReport, measureBulk } = await import('./bulk.ts');
  return bulkReport(await measureBulk(taskwire, url, observer, rounds));
}

/** @throws Error if a created task, or the event of a task that Taskwire created, is missing. */
async function compareRows(observer: Client, measured: Measured[]): Promise<void> {
  const { rows } = await observer.query<{ tasks: number; events: number }>(
    `SELECT count(*)::int AS tasks, count(subject_id)::int AS events FROM tasks
     LEFT JOIN events ON subject_id = tasks.id AND kind = 'task.created'
     WHERE owner_id = $1 AND title = 'Water the plants'`,
    [people.writer],
  );
  const answered = (by: Contender[]) =>
    measured
      .filter(({ operation, contender }) => operation === 'Q4' && by.includes(contender))
      .flatMap(({ samples }) => samples)
      .reduce((sum, { answers }) => sum + answers, 0);
  const { tasks = 0, events = 0 } = rows[0] ?? {};
  if (tasks < answered(CONTENDERS) || events < answered(['Taskwire']))
    throw new Error(`There are fewer rows (${tasks}) or events (${events}) than successful responses`);
}
