import { Prisma } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';
import type { LogPosition } from '../log/cursor.ts';

interface Row {
  id: string;
  transactionId: string;
  sequence: string;
  nonce: string | null;
}

type Positions = ReadonlyMap<string, LogPosition>;

/** By webhook: the last event before everything that it still has to send, if there is one. */
export function positionsOf(db: Database, webhookIds: readonly string[]): Promise<Positions> {
  return lastEvents(db, RESTS(webhookIds));
}

/** By delivery: the last event before its own, if there is one. */
export function positionsBefore(db: Database, deliveryIds: readonly string[]): Promise<Positions> {
  return lastEvents(db, DELIVERED(deliveryIds));
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
async function lastEvents(db: Database, positions: Prisma.Sql): Promise<Positions> {
  const rows = await run<Row>(
    db,
    Prisma.sql`
    /* lastEvents */
    SELECT position.id, latest.transaction_id AS "transactionId", latest.sequence, latest.nonce
    FROM (${positions}) AS position CROSS JOIN LATERAL (
      SELECT transaction_id, sequence, nonce FROM events
      WHERE (events.transaction_id, events.sequence) <= (position.transaction_id, position.sequence)
      ORDER BY events.transaction_id DESC, events.sequence DESC LIMIT 1
    ) AS latest`,
  );
  return new Map(
    rows.map(({ id, transactionId, sequence, nonce }) => [
      id,
      {
        transactionId: BigInt(transactionId),
        sequence: BigInt(sequence),
        nonce: nonce === null ? null : Number(nonce),
      },
    ]),
  );
}
