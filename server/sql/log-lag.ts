import type { ClientBase } from 'pg';
import { Prisma } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';

export interface LogLag {
  events: number;
  seconds: number;
}

export interface LogLags {
  /** Not readable yet, because an earlier transaction is in progress. */
  log: LogLag;
  /** Not folded into the counters yet. Dashboards are exact, but have to read these events. */
  fold: LogLag;
}

const MOST_COUNTED = 100_000;

const STATEMENT = `
  /* logLags */
  SELECT json_object_agg(reader, json_build_object(
           'events', (SELECT count(*) FROM (SELECT FROM events WHERE transaction_id >= since LIMIT ${MOST_COUNTED}) AS waiting),
           'seconds', coalesce((SELECT greatest(extract(epoch FROM clock_timestamp() - at), 0) FROM events
                                WHERE transaction_id >= since ORDER BY transaction_id, sequence LIMIT 1), 0))) AS lags
  FROM (SELECT 'log' AS reader, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS since
        UNION ALL SELECT 'fold', transaction_id FROM task_counter_state) AS readers`;

export async function logLags(db: Database): Promise<LogLags> {
  const [row] = await run<{ lags: LogLags }>(db, Prisma.raw(STATEMENT));
  return lagsIn(row);
}

export async function logLagsBy(client: ClientBase): Promise<LogLags> {
  const { rows } = await client.query<{ lags: LogLags }>(STATEMENT);
  return lagsIn(rows[0]);
}

function lagsIn(row: { lags: LogLags } | undefined): LogLags {
  if (!row) throw new Error('an aggregate always gives a row');
  return row.lags;
}
