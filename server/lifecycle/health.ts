import type { Client } from 'pg';
import { openSession } from '../database/session.ts';
import { logLagsBy, type LogLags } from '../sql/log-lag.ts';

export interface DatabaseHealth extends LogLags {
  /** On a standby, or if an operator made it read-only. */
  readOnly: boolean;
}

export interface HealthCheck {
  /** Null if the database does not respond in time. Concurrent calls share a request. */
  health(): Promise<DatabaseHealth | null>;
  stop(): Promise<void>;
}

const ANSWERS_WITHIN_MS = 2_000;

/** Uses a separate connection: if all connections of the pool are in use, the server is busy but healthy. */
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
