import { addAbortListener } from 'node:events';
import { openSession } from '../database/session.ts';
import { repeat } from '../lifecycle/repeat.ts';
import type { Logger } from '../logger.ts';
import { rebuildCounters } from './rebuild.ts';
import { verifyCounters } from './verify.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Late enough for a rolling upgrade to replace older servers; their events may lack data. */
const TIMES = { firstMs: 10 * MINUTE_MS, everyMs: DAY_MS };

const CONNECT_WITHIN_MS = 2_500;
const CHECK_LOCK = 7_274_636_115;

/** Compares the counters with the tasks daily, and rebuilds them if they differ. @returns a stop function. */
export function startChecking(url: string, log: Logger, times = TIMES): () => Promise<void> {
  return repeat((stopping) => check(url, log, stopping), {
    ...times,
    onFailure(error) {
      log.warn({ err: error }, 'could not compare the counters with the tasks');
    },
  });
}

async function check(url: string, log: Logger, stopping: AbortSignal): Promise<void> {
  await using open = new AsyncDisposableStack();
  const client = open.use(
    await openSession(url, {
      application_name: 'taskwire check',
      connectionTimeoutMillis: CONNECT_WITHIN_MS,
    }),
  );
  // Cancels the comparison, which can take minutes.
  open.use(addAbortListener(stopping, () => void client.end()));
  const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [
    CHECK_LOCK,
  ]);
  if (!rows[0]?.taken) return;
  const differences = (await verifyCounters(client)).length;
  if (differences === 0) return;
  log.warn({ differences }, 'the counters of the dashboards are wrong; counting everything again');
  await rebuildCounters(url, () => undefined, stopping);
  log.info('the counters of the dashboards were rebuilt');
}
