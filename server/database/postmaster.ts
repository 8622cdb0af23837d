import type { ChildProcess } from 'node:child_process';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopOrphan } from './orphan.ts';
import { ended, isRunning, type Programs } from './postgres-programs.ts';
import { DatabaseDidNotStart } from './start-failure.ts';
import { freePort } from './free-port.ts';

const LOG_LIMIT_BYTES = 10 * 1024 * 1024;
const LINES_TO_SHOW = 5;

const READY_POLL_MS = 5;
const READY_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 10_000;
const START_TRIES = 5;
const RETRY_AFTER_MS = 500;
const START_AGAIN_AFTER_MS = 2_000;

interface Place {
  programs: Programs;
  cluster: string;
  log: string;
}

export interface Postmaster {
  port: number;
  stop(): Promise<void>;
}

/**
 * Runs PostgreSQL on a cluster, on a free port of 127.0.0.1. If it ends unexpectedly, it is restarted on the same
 * port, with unlimited retries.
 * @param report called with a message for each unexpected end and each failed restart.
 * @throws DatabaseDidNotStart if the first start fails.
 */
export async function runPostgres(place: Place, report: (sentence: string) => void): Promise<Postmaster> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const isStopping = () => signal.aborted;
  let child: ChildProcess | undefined;
  const start = (port?: number) => startPostgres(place, signal, (started) => (child = started), port);
  const port = await start();
  const endWithUs = () => child?.kill('SIGINT');
  process.once('exit', endWithUs);

  async function startAgain(): Promise<void> {
    while (!isStopping()) {
      try {
        await stopOrphan(place.cluster);
        await start(port);
        return;
      } catch (error) {
        if (!isStopping()) report((error as Error).message);
        await sleep(START_AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async function keepRunning(): Promise<void> {
    while (!isStopping()) {
      if (child) await ended(child);
      if (isStopping()) return;
      report(`PostgreSQL ended unexpectedly and is being restarted. Its log is ${place.log}.`);
      await startAgain();
    }
  }
  const kept = keepRunning();

  return {
    port,
    async stop() {
      stopping.abort();
      await stopPostgres(child);
      await kept;
      process.removeListener('exit', endWithUs);
    },
  };
}

async function startPostgres(
  { programs, cluster, log }: Place,
  signal: AbortSignal,
  onStart: (child: ChildProcess) => void,
  given?: number,
): Promise<number> {
  const size = (await stat(log).catch(() => undefined))?.size ?? 0;
  if (size > LOG_LIMIT_BYTES) await rename(log, `${log}.1`);

  for (let tries = 1; ; tries += 1) {
    const port = given ?? (await freePort());
    const file = await open(log, 'a', 0o600);
    const { size: before } = await file.stat();
    signal.throwIfAborted();
    const child = programs.start('postgres', cluster, settings(cluster, port), ['ignore', file.fd, file.fd]);
    onStart(child);
    await file.close();
    if (await becomesReady(child, cluster)) return port;
    await stopPostgres(child);
    const words = await lastWords(log, before);
    // The port was taken in between, or children of a killed PostgreSQL are still running.
    const passes = /Address already in use|pre-existing shared memory block/.test(words);
    if (!passes || tries === START_TRIES) {
      throw new DatabaseDidNotStart(
        `PostgreSQL did not start on ${cluster}.${words || ' It logged nothing.'}`,
      );
    }
    await sleep(RETRY_AFTER_MS);
  }
}

function settings(cluster: string, port: number): string[] {
  const values = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_checkpoints: 'off',
    // JIT compilation costs more than it saves in short queries.
    jit: 'off',
    // Identifies an orphan, as opposed to another process with the same id.
    'taskwire.cluster': cluster,
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

async function becomesReady(child: ChildProcess, cluster: string): Promise<boolean> {
  const end = ended(child).catch(() => undefined);
  const deadline = Date.now() + READY_WITHIN_MS;
  while (isRunning(child) && Date.now() < deadline) {
    const { pid, isReady } = await statusOf(cluster);
    if (isReady && pid === child.pid) return true;
    await Promise.race([sleep(READY_POLL_MS), end]);
  }
  return false;
}

export async function statusOf(cluster: string): Promise<{ pid: number; port: number; isReady: boolean }> {
  const lines = (await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  return { pid: Number(lines[0]), port: Number(lines[3]), isReady: lines[7]?.trim() === 'ready' };
}

async function stopPostgres(child: ChildProcess | undefined): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!child || !isRunning(child)) return;
    child.kill(signal);
    await Promise.race([ended(child), sleep(STOP_WITHIN_MS, undefined, { ref: false })]);
  }
}

async function lastWords(log: string, from: number): Promise<string> {
  const content = await readFile(log).catch(() => Buffer.alloc(0));
  const text = content.subarray(from).toString('utf8');
  return text.trim() && `${indented(text)}\nThe full log is ${log}.`;
}

export function indented(text: string): string {
  const lines = text.trim().split('\n').slice(-LINES_TO_SHOW);
  return `\n  ${lines.join('\n  ')}`;
}
