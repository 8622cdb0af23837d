import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Cron, CronOptions } from 'croner';
import { ConfigError, type Config } from '../config.ts';
import type { Logger } from '../logger.ts';

const COMMANDS = {
  backup: fileURLToPath(new URL('../../ops/backup.ts', import.meta.url)),
  verification: fileURLToPath(new URL('../../ops/backup-verify.ts', import.meta.url)),
};

/** @throws ConfigError for an invalid cron expression, or one that never matches. */
export async function checkSchedule(schedule: string): Promise<void> {
  const job = await openJob(schedule, { paused: true });
  if (!job.nextRun())
    throw new ConfigError(`BACKUP_SCHEDULE: "${schedule}" never matches a time. Change it.`);
}

/**
 * Runs `npm run backup` and `npm run backup:verify` on a cron schedule (UTC), in separate processes. A run is skipped
 * while the previous one is running.
 * @returns a function that stops the schedule and the current run.
 * @throws ConfigError for an invalid expression, or if this machine cannot make backups.
 */
export async function scheduleBackups(
  config: Config,
  schedule: string,
  log: Logger,
): Promise<() => Promise<void>> {
  let running: Promise<void> | undefined;
  let child: ChildProcess | undefined;
  let isEnding = false;
  const run = async (kind: keyof typeof COMMANDS, ...args: string[]) => {
    child = spawn(process.execPath, [COMMANDS[kind], ...args], {
      env: environment(config),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { code, output } = await ended(child);
    return { succeeded: code === 0, said: output.trim() };
  };
  const backUpAndVerify = async () => {
    for (const kind of ['backup', 'verification'] as const) {
      if (isEnding) return;
      const { succeeded, said } = await run(kind);
      if (succeeded) log.info({ part: 'backup' }, said);
      else log.error({ part: 'backup' }, `The scheduled ${kind} failed. ${said}`);
      if (!succeeded) return;
    }
  };
  const check = await run('backup', '--check');
  if (!check.succeeded)
    throw new ConfigError(`BACKUP_SCHEDULE is set, but backups cannot be made. ${check.said}`);
  const job = await openJob(schedule, { protect: true, unref: true }, () => (running = backUpAndVerify()));
  return async () => {
    isEnding = true;
    job.stop();
    child?.kill('SIGTERM');
    await running;
  };
}

async function openJob(schedule: string, options: CronOptions, work?: () => Promise<void>): Promise<Cron> {
  // Loaded on demand, since most servers do not use it.
  const { Cron: Job } = await import('croner');
  try {
    return new Job(schedule, { timezone: 'UTC', ...options }, work);
  } catch (error) {
    throw new ConfigError(`BACKUP_SCHEDULE: ${(error as Error).message}`);
  }
}

function environment(config: Config): NodeJS.ProcessEnv {
  const { DATABASE_URL, AUTH_SECRET, ...inherited } = process.env;
  return {
    ...inherited,
    ...(config.databaseUrl ? { DATABASE_URL: config.databaseUrl } : {}),
    ...(config.authSecret ? { AUTH_SECRET: config.authSecret } : {}),
    DATA_DIR: config.dataDir,
    BACKUP_DIR: config.backupDir,
    BACKUP_KEEP_DAYS: String(config.backupKeepDays),
  };
}

async function ended(child: ChildProcess): Promise<{ code: number | null; output: string }> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  return new Promise((resolve) => {
    child
      .once('error', (error) => {
        resolve({ code: null, output: error.message });
      })
      .once('close', (code) => {
        resolve({ code, output });
      });
  });
}
