import type { Client } from 'pg';
import { openSession } from '../database/session.ts';
import { logLagsBy, type LogLags } from '../sql/log-lag.ts';

/** What the database says of itself. */
export interface DatabaseHealth extends LogLags {
  /** It takes no changes: a standby, or made read-only by who runs it. */
  readOnly: boolean;
}

export interface HealthCheck {
  /** Null where the database does not answer in time. Those who ask while an answer is on its way share it. */
  health(): Promise<DatabaseHealth | null>;
  stop(): Promise<void>;
}

/** Who asks does not wait much longer, and a database that takes longer is of no use to people either. */
const ANSWERS_WITHIN_MS = 2_000;

/**
 * Asks the database at `url` how it is on a connection of its own, opened when it is first needed: where people's
 * requests hold every connection of the pool, the server is busy, but not broken.
 */
export function createHealthCheck(url: string): HealthCheck {
  let client: Client | undefined;
  let asked: Promise<DatabaseHealth | null> | undefined;
  let isStopped = false;

  async function ask(): Promise<DatabaseHealth> {
    client ??= await openSession(
      url,
      {
        application_name: 'taskwire health',
        connectionTimeoutMillis: ANSWERS_WITHIN_MS,
        statement_timeout: ANSWERS_WITHIN_MS,
        query_timeout: ANSWERS_WITHIN_MS,
        keepAlive: true,
      },
      { max_parallel_workers_per_gather: '0' },
    );
    const lags = await logLagsBy(client);
    const { rows } = await client.query<{ readOnly: boolean }>(
      `SELECT current_setting('transaction_read_only')::bool AS "readOnly"`,
    );
    return { ...lags, readOnly: rows[0]?.readOnly === true };
  }

  async function forget(): Promise<null> {
    const broken = client;
    client = undefined;
    await broken?.end().catch(() => undefined);
    return null;
  }

  return {
    health: () => {
      if (isStopped) return Promise.resolve(null);
      const deadline = new Promise<null>((resolve) => {
        setTimeout(resolve, ANSWERS_WITHIN_MS, null).unref();
      });
      return (asked ??= Promise.race([ask().catch(forget), deadline]).finally(() => (asked = undefined)));
    },
    async stop() {
      isStopped = true;
      await forget();
    },
  };
}
