import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { VIEWER_TASKS, type Size } from './fill.ts';
import type { Sample } from './load.ts';
import { operations, type Contender, type Operation } from './operations.ts';
import { conditions, median, quartiles, table, twoDigits } from './results.ts';
import type { Pair, Writes } from './writes.ts';

/** All samples of one contender for one operation and number of connections. */
export interface Measured {
  operation: string;
  contender: Contender;
  connections: number;
  samples: Sample[];
}

export interface Run {
  measured: Measured[];
  /** Milliseconds of sequential calls without other load. */
  unloaded: { operation: string; contender: Contender; times: number[] }[];
  memory: Map<Contender, number>;
  writes: Writes[];
  /** The section on batches; empty if they were not measured. */
  bulk: string;
  size: Size;
  rounds: number;
  /** Busy cores before the run. */
  busy: number;
  seconds: number;
  postgresVersion: string;
}

const MOST_MEMORY_MB = 300;
const MOST_UNLOADED_MS = 2;
const AHEAD_OF_POSTGRAPHILE = 1.2;
/** Dashboards of many tasks, compared with Q2, which has 1,000. */
const DASHBOARDS = ['Q2h', 'Q2m'];
const MOST_TIMES = 2;
const BUSY_TASKS_OF_THE_GOAL = 100_000;
const LEAST_WRITES = 0.8;

export function reportOf(run: Run): string {
  return [heading(run), ratios(run), dashboards(run), writes(run), run.bulk, goals(run), details(run)]
    .filter((part) => part !== '')
    .join('\n\n');
}

function heading({ size, rounds, seconds, busy, postgresVersion }: Run): string {
  const version = (path: string) =>
    (JSON.parse(readFileSync(join(import.meta.dirname, path, 'package.json'), 'utf8')) as { version: string })
      .version;
  const ours = (name: string) => version(`../../node_modules/${name}`);
  const versionOf = (name: string) => version(`node_modules/${name}`);
  return `Ratios of one run on one machine.

- ${new Date().toISOString().slice(0, 10)}; ${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB; Linux ${release()}
- Node ${process.versions.node}, PostgreSQL ${postgresVersion}; graphql ${ours('graphql')}, Yoga ${ours('graphql-yoga')}, Pothos ${ours('@pothos/core')}, Prisma ${ours('@prisma/client')}; PostGraphile ${versionOf('postgraphile')}, Apollo Server ${versionOf('@apollo/server')} on graphql ${versionOf('graphql')}
- ${many(size.users)} users, ${many(size.teams)} teams, ${many(size.tasks)} tasks (one owner has ${many(size.busyTasks)}${size.hugeTasks ? `, another ${many(size.hugeTasks)} more` : ''}), ${many(size.shares)} shares, ${many(size.conversations)} conversations with ${many(size.messages)} messages
- Each server on one core, the load generator on the other, ${process.env['BENCH_DATABASE_URL'] ? 'and a given PostgreSQL on both, so rates and times are not reliable' : 'with PostgreSQL'}; ${rounds} interleaved rounds of ${seconds} s; medians. Answers are compared before the run, created rows and events after it.
- Raw is \`node:http\` and \`pg\` with one handwritten statement per operation that returns JSON. Raw and the others have no authentication; PostGraphile with rights limits each row to what the person may read, by row-level security. Taskwire runs in production configuration, with an API token, its policy and its limits.
- ${conditions(busy)}`;
}

function ratios(run: Run): string {
  const rows = names(run).map((name) => {
    const ratio = (contender: Contender) =>
      connectionsOf(run)
        .map((connections) => twoDigits(ratioOf(run, name, contender, connections)))
        .join(' / ');
    const { title } = (operations as Record<string, Operation>)[name] ?? { title: '' };
    return [`${name} ${title}`, ...contendersOf(run).map(ratio)];
  });
  const memory = ['memory after the run', ...contendersOf(run).map((name) => `${megabytes(run, name)} MB`)];
  return `## Responses per second, relative to raw (${connectionsOf(run).join(' / ')} connections)

${table(['operation', ...contendersOf(run)], [...rows, memory])}`;
}

function dashboards(run: Run): string {
  const tasks = { Q2: VIEWER_TASKS, Q2h: run.size.busyTasks, Q2m: run.size.hugeTasks };
  const rows = Object.entries(tasks)
    .map(([name, number]) => ({
      label: `${name}, ${many(number)} tasks`,
      times: contendersOf(run).map((contender) => unloadedOf(run, name, contender)),
    }))
    .filter(({ times }) => times.some(Number.isFinite))
    .map(({ label, times }) => [label, ...times.map(twoDigits)]);
  if (rows.length === 0) return '';
  return `## Dashboards, milliseconds per call without load

${table(['dashboard', ...contendersOf(run)], rows)}`;
}

function writes(run: Run): string {
  if (run.writes.length === 0) return '';
  const rows = run.writes.map(({ owners, writers, pairs }) => {
    const rate = quartiles(pairs.map(rateOfPair));
    const of = (pick: (pair: Pair) => number) => median(pairs.map(pick));
    return [
      owners,
      String(writers),
      twoDigits(rate.middle),
      `${twoDigits(rate.low)}–${twoDigits(rate.high)}`,
      `${Math.round(of(({ bare }) => bare.perSecond))} / ${Math.round(of(({ withEvent }) => withEvent.perSecond))}`,
      `${twoDigits(of(({ bare }) => bare.databaseMs))} / ${twoDigits(of(({ withEvent }) => withEvent.databaseMs))}`,
    ];
  });
  return `## Writes: a task with its event, compared with the bare row

Both with the same number of callers in one process: Taskwire's own statement (\`server/sql/insert-task.ts\`), while a
server folds the log into the counters, and an \`INSERT\` of the same row into the same table with the same indexes.
Concurrent writers of Taskwire share a statement; a single writer shows the cost of the event without that. Alternating
periods of one second; the quartiles are of their ratios. CPU is PostgreSQL's time per write, including its share of the
folding.

${table(['owners', 'writers', 'with event / bare', 'quartiles', 'writes/s: bare / with event', 'CPU ms: bare / with event'], rows)}`;
}

