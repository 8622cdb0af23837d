import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NODE_FLAGS } from '../node-flags.ts';

const READY_WITHIN_MS = 60_000;

export interface ServerProcess {
  url: string;
  /** Its process id; with workers, that of the primary. */
  pid: number;
  /** Everything printed so far. */
  output(): string;
  /** The process ids of its workers. */
  workers(): number[];
  /** Its exit code, or the signal that ended it. */
  exited: Promise<number | string | null>;
  /** Stops it with SIGTERM. @returns its exit code. */
  stop(): Promise<number | null>;
}

/** Starts a server like `npm start`, as a separate process on a free port. */
export async function startProcess(environment: NodeJS.ProcessEnv): Promise<ServerProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), 'taskwire-processes-'));
  const child = spawn(process.execPath, [...NODE_FLAGS, join(import.meta.dirname, '../../server/main.ts')], {
    env: { ...process.env, PORT: '0', DATA_DIR: dataDir, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  let text = '';
  const ready = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const url = /^Taskwire is ready at (http\S+)$/m.exec(text)?.[1];
      if (url) ready.resolve(url);
    });
  }
  const failed = (why: string) => () => {
    ready.reject(new Error(`The server ${why}:\n${text}`));
  };
  const timer = setTimeout(failed('did not become ready in time'), READY_WITHIN_MS);
  void exited.then(failed('exited'));
  try {
    const url = await ready.promise;
    return {
      url,
      pid: child.pid ?? 0,
      output: () => text,
      exited: exited.then(([code, signal]) => code ?? signal),
      workers: () => childrenOf(child.pid ?? 0),
      async stop() {
        child.kill('SIGTERM');
        const [code] = await exited;
        await rm(dataDir, { recursive: true, force: true });
        return code;
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    await rm(dataDir, { recursive: true, force: true });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function childrenOf(parent: number): number[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((match) => Number(match?.[2]) === parent && match?.[3]?.includes('main.ts'))
    .map((match) => Number(match?.[1]));
}
