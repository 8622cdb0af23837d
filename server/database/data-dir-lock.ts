import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DataDirInUse, DataDirUnusable } from './start-failure.ts';

const SQLITE_BUSY = 5;
const PID_FILE = 'server.pid';

/** Long enough for the loser of two simultaneous starts to let the winner through. */
const BUSY_WAIT_MS = 200;

// Holds the handles, since a lock whose handle is collected as garbage would be given up.
const held = new Set<DatabaseSync>();

/**
 * Takes a lock that is the operating system's own, on an empty SQLite file: it ends with the process however that ends,
 * it is not inherited by children, and a reused process id means nothing to it.
 * @returns the function that gives it up; undefined when another process, or this one, holds it.
 */
export function tryLock(file: string): (() => void) | undefined {
  const lock = new DatabaseSync(file, { timeout: BUSY_WAIT_MS });
  try {
    // Nothing is written then, so that a full disk does not count as locked.
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined;
    throw error;
  }
  held.add(lock);
  return () => {
    if (held.delete(lock)) lock.close();
  };
}

/**
 * Makes this process the only one on `dataDir`, and makes the folder if it is not there.
 * @returns the function that gives the folder up.
 * @throws DataDirInUse when another process, or another start in this one, holds it.
 */
export function lockDataDir(dataDir: string): () => void {
  const pidFile = join(dataDir, PID_FILE);
  let unlock: (() => void) | undefined;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    unlock = tryLock(join(dataDir, 'lock'));
    if (unlock) writeFileSync(pidFile, `${process.pid}\n`);
  } catch (error) {
    unlock?.();
    throw new DataDirUnusable(dataDir, error);
  }
  if (!unlock) throw new DataDirInUse(dataDir, readPid(pidFile));
  return unlock;
}

/** Keeps the address at which the server on `dataDir` answers, for commands that run beside it. */
export function noteServerUrl(dataDir: string, url: string): void {
  writeFileSync(join(dataDir, PID_FILE), `${process.pid}\n${url}\n`);
}

/** The address that the running server on `dataDir` noted; undefined until it is ready. */
export function notedServerUrl(dataDir: string): string | undefined {
  try {
    const [, url] = readFileSync(join(dataDir, PID_FILE), 'utf8').trim().split('\n');
    return url;
  } catch {
    return undefined;
  }
}

function readPid(file: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10) || undefined;
  } catch {
    return undefined;
  }
}
