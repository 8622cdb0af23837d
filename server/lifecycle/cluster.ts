import cluster, { type Worker } from 'node:cluster';
import { on, once } from 'node:events';
import { checkSchedule, scheduleBackups } from '../backup/schedule.ts';
import { closeAll } from './close-all.ts';
import { ConfigError, type Config } from '../config.ts';
import { startEmbedded } from '../database/embedded.ts';
import { externalDatabase } from '../database/external.ts';
import { applyMigrations } from '../database/migrations.ts';
import { storedSecret } from '../auth/secret.ts';
import { createLogger } from '../logger.ts';
import { WorkerMetrics } from '../observability/worker-metrics.ts';
import type { RunningServer } from './start.ts';

export interface WorkerReady {
  url: string;
  port: number;
}

/** A worker that ends sooner is restarted after a delay. */
const SHORT_LIFE_MS = 5_000;
const STOP_WITHIN_MS = 12_000;

/** This process owns the database and replaces workers that end. @throws ConfigError, StartFailure */
export async function startWorkers(config: Config): Promise<RunningServer> {
  const closing: (() => Promise<void>)[] = [];
  let isStopping = false;
  let stopped: Promise<void> | undefined;
  let signal: NodeJS.Signals = 'SIGINT';
  const stop = (noticeMs = 0) => {
    isStopping = true;
    if (noticeMs > 0) signal = 'SIGTERM';
    return (stopped ??= closeAll(closing));
  };
  try {
    const log = createLogger(config.logLevel);
    if (config.backupSchedule) await checkSchedule(config.backupSchedule);
    const database = config.databaseUrl
      ? externalDatabase(config.databaseUrl)
      : await startEmbedded(config.dataDir, {
          onTrouble: (sentence) => log.error({ part: 'database' }, sentence),
        });
    closing.push(() => database.stop());
    // Once, since workers would wait for each other.
    await applyMigrations(database.url);
    if (config.backupSchedule) closing.push(await scheduleBackups(config, config.backupSchedule, log));
    const environment: NodeJS.ProcessEnv = {
      DATABASE_URL: config.poolerUrl ?? database.url,
      AUTH_SECRET: config.authSecret ?? (await storedSecret(config.dataDir)),
      BACKUP_SCHEDULE: '',
    };
    const workers = new Set<Worker>();
    const metrics = new WorkerMetrics();
    closing.push(() => endAll(workers, signal));

    const start = async (): Promise<WorkerReady> => {
      const worker = cluster.fork(environment);
      const startedAt = Date.now();
      workers.add(worker);
      let isReady = false;
      worker.once('exit', (code, signal) => {
        workers.delete(worker);
        if (isStopping || !isReady) return;
        log.error({ code, signal }, 'a worker has ended; starting another one');
        const pause = Date.now() - startedAt < SHORT_LIFE_MS ? SHORT_LIFE_MS : 0;
        setTimeout(() => {
          replace();
        }, pause);
      });
      const ready = await readiness(worker);
      isReady = true;
      metrics.add(worker);
      return ready;
    };
    const replace = () => {
      if (isStopping) return;
      start().catch(() => {
        setTimeout(replace, SHORT_LIFE_MS);
      });
    };
    // The first worker binds the port, possibly a free one, and the others share it.
    const { url, port } = await start();
    Object.assign(environment, { PORT: String(port), PUBLIC_URL: url });
    await Promise.all(Array.from({ length: config.workers - 1 }, start));
    return { url, port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function readiness(worker: Worker): Promise<WorkerReady> {
  const failed = new AbortController();
  const ended = once(worker, 'exit', failed).then(() => {
    throw new ConfigError('A worker could not start.');
  });
  try {
    return await Promise.race([readyMessage(worker, failed.signal), ended]);
  } finally {
    ended.catch(() => undefined);
    failed.abort();
  }
}

async function readyMessage(worker: Worker, signal: AbortSignal): Promise<WorkerReady> {
  for await (const [message] of on(worker, 'message', { signal }) as AsyncIterable<[object]>)
    if ('url' in message) return message as WorkerReady;
  throw new Error('a worker’s messages end with an error only');
}

/** On SIGTERM, workers keep serving for the notice period themselves. */
async function endAll(workers: Set<Worker>, signal: NodeJS.Signals): Promise<void> {
  await Promise.all(
    [...workers].map(async (worker) => {
      const gone = once(worker, 'exit');
      worker.process.kill(signal);
      const cut = setTimeout(() => worker.process.kill('SIGKILL'), STOP_WITHIN_MS);
      await gone;
      clearTimeout(cut);
    }),
  );
}
