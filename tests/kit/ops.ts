import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { findClient } from '../../ops/backup/programs.ts';
import { launch } from '../../ops/drills/server-process.ts';

export interface Ended {
  code: number | null;
  /** All output. */
  output: string;
}

/** Whether this machine has the pg_dump that backups need. If not, their tests are skipped. */
export const hasPgDump = await findClient(15).then(
  () => true,
  () => false,
);

if (!hasPgDump) console.log('▸ There is no pg_dump, so the tests of backups are SKIPPED.');

/** Runs a command of `ops/` to its end, like npm, without a terminal. */
export function ops(command: string, args: string[], environment: NodeJS.ProcessEnv): Promise<Ended> {
  return startOps(command, args, environment).ended;
}

/** The same without waiting for the end; `kill` is `kill -9`. */
export function startOps(
  command: string,
  args: string[],
  environment: NodeJS.ProcessEnv,
): { ended: Promise<Ended>; kill(): void } {
  const { DATABASE_URL, DATA_DIR, ...inherited } = process.env;
  const file = join(import.meta.dirname, `../../ops/${command}.ts`);
  const launched = launch(process.execPath, [file, ...args], {
    env: { ...inherited, ...environment },
  });
  const ended = launched.exited.then(({ code }) => ({ code, output: launched.output() }));
  return { ended, kill: () => launched.signal('SIGKILL') };
}

/** The file that a backup or a safety backup prints. */
export function fileIn({ code, output }: Ended): string {
  const file = /(\S+\.dump)\s*$/m.exec(output)?.[1];
  if (code !== 0 || !file) throw new Error(`There is no backup: it said\n${output}`);
  return file;
}

/** A temporary folder, removed after the test file. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'taskwire-ops-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
