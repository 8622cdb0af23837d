import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { DatabaseDidNotStart } from './start-failure.ts';

const POLL_MS = 10;
const WAIT_MS = 10_000;

/**
 * Ends the PostgreSQL that a killed server has left running on `cluster`, if any, and removes a `postmaster.pid`
 * whose process id somebody else has got meanwhile. The caller must hold the data directory's lock.
 * @throws DatabaseDidNotStart when the orphan belongs to another account or does not end.
 */
export async function stopOrphan(cluster: string): Promise<void> {
  const pidFile = join(cluster, 'postmaster.pid');
  const pid = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10);
  if (!(pid > 1)) return;
  // First as an operator would, then as after a crash: either way nothing that was committed is lost.
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!(await runsOn(cluster, pid))) return removeIfStale(pidFile, pid);
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ESRCH') continue;
      throw new DatabaseDidNotStart(
        `A PostgreSQL (process ${pid}) of an earlier Taskwire still runs on ${cluster} under another account. ` +
          'End it, or start Taskwire as the user who started it before.',
        { cause: error },
      );
    }
    const deadline = Date.now() + WAIT_MS;
    while (Date.now() < deadline && (await runsOn(cluster, pid))) await sleep(POLL_MS);
  }
  if (!(await runsOn(cluster, pid))) return removeIfStale(pidFile, pid);
  throw new DatabaseDidNotStart(
    `A PostgreSQL (process ${pid}) of an earlier Taskwire still runs on ${cluster} and cannot be ended. ` +
      'End it, or restart the machine, and start again.',
  );
}

/** PostgreSQL itself only looks whether the id is alive. It still checks by shared memory that the folder is free. */
async function removeIfStale(pidFile: string, pid: number): Promise<void> {
  const now = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10);
  if (now === pid) await rm(pidFile, { force: true });
}

/** False also for a zombie, which has no command line any more. */
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
