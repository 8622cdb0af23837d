import { Prisma } from '../../prisma/generated/client/client.ts';
import { databaseOf, type Transaction } from '../database/transaction.ts';
import type { Database } from '../database/client.ts';
import { CursorExpired, ValidationFailed } from '../errors.ts';

/** A place in the log. Transaction ids come first, for a slow transaction may commit after a later sequence. */
export interface LogPosition {
  transactionId: bigint;
  sequence: bigint;
  /** Of the last event up to here, so that a position in a log that was lost is told from this one; null without one. */
  nonce: number | null;
}

/** What a client has read of the log. */
export interface LogCursor extends LogPosition {
  /**
   * Of this transaction and of later ones events may have been missing still when the mark was made, although they
   * stand before its position; null where none were.
   */
  horizon: bigint | null;
  /** Which of those were still under way, where that is known. */
  inFlight?: readonly bigint[] | undefined;
}

/** Which of two positions comes first, as a number to sort by. */
export function compare(a: LogPosition, b: LogPosition): number {
  const difference = a.transactionId - b.transactionId || a.sequence - b.sequence;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The position behind which everything that a mark does not cover lies. */
export function startOf(mark: LogCursor): LogPosition {
  const { transactionId, horizon } = mark;
  return horizon !== null && horizon < transactionId
    ? { transactionId: horizon, sequence: 0n, nonce: null }
    : mark;
}

/** Whether an event is news to whoever holds a mark. */
export function isAfter(event: LogPosition, mark: LogCursor): boolean {
  const { transactionId, sequence, horizon, inFlight } = mark;
  if (event.transactionId === transactionId) return event.sequence > sequence;
  if (event.transactionId > transactionId) return true;
  return (
    event.transactionId >= (horizon ?? transactionId) && (inFlight?.includes(event.transactionId) ?? true)
  );
}

/** Where the holder of a mark is who has read besides what is up to a position. */
export function advancedTo(position: LogPosition, mark: LogCursor): LogPosition & Partial<LogCursor> {
  if (compare(mark, position) <= 0) return position;
  if (mark.horizon === null) return mark;
  // Where it is not the end of its transaction, more of that may be to come.
  const firstOpen = position.transactionId + (position.sequence === LAST_SEQUENCE ? 1n : 0n);
  const inFlight = mark.inFlight?.filter((id) => id >= firstOpen);
  if (inFlight) return { ...mark, inFlight, horizon: inFlight[0] ?? null };
  return { ...mark, horizon: mark.horizon > firstOpen ? mark.horizon : firstOpen };
}

const LAST_SEQUENCE = 2n ** 63n - 1n;

/** Behind all events of a transaction, of which the given one is the last. */
export function endOfTransaction({ transactionId, nonce }: Omit<LogPosition, 'sequence'>): LogPosition {
  return { transactionId, sequence: LAST_SEQUENCE, nonce };
}

/** In SQL, on the table `event_log`: whether the log leads to a position. It does not say so of what was trimmed. */
export function leadsTo({ transactionId, sequence, nonce }: LogPosition): Prisma.Sql {
  return Prisma.sql`(
    trimmed_transaction_id >= ${String(transactionId)}::bigint OR EXISTS (
      SELECT FROM (
        SELECT nonce FROM events
        WHERE transaction_id = ${String(transactionId)}::bigint AND sequence <= ${String(sequence)}::bigint
        ORDER BY sequence DESC LIMIT 1) AS latest
      WHERE nonce IS NOT DISTINCT FROM ${nonce}::bigint))`;
}

/** More would make cursors too long; events of theirs may then come once more. */
const MOST_IN_FLIGHT = 40;

/**
 * In SQL, what a reader sees, for `cursorAt`: the snapshot, and the latest transaction with events in it, with the nonce
 * of its last one. Later ones had none, and after a crash PostgreSQL may give out their ids again.
 */
export const SNAPSHOT = `pg_current_snapshot()::text || ':' || coalesce(
  (SELECT concat(transaction_id, ':', nonce) FROM events ORDER BY transaction_id DESC, sequence DESC LIMIT 1),
  (SELECT trimmed_transaction_id || ':' FROM event_log))`;

/** Where a reader is who has read at a snapshot, as `SNAPSHOT` says it: everything else is news to them. */
export function cursorAt(seen: string): LogCursor {
  const [, , running = '', latest = '0', nonce] = seen.split(':');
  const transactionId = BigInt(latest);
  const inFlight = running
    .split(',')
    .filter(Boolean)
    .map(BigInt)
    .filter((id) => id < transactionId);
  return {
    ...endOfTransaction({ transactionId, nonce: nonce ? Number(nonce) : null }),
    horizon: inFlight[0] ?? null,
    inFlight: inFlight.length > MOST_IN_FLIGHT ? undefined : inFlight,
  };
}

const epochs = new WeakMap<Database, Promise<string>>();

/** Makes the cursors of a database those of this epoch: an operator may have restored another log into it. */
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

/** Thirteen digits hold 64 bits: to read numbers as long as a message takes minutes. */
const FORM =
  /^([0-9a-f]{8})\.([0-9a-z]{1,13})\.([0-9a-z]{1,13})(-[0-9a-z]{0,6})?(?:\.([0-9a-z]{1,13})(?:\.([0-9a-z-]{1,560}))?)?$/;
/** As cursors were before they had an epoch. */
const OLD_FORM = /^[0-9a-z]+\.[0-9a-z]+$/;

/** A position as clients keep it: opaque to them. */
export async function encodeCursor(
  db: Transaction | Database,
  position: LogPosition & Partial<LogCursor>,
): Promise<string> {
  return encodeCursorOf(await epochOf(databaseOf(db)), position);
}

/** The same where the log's epoch is at hand. */
export function encodeCursorOf(
  epoch: string,
  { transactionId, sequence, nonce, horizon = null, inFlight }: LogPosition & Partial<LogCursor>,
): string {
  const place = `${sequence.toString(36)}-${nonce?.toString(36) ?? ''}`;
  const parts = [epoch, transactionId.toString(36), place];
  if (horizon !== null && horizon < transactionId) {
    parts.push(horizon.toString(36));
    // Never empty: the horizon itself is one of them.
    if (inFlight) parts.push(inFlight.map((id) => (id - horizon).toString(36)).join('-'));
  }
  return Buffer.from(parts.join('.')).toString('base64url');
}

/**
 * Reads a cursor that a client gives back.
 * @throws CursorExpired where it is of another epoch, or from before there were nonces; ValidationFailed where it is no
 * cursor of a log.
 */
export async function decodeCursor(db: Database, cursor: string): Promise<LogCursor> {
  const text = Buffer.from(cursor, 'base64url').toString();
  const [, epoch, transactionId, sequence, nonce, horizon, inFlight] = FORM.exec(text) ?? [];
  if (!transactionId || !sequence) {
    if (OLD_FORM.test(text)) throw new CursorExpired();
    throw new ValidationFailed('This is no cursor of the log; take one that a payload’s `cursor` gave.', {
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

/** At most what PostgreSQL can compare. */
function fromBase36(digits: string): bigint {
  let value = 0n;
  for (const digit of digits) value = value * 36n + BigInt(Number.parseInt(digit, 36));
  return value < LAST_SEQUENCE ? value : LAST_SEQUENCE;
}
