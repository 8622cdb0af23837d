import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Size } from './fill.ts';
import type { Sample } from './load.ts';
import { operations, type Contender, type Operation } from './operations.ts';

/** All samples of one contender at one operation under so many connections. */
export interface Measured {
  operation: string;
  contender: Contender;
  connections: number;
  samples: Sample[];
}

export interface Run {
  measured: Measured[];
  /** Milliseconds of one call after the other, with nothing else going on. */
  unloaded: { operation: string; contender: Contender; times: number[] }[];
  /** Bytes that each process held after the run. */
  memory: Map<Contender, number>;
  size: Size;
  rounds: number;
  /** How many processes wanted the machine's cores before the run began. */
  busy: number;
  seconds: number;
  postgresVersion: string;
}

const FILE = join(import.meta.dirname, 'RESULTS.md');
/** What follows it is written by hand, and stays. */
/** What follows here is of other hands: a person's, or another bench's. */
const BY_OTHERS = /^## (?:Where the time goes|Subscriptions)$/m;

/** Below this many other processes a run counts as quiet. */
const QUIET = 0.5;

const MOST_MEMORY_MB = 300;
const MOST_UNLOADED_MS = 2;
const AHEAD_OF_POSTGRAPHILE = 1.2;

/** The results of a run as Markdown. */
export function reportOf(run: Run): string {
  return [heading(run), ratios(run), goals(run), details(run)].join('\n\n');
}

/** Puts a report in the place of the one before. */
export function writeReport(report: string): void {
  const before = read(FILE);
  const start = before.search(BY_OTHERS);
  const byOthers = start < 0 ? '' : `\n\n${before.slice(start).trimEnd()}`;
  writeFileSync(FILE, `${report}${byOthers}\n`);
}

function heading({ size, rounds, seconds, busy, postgresVersion }: Run): string {
  const version = (path: string) =>
    (JSON.parse(read(join(import.meta.dirname, path, 'package.json'))) as { version: string }).version;
  const ours = (name: string) => version(`../../node_modules/${name}`);
  const theirs = (name: string) => version(`node_modules/${name}`);
  const many = (n: number) => n.toLocaleString('en');
  return `# What the benchmark found

Written by \`npm run bench\`; ratios of one run on one machine.

- ${new Date().toISOString().slice(0, 10)}; ${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB; Linux ${release()}
- Node ${process.versions.node}, PostgreSQL ${postgresVersion}; graphql ${ours('graphql')}, Yoga ${ours('graphql-yoga')}, Pothos ${ours('@pothos/core')}, Prisma ${ours('@prisma/client')}; PostGraphile ${theirs('postgraphile')}, Apollo Server ${theirs('@apollo/server')} on graphql ${theirs('graphql')}
- ${many(size.users)} users, ${many(size.teams)} teams, ${many(size.tasks)} tasks (one owner has ${many(size.busyTasks)}${size.hugeTasks ? `, and another ${many(size.hugeTasks)} more` : ''}), ${many(size.shares)} shares, ${many(size.conversations)} conversations with ${many(size.messages)} messages
- Each server on one core, PostgreSQL and the load generator on the other; ${rounds} interleaved rounds of ${seconds} s; medians. Equal answers are checked before, created rows and their events after.
- Raw is \`node:http\` and \`pg\` with one statement by hand for each operation, whose JSON is sent as it comes; neither it nor the others ask who is there. Taskwire runs in production configuration, with an API token, its policy and its limits.${
    busy < QUIET
      ? ''
      : `\n- **Not a quiet machine**: ${busy.toFixed(1)} other processes wanted its cores when the run began, so that rates and times say little; the CPU of an answer says more.`
  }`;
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
  return `## Answers per second, as a part of raw's (${connectionsOf(run).join(' / ')} connections)

${table(['operation', ...contendersOf(run)], [...rows, memory])}`;
}

/** Each goal of Taskwire's, held to the worse of the measured numbers of connections. */
function goals(run: Run): string {
  const rows: [string, string, boolean][] = [];
  const least = (values: number[]) => Math.min(...values);
  for (const name of names(run)) {
    const goal = (operations as Record<string, Operation>)[name]?.goal ?? null;
    if (goal === null) continue;
    const reached = least(connectionsOf(run).map((n) => ratioOf(run, name, 'Taskwire', n)));
    rows.push([`${name} ≥ ${goal} × raw`, twoDigits(reached), reached >= goal]);
    if (name === 'Q1') {
      const ahead = least(
        connectionsOf(run).map(
          (n) => rateOf(run, name, 'Taskwire', n) / rateOf(run, name, 'PostGraphile 5', n),
        ),
      );
      rows.push([
        `${name} ≥ ${AHEAD_OF_POSTGRAPHILE} × PostGraphile`,
        twoDigits(ahead),
        ahead >= AHEAD_OF_POSTGRAPHILE,
      ]);
    }
    if (name.startsWith('Q2h')) {
      const alone = unloadedOf(run, name, 'Taskwire');
      rows.push([
        `${name} ≤ ${MOST_UNLOADED_MS} ms unloaded`,
        `${twoDigits(alone)} ms`,
        alone <= MOST_UNLOADED_MS,
      ]);
    }
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
    'who',
    'answers/s',
    'p50 ms',
    'p99 ms',
    'alone ms',
    'server CPU ms',
    'database CPU ms',
  ];
  return `## Every measurement

CPU is that of one answer, in the server's process and in its connections to PostgreSQL; "alone" is one call at a time.

${table(head, rows)}`;
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

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function twoDigits(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : '–';
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
