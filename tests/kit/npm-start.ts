import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const READY_WITHIN_MS = 30_000;

export interface Started {
  /** Everything printed so far, on either stream. */
  output(): string;
  /** The address in the ready line. @throws when the process ends, or 30 s pass, without one. */
  ready(): Promise<string>;
  /** How the command ended. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** What Ctrl-C does in a terminal: the signal goes to npm, its shell and the server alike. */
  pressCtrlC(): void;
  /** Ends the server as `kill -9` does, with no chance to tidy up. */
  killHard(): Promise<void>;
}

/** Runs `npm start` on a data folder, on a free port, as a person does in a fresh clone. */
export function npmStart(dataDir: string): Started {
  const { DATABASE_URL, NODE_ENV, ...inherited } = process.env;
  const child = spawn('npm', ['start'], {
    cwd: join(import.meta.dirname, '../..'),
    env: { ...inherited, DATA_DIR: dataDir, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, as a terminal gives one to each command.
    detached: true,
  });
  let text = '';
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      for (const listener of listeners) listener();
    });
  }
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', reject).once('close', (code, signal) => resolve({ code, signal }));
  });

  return {
    output: () => text,
    exited,
    ready: () =>
      new Promise((resolve, reject) => {
        const give = (why: string) => () => reject(new Error(`npm start ${why}:\n${text}`));
        const timer = setTimeout(give('is not ready after 30 s'), READY_WITHIN_MS);
        const look = () => {
          const address = /^Taskwire is ready at (http\S+)$/m.exec(text)?.[1];
          if (!address) return;
          clearTimeout(timer);
          resolve(address);
        };
        listeners.add(look);
        void exited.then(give('ended without a ready line'));
        look();
      }),
    pressCtrlC() {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
        process.kill(-child.pid, 'SIGINT');
    },
    async killHard() {
      process.kill(await pidIn(join(dataDir, 'server.pid')), 'SIGKILL');
      await exited;
    },
  };
}

/** The process id of the embedded PostgreSQL on a data folder. */
export function postgresOf(dataDir: string): Promise<number> {
  return pidIn(join(dataDir, 'postgresql', 'postmaster.pid'));
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function pidIn(file: string): Promise<number> {
  return Number.parseInt(await readFile(file, 'utf8'), 10);
}
