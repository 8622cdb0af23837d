import { Prisma } from '../../prisma/generated/client/client.ts';
import { databaseOf, type Transaction } from '../database/transaction.ts';
import type { Database } from '../database/client.ts';
import { CursorExpired, ValidationFailed } from '../errors.ts';

/** Ordered by transaction id first, since a slow transaction can commit after later sequences. */
export interface LogPosition {
  transactionId: bigint;
  sequence: bigint;
  /** Of the last event up to the position, to detect a lost log; null without an event. */
  nonce: number | null;
}

export interface LogCursor extends LogPosition {
  /** Events of this and later transactions may have been in flight before the position; null if none were. */
  horizon: bigint | null;
  inFlight?: readonly bigint[] | undefined;
}

export function compare(a: LogPosition, b: LogPosition): number {
  const difference = a.transactionId - b.transactionId || a.sequence - b.sequence;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Everything not covered by the cursor is after this position. */
export function startOf(cursor: LogCursor): LogPosition {
  const { transactionId, horizon } = cursor;
  return horizon !== null && horizon < transactionId
    ? { transactionId: horizon, sequence: 0n, nonce: null }
    : cursor;
}

export function isAfter(event: LogPosition, cursor: LogCursor): boolean {
  const { transactionId, sequence, horizon, inFlight } = cursor;
  if (event.transactionId === transactionId) return event.sequence > sequence;
  if (event.transactionId > transactionId) return true;
  return (
    event.transactionId >= (horizon ?? transactionId) && (inFlight?.includes(event.transactionId) ?? true)
  );
}

export function advancedTo(position: LogPosition, cursor: LogCursor): LogPosition & Partial<LogCursor> {
  if (compare(cursor, position) <= 0) return position;
  if (cursor.horizon === null) return cursor;
  const firstOpen = position.transactionId + (position.sequence === LAST_SEQUENCE ? 1n : 0n);
  const inFlight = cursor.inFlight?.filter((id) => id >= firstOpen);
  if (inFlight) return { ...cursor, inFlight, horizon: inFlight[0] ?? null };
  return { ...cursor, horizon: cursor.horizon > firstOpen ? cursor.horizon : firstOpen };
}

const LAST_SEQUENCE = 2n ** 63n - 1n;

/** After all events of a transaction; the given one is its last. */
export function endOfTransaction({ transactionId, nonce }: Omit<LogPosition, 'sequence'>): LogPosition {
  return { transactionId, sequence: LAST_SEQUENCE, nonce };
}

/** In SQL, on the table `event_log`: whether the log contains a position. Undecided for trimmed positions. */
export function leadsTo({ transactionId, sequence, nonce }: LogPosition): Prisma.Sql {
  return Prisma.sql`(
    trimmed_transaction_id >= ${String(transactionId)}::bigint OR EXISTS (
      SELECT FROM (
        SELECT nonce FROM events
        WHERE transaction_id = ${String(transactionId)}::bigint AND sequence <= ${String(sequence)}::bigint
        ORDER BY sequence DESC LIMIT 1) AS latest
      WHERE nonce IS NOT DISTINCT FROM ${nonce}::bigint))`;
}

/** Limits the length of cursors. With more transactions in flight, events can be delivered twice. */
const MOST_IN_FLIGHT = 40;

/**
 * In SQL, for `cursorAt`: the snapshot, and the latest transaction with events and its nonce. PostgreSQL can reuse the
 * ids of later transactions after a crash.
 */
export const SNAPSHOT = `pg_current_snapshot()::text || ':' || coalesce(
  (SELECT concat(transaction_id, ':', nonce) FROM events ORDER BY transaction_id DESC, sequence DESC LIMIT 1),
  (SELECT trimmed_transaction_id || ':' FROM event_log))`;

export function cursorAt(seen: string): LogCursor {
  const [oldest = '0', next, running = '', latest = '0', nonce] = seen.split(':');
  const transactionId = BigInt(latest);
  const position = endOfTransaction({ transactionId, nonce: nonce ? Number(nonce) : null });
  // A standby knows the oldest transaction in flight, but does not list them.
  if (running === '' && oldest !== next)
    return { ...position, horizon: BigInt(oldest) < transactionId ? BigInt(oldest) : null };
  const inFlight = running
    .split(',')
    .filter(Boolean)
    .map(BigInt)
    .filter((id) => id < transactionId);
  return {
    ...position,
    horizon: inFlight[0] ?? null,
    inFlight: inFlight.length > MOST_IN_FLIGHT ? undefined : inFlight,
  };
}

const epochs = new WeakMap<Database, Promise<string>>();

/** After an operator restored another log. */
export function rememberEpoch(db: Database, epoch: string): void {
  epochs.set(db, Promise.resolve(epoch));
}

function epochOf(db: Database): Promise<string> {
  const known = epochs.get(db);
  if (known) return known;
  const read = db.eventLog.findUniqueOrThrow({ where: { id: 1 } }).then(({ epoch }) => epoch);
  epochs.set(db, read);
  read.catch(() => epochs.delete(db));
  return read;
}

/** Thirteen digits hold 64 bits; parsing very long numbers takes minutes. */
const FORM =
  /^([0-9a-f]{8})\.([0-9a-z]{1,13})\.([0-9a-z]{1,13})(-[0-9a-z]{0,6})?(?:\.([0-9a-z]{1,13})(?:\.([0-9a-z-]{1,560}))?)?$/;
const OLD_FORM = /^[0-9a-z]+\.[0-9a-z]+$/;

export async function encodeCursor(
  db: Transaction | Database,
  position: LogPosition & Partial<LogCursor>,
): Promise<string> {
  return encodeCursorOf(await epochOf(databaseOf(db)), position);
}

export function encodeCursorOf(
  epoch: string,
  { transactionId, sequence, nonce, horizon = null, inFlight }: LogPosition & Partial<LogCursor>,
): string {
  const place = `${sequence.toString(36)}-${nonce?.toString(36) ?? ''}`;
  const parts = [epoch, transactionId.toString(36), place];
  if (horizon !== null && horizon < transactionId) {
    parts.push(horizon.toString(36));
    // Never empty, since it includes the horizon.
    if (inFlight) parts.push(inFlight.map((id) => (id - horizon).toString(36)).join('-'));
  }
  return Buffer.from(parts.join('.')).toString('base64url');
}

/** @throws CursorExpired for another epoch, or without a nonce; ValidationFailed if it is not a log cursor. */
export async function decodeCursor(db: Database, cursor: string): Promise<LogCursor> {
  const text = Buffer.from(cursor, 'base64url').toString();
  const [, epoch, transactionId, sequence, nonce, horizon, inFlight] = FORM.exec(text) ?? [];
  if (!transactionId || !sequence) {
    if (OLD_FORM.test(text)) throw new CursorExpired();
    throw new ValidationFailed('This is not a log cursor. Use the `cursor` of a payload.', {
      field: 'after',
    });
  }
  if (nonce === undefined || epoch !== (await epochOf(db))) throw new CursorExpired();
  const oldest = horizon === undefined ? null : fromBase36(horizon);
  return {
    transactionId: fromBase36(transactionId),
    sequence: fromBase36(sequence),
    nonce: nonce === '-' ? null : Number(fromBase36(nonce.slice(1))),
    horizon: oldest,
    inFlight: inFlight?.split('-').map((id) => fromBase36(id) + (oldest ?? 0n)),
  };
}

function fromBase36(digits: string): bigint {
  let value = 0n;
  for (const digit of digits) value = value * 36n + BigInt(Number.parseInt(digit, 36));
  return value < LAST_SEQUENCE ? value : LAST_SEQUENCE;
}
