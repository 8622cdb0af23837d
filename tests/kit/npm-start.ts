import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launch, type Launched } from '../../ops/drills/server-process.ts';

export interface Started extends Launched {
  /** Like Ctrl-C in a terminal: the signal goes to npm, its shell and the server. */
  pressCtrlC(): void;
  /** Like `kill -9`, without a chance to clean up. */
  killHard(): Promise<void>;
}

/** Runs `npm start` with a data directory on a free port, like a person in a fresh clone. */
export function npmStart(dataDir: string): Started {
  const { DATABASE_URL, NODE_ENV, ...inherited } = process.env;
  const launched = launch('npm', ['start'], {
    cwd: join(import.meta.dirname, '../..'),
    env: { ...inherited, DATA_DIR: dataDir, PORT: '0' },
    // In its own process group, like a command in a terminal.
    detached: true,
  });
  return {
    ...launched,
    pressCtrlC: () => launched.signal('SIGINT'),
    async killHard() {
      process.kill(await pidIn(join(dataDir, 'server.pid')), 'SIGKILL');
      await launched.exited;
    },
  };
}

/** The process id of the embedded PostgreSQL of a data directory. */
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
