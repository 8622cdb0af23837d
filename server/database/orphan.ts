import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DatabaseDidNotStart } from './start-failure.ts';

const POLL_MS = 10;
const WAIT_MS = 10_000;

/**
 * Stops the PostgreSQL that a killed server left running on `cluster`, and removes a stale `postmaster.pid`. The
 * caller must hold the data directory's lock.
 * @throws DatabaseDidNotStart if the orphan belongs to another account or does not stop.
 */
export async function stopOrphan(cluster: string): Promise<void> {
  const pidFile = join(cluster, 'postmaster.pid');
  const pid = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10);
  if (!(pid > 1)) return;
  // Fast shutdown first, then immediate; neither loses committed data.
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!(await runsOn(cluster, pid))) return removeIfStale(pidFile, pid);
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ESRCH') continue;
      throw new DatabaseDidNotStart(
        `A PostgreSQL (process ${pid}) of an earlier Taskwire is still running on ${cluster} under another account. ` +
          'Stop it, or start Taskwire as the same user as before.',
        { cause: error },
      );
    }
    const deadline = Date.now() + WAIT_MS;
    while (Date.now() < deadline && (await runsOn(cluster, pid))) await sleep(POLL_MS);
  }
  if (!(await runsOn(cluster, pid))) return removeIfStale(pidFile, pid);
  throw new DatabaseDidNotStart(
    `A PostgreSQL (process ${pid}) of an earlier Taskwire is still running on ${cluster} and cannot be stopped. ` +
      'Stop it, or restart the machine, and start again.',
  );
}

/** PostgreSQL only checks the process id, and by shared memory that the directory is free. */
async function removeIfStale(pidFile: string, pid: number): Promise<void> {
  const now = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10);
  if (now === pid) await rm(pidFile, { force: true });
}

async function runsOn(cluster: string, pid: number): Promise<boolean> {
  const commandLine =
    process.platform === 'linux'
      ? await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      : await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)]).then(
          ({ stdout }) => stdout,
          () => '',
        );
  return commandLine.includes(`taskwire.cluster=${cluster}`);
}
