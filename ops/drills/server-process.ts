import { execFileSync, spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NODE_FLAGS } from '../node-flags.ts';

const READY_WITHIN_MS = 60_000;

export interface Launched {
  /** Its process id; with workers, that of the primary. */
  pid: number;
  output(): string;
  /** The URL in the ready line of a server. @throws with the output if it exits, or 60 s pass, without one. */
  ready(): Promise<string>;
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Sends a signal if it is running; to the whole process group if it is detached. */
  signal(name: NodeJS.Signals): void;
}

export interface ServerProcess extends Launched {
  url: string;
  workers(): number[];
  /** Stops it with SIGTERM. @returns its exit code. */
  stop(): Promise<number | null>;
  /** Stops it with SIGKILL. */
  kill(): Promise<void>;
}

/** Runs a program and collects its output. */
export function launch(
  program: string,
  args: readonly string[],
  options: Pick<SpawnOptions, 'cwd' | 'env' | 'detached'>,
): Launched {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const pid = child.pid ?? 0;
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  const exited = closed.then(([code, signal]) => ({ code, signal }));
  const ready = Promise.withResolvers<string>();
  let text = '';
  let url: string | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      url ??= /^Taskwire is ready at (http\S+)$/m.exec(text)?.[1];
      if (url) ready.resolve(url);
    });
  }
  const failed = (why: string) => {
    ready.reject(new Error(`The server ${why}:\n${text}`));
  };
  const timer = setTimeout(failed, READY_WITHIN_MS, 'did not become ready in time').unref();
  exited
    .then(() => {
      failed('exited');
    }, ready.reject)
    .finally(() => {
      clearTimeout(timer);
    });
  // Not all callers wait for it.
  ready.promise.catch(() => undefined);
  return {
    pid,
    output: () => text,
    ready: () => ready.promise,
    exited,
    signal(name) {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        process.kill(options.detached ? -pid : pid, name);
    },
  };
}

/** Starts a server like `npm start`, as a separate process on a free port. */
export async function startProcess(environment: NodeJS.ProcessEnv): Promise<ServerProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), 'taskwire-processes-'));
  const launched = launch(
    process.execPath,
    [...NODE_FLAGS, join(import.meta.dirname, '../../server/main.ts')],
    {
      env: { ...process.env, PORT: '0', DATA_DIR: dataDir, ...environment },
    },
  );
  const end = async (signal: NodeJS.Signals) => {
    launched.signal(signal);
    const { code } = await launched.exited;
    await rm(dataDir, { recursive: true, force: true });
    return code;
  };
  const kill = async () => {
    await end('SIGKILL');
  };
  const url = await launched.ready().catch(async (error: unknown) => {
    await kill();
    throw error;
  });
  return { ...launched, url, workers: () => childrenOf(launched.pid), stop: () => end('SIGTERM'), kill };
}

function childrenOf(parent: number): number[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => Number(match?.[2]) === parent && match?.[3]?.includes('main.ts'))
    .map((match) => Number(match?.[1]));
}
