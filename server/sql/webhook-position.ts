import { run, type Database } from '../database/client.ts';
import { Batcher } from '../database/batcher.ts';
import { Prisma } from '../../prisma/generated/client/client.ts';
import type { LogPosition } from '../log/cursor.ts';

interface Row {
  id: string;
  transactionId: string;
  sequence: string;
  nonce: string | null;
}

const batchers = new WeakMap<Database, Batcher<string, LogPosition | null>>();

/** The last event before everything that a webhook still has to send. Concurrent calls are batched. */
export function positionOf(db: Database, webhookId: string): Promise<LogPosition | null> {
  const batcher = batchers.get(db) ?? new Batcher((ids) => positionsOf(db, ids));
  batchers.set(db, batcher);
  return batcher.add(webhookId);
}

async function positionsOf(db: Database, ids: readonly string[]): Promise<(LogPosition | null)[]> {
  const rows = await run<Row>(
    db,
    Prisma.sql`
    /* webhookPositions */
    SELECT webhooks.id, latest.transaction_id AS "transactionId", latest.sequence, latest.nonce
    FROM webhooks CROSS JOIN LATERAL (
      SELECT transaction_id, event_sequence - 1 AS sequence FROM webhook_deliveries
      WHERE webhook_id = webhooks.id AND status = 'PENDING' AND cause = 'EVENT'
      UNION ALL SELECT webhooks.transaction_id, webhooks.sequence WHERE webhooks.transaction_id IS NOT NULL
      UNION ALL SELECT transaction_id, 0 FROM log_consumers WHERE name = 'webhooks' AND webhooks.transaction_id IS NULL
      ORDER BY transaction_id, sequence LIMIT 1
    ) AS rest CROSS JOIN LATERAL (
      SELECT transaction_id, sequence, nonce FROM events
      WHERE (events.transaction_id, events.sequence) <= (rest.transaction_id, rest.sequence)
      ORDER BY events.transaction_id DESC, events.sequence DESC LIMIT 1
    ) AS latest
    WHERE webhooks.id = ANY(${[...ids]}::uuid[])`,
  );
  return ids.map((wanted) => {
    const row = rows.find(({ id }) => id === wanted);
    return row
      ? {
          transactionId: BigInt(row.transactionId),
          sequence: BigInt(row.sequence),
          nonce: row.nonce === null ? null : Number(row.nonce),
        }
      : null;
  });
}
