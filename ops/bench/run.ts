// `npm run bench`: Taskwire as it ships, beside the floor and others on the same tables.
//   npm run bench -- [--quick] [--rounds n] [--seconds n] [--only Q1,Q4] [--contenders raw,Taskwire] [--no-write]
// BENCH_DATABASE_URL names a PostgreSQL whose role may create databases; without it an embedded one is started.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startEmbedded } from '../../server/database/embedded.ts';
import { applyMigrations } from '../../server/database/migrations.ts';
import { startContender, type Running } from './contender.ts';
import { fill, FULL, people, QUICK, type Size } from './fill.ts';
import { normalised, operations, type Contender, type Operation } from './operations.ts';
import type { Sample } from './load.ts';
import { reportOf, writeReport, type Measured, type Run } from './report.ts';

const root = join(import.meta.dirname, '../..');
const SERVER_CORE = '0';
const OTHERS_CORE = '1';
const CONTENDERS: Contender[] = ['raw', 'PostGraphile 5', 'Apollo + Prisma', 'Taskwire'];
const WARM_UP_SECONDS = 0.5;
const UNLOADED_CALLS = 40;

const { values: options } = parseArgs({
  allowNegative: true,
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    only: { type: 'string' },
    contenders: { type: 'string' },
    write: { type: 'boolean', default: true },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 3 : 5));
const seconds = Number(options.seconds ?? (options.quick ? 1 : 2));
const numbersOfConnections = options.quick ? [16] : [16, 64];
const busy = loadavg()[0] ?? 0;
const wanted = Object.entries<Operation>(operations).filter(
  ([name, { owner }]) =>
    (options.only?.split(',').includes(name) ?? true) && (owner !== 'huge' || !options.quick),
);
const contenders = CONTENDERS.filter((name) => options.contenders?.split(',').includes(name) ?? true);

await installPackages();
// What is started here inherits the core, PostgreSQL too.
execFileSync('taskset', ['-apc', OTHERS_CORE, String(process.pid)], { stdio: 'ignore' });

const { loadFor } = await import('./load.ts');
const database = await startDatabase();
const running: Running[] = [];
const size = options.quick ? QUICK : FULL;
try {
  const url = await filledDatabase(database.url, size);
  const observer = new Client(url);
  await observer.connect();
  for (const name of contenders) {
    tell(`Starting ${name}`);
    running.push(await startContender(name, url, SERVER_CORE));
  }
  for (const [name, operation] of wanted) await compareAnswers(name, operation);
  const figures = await measure(observer);
  const memory = new Map(running.map(({ name, residentBytes }) => [name, residentBytes()]));
  await compareRows(observer, figures.measured);
  const { rows } = await observer.query<{ server_version: string }>('SHOW server_version');
  await observer.end();
  const report = reportOf({
    ...figures,
    memory,
    size,
    rounds,
    busy,
    seconds,
    postgresVersion: rows[0]?.server_version ?? '',
  });
  if (options.write) writeReport(report);
  console.log(report);
} finally {
  for (const contender of running) await contender.stop();
  await database.stop();
}

async function installPackages(): Promise<void> {
  const lock = join(import.meta.dirname, 'package-lock.json');
  const installed = join(import.meta.dirname, 'node_modules/.package-lock.json');
  if (existsSync(installed)) return;
  tell(`Installing the packages of ${lock.replace(`${root}/`, '')} (once, about half a minute)`);
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], {
    cwd: import.meta.dirname,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
}

async function startDatabase(): Promise<{ url: string; stop(): Promise<void> }> {
  const given = process.env['BENCH_DATABASE_URL'];
  if (given) return { url: given, stop: () => Promise.resolve() };
  const folder = join(import.meta.dirname, '.data');
  mkdirSync(folder, { recursive: true });
  tell('Starting PostgreSQL');
  return startEmbedded(folder);
}

/** A database of its own for this run, copied from one that is filled once and kept. */
async function filledDatabase(server: string, size: Size): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(size));
  hash.update(readFileSync(join(import.meta.dirname, 'fill.ts')));
  hash.update(readFileSync(join(import.meta.dirname, 'contenders/dashboard-sql.ts')));
  for (const migration of readdirSync(join(root, 'migrations'))) hash.update(migration);
  // The data lies around the day of its making.
  hash.update(new Date().toISOString().slice(0, 10));
  const template = `taskwire_bench_${hash.digest('hex').slice(0, 12)}`;
  const admin = new Client(server);
  await admin.connect();
  const { rows } = await admin.query<{ filled: boolean }>(
    `SELECT shobj_description(oid, 'pg_database') = 'filled' AS filled FROM pg_database WHERE datname = $1`,
    [template],
  );
  if (!rows[0]?.filled) {
    await admin.query(`DROP DATABASE IF EXISTS ${template}`);
    await admin.query(`CREATE DATABASE ${template}`);
    await fillDatabase(urlOf(server, template), size);
    await admin.query(`COMMENT ON DATABASE ${template} IS 'filled'`);
  }
  tell('Copying the data for this run');
  await admin.query('DROP DATABASE IF EXISTS taskwire_bench_run WITH (FORCE)');
  await admin.query(`CREATE DATABASE taskwire_bench_run TEMPLATE ${template}`);
  await admin.end();
  return urlOf(server, 'taskwire_bench_run');
}

async function fillDatabase(url: string, size: Size): Promise<void> {
  tell('Making the tables');
  await applyMigrations(url);
  const client = new Client(url);
  await client.connect();
  await fill(client, size, (step) => {
    tell(`Filling: ${step}`);
  });
  await client.end();
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
  if (!('counters:rebuild' in scripts)) return;
  tell('Counting the counters');
  const env = { ...process.env, DATABASE_URL: url };
  const { status } = spawnSync('npm', ['run', '--silent', 'counters:rebuild'], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('counters:rebuild failed');
}

function urlOf(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

/** Stops everything where two contenders do not say the same. */
async function compareAnswers(name: string, operation: Operation): Promise<void> {
  tell(`Comparing the answers to ${name}`);
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

async function measure(observer: Client): Promise<Pick<Run, 'measured' | 'unloaded'>> {
  const measured: Measured[] = [];
  const unloaded: Run['unloaded'] = [];
  for (const [name, operation] of wanted) {
    tell(`Warming up for ${name}`);
    for (const contender of running) await loadFor(contender, operation, 16, WARM_UP_SECONDS, observer);
    for (const connections of numbersOfConnections) {
      const found = running.map((contender) => ({ contender, samples: [] as Sample[] }));
      for (let round = 1; round <= rounds; round += 1) {
        tell(`${name}, ${connections} connections, round ${round} of ${rounds}`);
        for (const { contender, samples } of found)
          samples.push(await loadFor(contender, operation, connections, seconds, observer));
      }
      for (const { contender, samples } of found)
        measured.push({ operation: name, contender: contender.name, connections, samples });
    }
    for (const contender of running) {
      const times: number[] = [];
      for (let call = 0; call < UNLOADED_CALLS; call += 1) {
        const began = performance.now();
        await contender.ask(operation);
        times.push(performance.now() - began);
      }
      unloaded.push({ operation: name, contender: contender.name, times });
    }
  }
  process.stderr.write('\n');
  return { measured, unloaded };
}

/** Every created task that was counted must be there, and every one of Taskwire's with its event. */
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
    throw new Error(`More creations were answered than there are rows (${tasks}) and events (${events})`);
}

function tell(step: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K▸ ${step} …` : `▸ ${step} …\n`);
}
