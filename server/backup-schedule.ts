import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ConfigError, type Config } from './config.ts';
import type { Log } from './log.ts';

const command = fileURLToPath(new URL('../ops/backup.ts', import.meta.url));

/**
 * Runs `npm run backup` at the times of a cron expression (in UTC), in a process of its own, so that reading the whole
 * database keeps no request waiting. A time that comes while the last backup is still under way is left out.
 * @returns what ends the schedule, and the backup that is under way.
 * @throws ConfigError where the expression cannot be read.
 */
export async function scheduleBackups(
  config: Config,
  schedule: string,
  log: Log,
): Promise<() => Promise<void>> {
  // Loaded where it is asked for: most servers start without.
  const { Cron } = await import('croner');
  let running: Promise<void> | undefined;
  let child: ChildProcess | undefined;
  const backUp = async () => {
    child = spawn(process.execPath, [command], {
      env: environment(config),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { code, output } = await ended(child);
    const said = output.trim();
    if (code === 0) log.info({ part: 'backup' }, said);
    else log.error({ part: 'backup' }, `The scheduled backup failed. ${said}`);
  };
  const options = { timezone: 'UTC', protect: true, unref: true };
  try {
    const job = new Cron(schedule, options, () => (running = backUp()));
    return async () => {
      job.stop();
      child?.kill('SIGTERM');
      await running;
    };
  } catch (error) {
    throw new ConfigError(`BACKUP_SCHEDULE: ${(error as Error).message}`);
  }
}

/** The settings of this server, wherever they came from. */
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
