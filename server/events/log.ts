import type { Prisma } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import type { Transaction } from '../database/transaction.ts';
import type { TaskEventData } from './task-event.ts';

/** Each kind of event that the server appends, with the data that it carries. */
interface EventKinds {
  'task.created': TaskEventData & { fingerprint: string };
  'task.updated': TaskEventData;
  'task.completed': TaskEventData;
  'task.reopened': TaskEventData;
  'task.deleted': TaskEventData;
  'user.updated': { fields: string[] };
}

export type EventKind = keyof EventKinds;

export interface NewEvent<Kind extends EventKind> {
  kind: Kind;
  /** Who did it: always the viewer of the credential. */
  actorId: string;
  subjectId: string;
  data: EventKinds[Kind];
}

/**
 * Appends one event to the log, in the transaction of the change that it tells of.
 * @returns the log's cursor after the change.
 */
export async function append<Kind extends EventKind>(
  tx: Transaction,
  event: NewEvent<Kind>,
): Promise<string> {
  const position = await tx.event.create({
    data: { ...event, data: event.data as unknown as Prisma.InputJsonObject },
    select: { transactionId: true, sequence: true },
  });
  return toCursor(position);
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
