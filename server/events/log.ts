import type { Prisma } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import type { Transaction } from '../database/transaction.ts';
import type { EventKind, NewEvent } from './kinds.ts';

/**
 * Appends one event to the log, in the transaction of the change that it tells of.
 * @returns the log's cursor after the change.
 */
export async function append<Kind extends EventKind>(
  tx: Transaction,
  event: NewEvent<Kind>,
): Promise<string> {
  return toCursor(
    await tx.event.create({ data: row(event), select: { transactionId: true, sequence: true } }),
  );
}

/**
 * Appends the events of one change to many things, in one statement.
 * @returns the log's cursor after the last of them.
 */
export async function appendAll<Kind extends EventKind>(
  tx: Transaction,
  events: readonly NewEvent<Kind>[],
): Promise<string> {
  const positions = await tx.event.createManyAndReturn({
    data: events.map(row),
    select: { transactionId: true, sequence: true },
  });
  const last = positions.reduce<Position | undefined>(
    (latest, position) => (latest && latest.sequence > position.sequence ? latest : position),
    undefined,
  );
  return last ? toCursor(last) : currentCursor(tx);
}

function row<Kind extends EventKind>({ data, ...event }: NewEvent<Kind>): Prisma.EventCreateManyInput {
  return { ...event, data: data as Prisma.InputJsonObject };
}

/** A place in the log. Transaction ids come first, for a slow transaction may commit after a later sequence. */
export interface Position {
  transactionId: bigint;
  sequence: bigint;
}

/** A position as clients keep it: opaque to them. */
export function toCursor({ transactionId, sequence }: Position): string {
  return Buffer.from(`${transactionId.toString(36)}.${sequence.toString(36)}`).toString('base64url');
}

/** The cursor after which everything is news to a reader who reads now. */
export async function currentCursor(tx: Transaction | Database): Promise<string> {
  const [row] = await tx.$queryRaw<[{ horizon: bigint }]>`
    /* currentCursor */ SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon`;
  return toCursor({ transactionId: row.horizon, sequence: 0n });
}
