import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NODE_FLAGS } from '../node-flags.ts';
import { freePort } from '../../server/database/free-port.ts';

export interface OnCore {
  pid: number;
  url: string;
  /** The resident set size of the process. */
  residentBytes(): number;
  stop(): Promise<void>;
}

interface Program {
  name: string;
  /** Relative to the root of the repository. */
  file: string;
  path: string;
  core: string;
  environment: NodeJS.ProcessEnv;
  /** Extra options for Node. */
  flags?: string[];
}

export const TASKWIRE = 'server/main.ts';
const READY_WITHIN_MS = 60_000;
const root = join(import.meta.dirname, '../..');

/** Starts a server in production mode, as a separate process on one core. @throws if it does not answer in time. */
export async function startOnCore({
  name,
  file,
  path,
  core,
  environment,
  flags = [],
}: Program): Promise<OnCore> {
  const port = await freePort();
  const profiling = process.env['BENCH_NODE_OPTIONS']?.split(' ') ?? [];
  const all = [...(file === TASKWIRE ? [...NODE_FLAGS, ...profiling] : []), ...flags];
  const child = spawn('taskset', ['-c', core, process.execPath, ...all, join(root, file)], {
    env: {
      ...process.env,
      NODE_ENV: 'production',
      NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node'),
      HOST: '127.0.0.1',
      PORT: String(port),
      DATA_DIR: join(import.meta.dirname, '.data'),
      AUTH_SECRET: 'only-ever-used-for-measurements-on-this-machine',
      ...environment,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const pid = child.pid ?? 0;
  const url = `http://127.0.0.1:${port}${path}`;
  const stop = async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  };
  const began = performance.now();
  while (!(await answers(url))) {
    if (child.exitCode !== null || performance.now() - began > READY_WITHIN_MS) {
      child.kill('SIGKILL');
      throw new Error(`${name} did not start`);
    }
    await sleep(50);
  }
  return { pid, url, residentBytes: () => residentBytes(pid), stop };
}

async function answers(url: string): Promise<boolean> {
  const body = JSON.stringify({ query: '{ __typename }' });
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).then(
    async (response) => {
      await response.text();
      return response.ok;
    },
    () => false,
  );
}

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
}
