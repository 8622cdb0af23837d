import type { ClientBase } from 'pg';
import { Prisma } from '../../prisma/generated/client/client.ts';
import type { ConsumerName } from '../log/consumer.ts';
import { run, type Database } from '../database/client.ts';

export interface LogLag {
  events: number;
  seconds: number;
}

export interface LogLags {
  /** Events that are not readable yet, because an earlier transaction is in progress. */
  log: LogLag;
  /** Events that a consumer has not handled yet. */
  consumers: Record<ConsumerName, LogLag>;
}

type Lags = Record<ConsumerName | 'log', LogLag>;

const MOST_COUNTED = 100_000;

const STATEMENT = `
  /* logLags */
  SELECT json_object_agg(reader, json_build_object(
           'events', (SELECT count(*) FROM (SELECT FROM events WHERE transaction_id >= since LIMIT ${MOST_COUNTED}) AS waiting),
           'seconds', coalesce((SELECT greatest(extract(epoch FROM clock_timestamp() - at), 0) FROM events
                                WHERE transaction_id >= since ORDER BY transaction_id, sequence LIMIT 1), 0))) AS lags
  FROM (SELECT 'log' AS reader, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS since
        UNION ALL SELECT name, transaction_id FROM log_consumers) AS readers`;

export async function logLags(db: Database): Promise<LogLags> {
  const [row] = await run<{ lags: Lags }>(db, Prisma.raw(STATEMENT));
  return lagsIn(row);
}

export async function logLagsBy(client: ClientBase): Promise<LogLags> {
  const { rows } = await client.query<{ lags: Lags }>(STATEMENT);
  return lagsIn(rows[0]);
}

function lagsIn(row: { lags: Lags } | undefined): LogLags {
  if (!row) throw new Error('an aggregate always gives a row');
  const { log, ...consumers } = row.lags;
  return { log, consumers };
}
