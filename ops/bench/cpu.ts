import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';

export const SERVER_CORE = '0';
/** For PostgreSQL and the load generator. */
export const OTHERS_CORE = '1';

const NANOSECONDS_A_MS = 1e6;
const LOOKED_AT_MS = 2_000;

/** CPU time of all threads of a process in milliseconds, from the scheduler's statistics: /proc/<pid>/stat counts in 10 ms. */
export function cpuMs(pid: number): number {
  const threads = `/proc/${pid}/task`;
  return readdirSync(threads)
    .map((thread) => Number(readFileSync(`${threads}/${thread}/schedstat`, 'utf8').split(' ')[0]))
    .reduce((sum, nanoseconds) => sum + nanoseconds / NANOSECONDS_A_MS, 0);
}

/**
 * Starts to measure the CPU time of all connections to a database except this one.
 * @returns a function that returns the CPU time since; NaN if PostgreSQL runs on another machine.
 */
export async function cpuOfDatabase(observer: Client): Promise<() => Promise<number>> {
  const before = await cpuOfConnections(observer);
  return async () => {
    const after = await cpuOfConnections(observer);
    // Per connection, since a closed connection would make the difference of sums wrong.
    return [...after].reduce((sum, [pid, ms]) => sum + ms - (before.get(pid) ?? 0), 0);
  };
}

async function cpuOfConnections(observer: Client): Promise<Map<number, number>> {
  const { rows } = await observer.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  try {
    return new Map(rows.map(({ pid }) => [pid, cpuMs(pid)]));
  } catch {
    return new Map([[0, NaN]]);
  }
}

/** The number of busy cores. */
export async function busyCores(): Promise<number> {
  const before = coreTimes();
  await sleep(LOOKED_AT_MS);
  const after = coreTimes();
  return (cpus().length * (after.busy - before.busy)) / (after.all - before.all);
}

function coreTimes(): { busy: number; all: number } {
  const cores = cpus();
  const all = cores.flatMap(({ times }) => Object.values(times));
  const idle = cores.map(({ times }) => times.idle);
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  return { busy: sum(all) - sum(idle), all: sum(all) };
}

/** Moves this process, and the processes it starts, to one core. */
export function moveTo(core: string): void {
  execFileSync('taskset', ['-apc', core, String(process.pid)], { stdio: 'ignore' });
}
