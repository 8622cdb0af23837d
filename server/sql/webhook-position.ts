import { Prisma } from '../../prisma/generated/client/client.ts';
import { Batcher } from '../database/batcher.ts';
import { run, type Database } from '../database/client.ts';
import type { LogPosition } from '../log/cursor.ts';

interface Row {
  id: string;
  transactionId: string;
  sequence: string;
  nonce: string | null;
}

type Lookup = Batcher<string, LogPosition | null>;

interface Lookups {
  webhooks: Lookup;
  deliveries: Lookup;
}

const lookups = new WeakMap<Database, Lookups>();

function lookupsOf(db: Database): Lookups {
  const known = lookups.get(db) ?? {
    webhooks: new Batcher((ids) => lastEvents(db, ids, RESTS)),
    deliveries: new Batcher((ids) => lastEvents(db, ids, DELIVERED)),
  };
  lookups.set(db, known);
  return known;
}

/** The last event before everything that a webhook still has to send; null if there is none. */
export function positionOf(db: Database, webhookId: string): Promise<LogPosition | null> {
  return lookupsOf(db).webhooks.add(webhookId);
}

/** The last event before that of a delivery; null if there is none. */
export function positionBefore(db: Database, deliveryId: string): Promise<LogPosition | null> {
  return lookupsOf(db).deliveries.add(deliveryId);
}

const RESTS = (ids: readonly string[]) => Prisma.sql`
  SELECT webhooks.id, rest.transaction_id, rest.sequence
  FROM webhooks CROSS JOIN LATERAL (
    SELECT transaction_id, event_sequence - 1 AS sequence FROM webhook_deliveries
    WHERE webhook_id = webhooks.id AND status = 'PENDING' AND cause = 'EVENT'
    UNION ALL SELECT webhooks.transaction_id, webhooks.sequence WHERE webhooks.transaction_id IS NOT NULL
    UNION ALL SELECT transaction_id, 0 FROM log_consumers WHERE name = 'webhooks' AND webhooks.transaction_id IS NULL
    ORDER BY transaction_id, sequence LIMIT 1
  ) AS rest
  WHERE webhooks.id = ANY(${[...ids]}::uuid[])`;

const DELIVERED = (ids: readonly string[]) => Prisma.sql`
  SELECT id, transaction_id, event_sequence - 1 AS sequence FROM webhook_deliveries
  WHERE id = ANY(${[...ids]}::uuid[]) AND transaction_id IS NOT NULL`;

/** The last event at or before each position. */
async function lastEvents(
  db: Database,
  ids: readonly string[],
  positions: (ids: readonly string[]) => Prisma.Sql,
): Promise<(LogPosition | null)[]> {
  const rows = await run<Row>(
    db,
    Prisma.sql`
    /* lastEvents */
    SELECT position.id, latest.transaction_id AS "transactionId", latest.sequence, latest.nonce
    FROM (${positions(ids)}) AS position CROSS JOIN LATERAL (
      SELECT transaction_id, sequence, nonce FROM events
      WHERE (events.transaction_id, events.sequence) <= (position.transaction_id, position.sequence)
      ORDER BY events.transaction_id DESC, events.sequence DESC LIMIT 1
    ) AS latest`,
  );
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => {
    const row = found.get(id);
    if (!row) return null;
    const { transactionId, sequence, nonce } = row;
    return {
      transactionId: BigInt(transactionId),
      sequence: BigInt(sequence),
      nonce: nonce === null ? null : Number(nonce),
    };
  });
}
