import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DataDirInUse, DataDirUnusable } from './start-failure.ts';

const SQLITE_BUSY = 5;
const PID_FILE = 'server.pid';

/** Lets the loser of two concurrent starts wait for the winner. */
const BUSY_WAIT_MS = 200;

// Keeps the handles alive; garbage collection would release the locks.
const held = new Set<DatabaseSync>();

/**
 * Takes an operating system lock on an empty SQLite file. It ends with the process, is not inherited by children, and
 * is safe against reused process ids.
 * @returns the function that releases it; undefined if it is taken.
 */
export function tryLock(file: string): (() => void) | undefined {
  const lock = new DatabaseSync(file, { timeout: BUSY_WAIT_MS });
  try {
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

/** @returns the function that releases it. @throws DataDirInUse if another start holds the lock. */
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

export function noteServerUrl(dataDir: string, url: string): void {
  writeFileSync(join(dataDir, PID_FILE), `${process.pid}\n${url}\n`);
}

/** The URL of the running server; undefined until it is ready. */
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