function rateOfPair({ bare, withEvent }: Pair): number {
  return withEvent.perSecond / bare.perSecond;
}

/** Taskwire's goals, compared with the worst of the measured numbers of connections. */
function goals(run: Run): string {
  const rows: [string, string, boolean][] = [];
  const least = (values: number[]) => values.filter(Number.isFinite).toSorted((a, b) => a - b)[0] ?? NaN;
  for (const name of names(run)) {
    const goal = (operations as Record<string, Operation>)[name]?.goal ?? null;
    // The goal is for this number of tasks.
    if (goal === null || (name === 'Q2h' && run.size.busyTasks < BUSY_TASKS_OF_THE_GOAL)) continue;
    const reached = least(connectionsOf(run).map((n) => ratioOf(run, name, 'Taskwire', n)));
    rows.push([`${name} ≥ ${goal} × raw`, twoDigits(reached), reached >= goal]);
    if (name !== 'Q1') continue;
    for (const other of ['PostGraphile 5', 'PostGraphile 5 with rights'] as const) {
      const ahead = least(
        connectionsOf(run).map((n) => rateOf(run, name, 'Taskwire', n) / rateOf(run, name, other, n)),
      );
      rows.push([
        `${name} ≥ ${AHEAD_OF_POSTGRAPHILE} × ${other}`,
        twoDigits(ahead),
        ahead >= AHEAD_OF_POSTGRAPHILE,
      ]);
    }
  }
  for (const name of DASHBOARDS) {
    const alone = unloadedOf(run, name, 'Taskwire');
    if (!Number.isFinite(alone)) continue;
    const times = alone / unloadedOf(run, 'Q2', 'Taskwire');
    rows.push(
      [`${name} ≤ ${MOST_UNLOADED_MS} ms unloaded`, `${twoDigits(alone)} ms`, alone <= MOST_UNLOADED_MS],
      [`${name} ≤ ${MOST_TIMES} × the time of Q2, unloaded`, twoDigits(times), times <= MOST_TIMES],
    );
  }
  for (const { owners, writers, pairs } of run.writes) {
    if (writers === 1) continue;
    const ratio = median(pairs.map(rateOfPair));
    rows.push([
      `writes with their event ≥ ${LEAST_WRITES} × bare rows (${writers} writers, owners: ${owners})`,
      twoDigits(ratio),
      ratio >= LEAST_WRITES,
    ]);
  }
  const memory = megabytes(run, 'Taskwire');
  rows.push([`memory ≤ ${MOST_MEMORY_MB} MB`, `${memory} MB`, memory <= MOST_MEMORY_MB]);
  return `## Goals

${table(
  ['goal', 'measured', 'met'],
  rows.map(([goal, value, met]) => [goal, value, met ? 'yes' : '**no**']),
)}`;
}

function details(run: Run): string {
  const rows = run.measured.map(({ operation, contender, connections, samples }) => {
    const of = (pick: (sample: Sample) => number) => median(samples.map(pick));
    return [
      operation,
      String(connections),
      contender,
      Math.round(of((sample) => sample.perSecond)).toString(),
      twoDigits(of((sample) => sample.p50Ms)),
      twoDigits(of((sample) => sample.p99Ms)),
      twoDigits(unloadedOf(run, operation, contender)),
      twoDigits(of((sample) => sample.serverMs)),
      twoDigits(of((sample) => sample.databaseMs)),
    ];
  });
  const head = [
    'operation',
    'connections',
    'contender',
    'responses/s',
    'p50 ms',
    'p99 ms',
    'unloaded ms',
    'server CPU ms',
    'database CPU ms',
  ];
  return `## All measurements

CPU is the time per response, in the server's process and in its connections to PostgreSQL; "unloaded" is one call at a time.

${table(head, rows)}`;
}

function many(n: number): string {
  return n.toLocaleString('en');
}

function names({ measured }: Run): string[] {
  return [...new Set(measured.map(({ operation }) => operation))];
}

function contendersOf({ measured }: Run): Contender[] {
  return [...new Set(measured.map(({ contender }) => contender))];
}

function connectionsOf({ measured }: Run): number[] {
  return [...new Set(measured.map(({ connections }) => connections))];
}

function rateOf({ measured }: Run, operation: string, contender: Contender, connections: number): number {
  const found = measured.find(
    (one) => one.operation === operation && one.contender === contender && one.connections === connections,
  );
  return median(found?.samples.map(({ perSecond }) => perSecond) ?? []);
}

function ratioOf(run: Run, operation: string, contender: Contender, connections: number): number {
  return rateOf(run, operation, contender, connections) / rateOf(run, operation, 'raw', connections);
}

function unloadedOf({ unloaded }: Run, operation: string, contender: Contender): number {
  const found = unloaded.find((one) => one.operation === operation && one.contender === contender);
  return median(found?.times ?? []);
}

function megabytes({ memory }: Run, contender: Contender): number {
  return Math.round((memory.get(contender) ?? NaN) / 1e6);
}
