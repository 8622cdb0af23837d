import { Client } from 'pg';
import type { Logger } from '../logger.ts';
import { rebuildCounters } from './rebuild.ts';
import { verifyCounters } from './verify.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Late enough for a rolling upgrade to replace older servers; their events may lack data. */
const TIMES = { firstMs: 10 * MINUTE_MS, everyMs: DAY_MS };

const CHECK_LOCK = 7_274_636_115;

/** Compares the counters with the tasks daily, and rebuilds them if they differ. @returns a stop function. */
export function startChecking(url: string, log: Logger, { firstMs, everyMs } = TIMES): () => Promise<void> {
  let client: Client | undefined;
  let isStopping = false;
  let running: Promise<void> | undefined;
  let timer = setTimeout(next, firstMs).unref();

  function next(): void {
    running = check()
      .catch((error: unknown) => {
        if (!isStopping) log.warn({ err: error }, 'could not compare the counters with the tasks');
      })
      .finally(() => {
        if (!isStopping) timer = setTimeout(next, everyMs).unref();
      });
  }

  async function check(): Promise<void> {
    client = new Client({ connectionString: url, application_name: 'taskwire check' });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [
        CHECK_LOCK,
      ]);
      if (!rows[0]?.taken) return;
      const differences = (await verifyCounters(client)).length;
      if (differences === 0) return;
      log.warn({ differences }, 'the counters of the dashboards are wrong; counting everything again');
      await rebuildCounters(url, () => {
        if (isStopping) throw new Error('the server is shutting down');
      });
      log.info('the counters of the dashboards were rebuilt');
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  return async () => {
    isStopping = true;
    clearTimeout(timer);
    // Cancels the comparison, which can take minutes.
    await client?.end().catch(() => undefined);
    await running;
  };
}
