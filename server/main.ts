import cluster from 'node:cluster';
import { flushCompileCache } from 'node:module';
import { ConfigError, readConfig } from './config.ts';
import { noteServerUrl } from './database/data-dir-lock.ts';
import { StartFailure } from './database/start-failure.ts';
import { createLogger } from './logger.ts';
import { startServer } from './lifecycle/start.ts';
import { takeUncaught } from './lifecycle/uncaught.ts';
import { startWorkers, type WorkerReady } from './lifecycle/cluster.ts';

/** Longer than the interval of readiness checks. Not needed for Ctrl-C. */
const NOTICE_MS = 2_000;
const EXIT_WITHIN_MS = 14_000;

try {
  const config = readConfig(process.env);
  const starting = cluster.isPrimary && config.workers > 1 ? startWorkers(config) : startServer(config);
  const end = (noticeMs: number, code = 0) => {
    setTimeout(() => process.exit(1), EXIT_WITHIN_MS).unref();
    void starting
      .then((server) => server.stop(noticeMs))
      .then(
        () => process.exit(code),
        () => process.exit(1),
      );
  };
  // The parent process may have ended.
  process.stdout.on('error', () => undefined);
  takeUncaught(createLogger(config.logLevel), () => end(NOTICE_MS, 1));
  // npm forwards Ctrl-C, so it arrives twice.
  process.on('SIGINT', () => end(0)).on('SIGTERM', () => end(NOTICE_MS));
  const server = await starting;
  if (cluster.isWorker) process.send?.({ url: server.url, port: server.port } satisfies WorkerReady);
  else {
    if (!config.databaseUrl) noteServerUrl(config.dataDir, server.url);
    console.log(`Taskwire is ready at ${server.url}`);
  }
  // Node writes it only on a normal exit.
  flushCompileCache();
} catch (error) {
  const expected = error instanceof ConfigError || error instanceof StartFailure;
  console.error(expected ? error.message : error);
  process.exit(1);
}
