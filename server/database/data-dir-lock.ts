import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DataDirInUse, DataDirUnusable } from './start-failure.ts';

const SQLITE_BUSY = 5;

/** Long enough for the loser of two simultaneous starts to let the winner through. */
const BUSY_WAIT_MS = 200;

// Holds the handles, since a lock whose handle is collected as garbage would be given up.
const held = new Set<DatabaseSync>();

/**
 * Makes this process the only one on `dataDir`, and makes the folder if it is not there.
 * The lock is the operating system's own, on an empty SQLite file: it ends with the process however that ends, it
 * is not inherited by children, and a reused process id means nothing to it.
 * @returns the function that gives the folder up.
 * @throws DataDirInUse when another process, or another start in this one, holds it.
 */
export function lockDataDir(dataDir: string): () => void {
  const pidFile = join(dataDir, 'server.pid');
  let lock: DatabaseSync | undefined;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    lock = new DatabaseSync(join(dataDir, 'lock'), { timeout: BUSY_WAIT_MS });
    lock.exec('BEGIN EXCLUSIVE');
    writeFileSync(pidFile, `${process.pid}\n`);
  } catch (error) {
    lock?.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) {
      throw new DataDirInUse(dataDir, readPid(pidFile));
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new DataDirUnusable(
      `DATA_DIR ${dataDir} cannot be used: ${reason}. Make it a folder that this user may write to.`,
      { cause: error },
    );
  }
  const handle = lock;
  held.add(handle);
  return () => {
    if (held.delete(handle)) handle.close();
  };
}

function readPid(file: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10) || undefined;
  } catch {
    return undefined;
  }
}
