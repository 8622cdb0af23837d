/**
 * The kinds of database failures:
 * - `unique-violation`: the row exists; `constraint` is the index
 * - `unavailable`: not reachable, read-only or overloaded; with `connectionLost`, a pending COMMIT may have succeeded
 * - `retryable`: PostgreSQL rolled the transaction back, and it can be retried
 * - `invalid-text`: text that PostgreSQL cannot store, such as a NUL byte
 * - `other`: anything else
 */
export type FailureKind = 'unique-violation' | 'unavailable' | 'retryable' | 'invalid-text' | 'other';

export interface DatabaseFailure {
  kind: FailureKind;
  sqlState?: string;
  constraint?: string;
  /** The connection broke or could not be opened; false if the pool has no free connection. */
  connectionLost: boolean;
  why?: 'busy' | 'own-share' | 'slow' | 'abandoned' | 'read-only' | 'disk-full';
}

const RETRYABLE = new Set(['40001', '40P01']);
/** Invalid UTF-8, a character missing in the encoding, a NUL escape in JSON. */
const INVALID_TEXT = new Set(['22021', '22P05']);
const UNIQUE_VIOLATION = '23505';
export const DISK_FULL = '53100';
const CAUSES: Partial<Record<string, NonNullable<DatabaseFailure['why']>>> = {
  57014: 'slow',
  [DISK_FULL]: 'disk-full',
  25006: 'read-only',
};
/** Connection exceptions; shutdown, crash, startup, dropped database, idle timeouts; unknown database. */
const CONNECTION_LOST = /^(08...|57P0[1-5]|25P03|3D000)$/;
/** One of many meanings of 55000. The database is not available while a restore renames it. */
const CLOSED_WORDS = /^database ".*" is not currently accepting connections$/;
/** Out of connections, memory or disk; I/O error; statement or lock timeout. */
const OVERLOADED = /^(53...|58030|57014|55P03)$/;
/** The role cannot connect, or the server is a standby. */
const REJECTED = /^(28...|25006)$/;

/** None of several servers accepts writes, such as during a failover. */
export const NO_PRIMARY = 'NO_PRIMARY';
const LOST_SOCKET = new Set([
  NO_PRIMARY,
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
const LOST_KINDS = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout']);
const LOST_PRISMA = new Set(['P1001', 'P1002', 'P1008', 'P1017']);
const EXHAUSTED_PRISMA = new Set(['P2024', 'P2037']);
const TRANSACTION_API = 'P2028';

const LOST_WORDS =
  /^(Connection terminated|timeout expired$|Query read timeout$|Client (was closed|has encountered a connection error))/;
/** Thrown by the pool: the person uses all connections they may use. */
export const SHARE_TAKEN = 'SHARE_TAKEN';
export const ABANDONED_WORDS = 'the request was cancelled';
export const EXHAUSTED_WORDS = 'timeout exceeded when trying to connect';
const NOT_STARTED_WORDS = 'Unable to start a transaction in the given time';
const EXPIRED_WORDS = 'on an expired transaction';

/** Classifies an error of Prisma or pg, by SQLSTATE if there is one. */
export function classify(thrown: unknown): DatabaseFailure {
  for (const error of chain(thrown)) {
    const failure = judge(error);
    if (failure) return failure;
  }
  return { kind: 'other', connectionLost: false };
}

function judge(error: Record<string, unknown>): DatabaseFailure | undefined {
  const code = text(error['originalCode']) ?? text(error['code']);
  const message = text(error['message']) ?? '';
  const kind = text(error['kind']);
  if (
    (code && (LOST_SOCKET.has(code) || LOST_PRISMA.has(code))) ||
    (kind && LOST_KINDS.has(kind)) ||
    LOST_WORDS.test(message) ||
    CLOSED_WORDS.test(text(error['originalMessage']) ?? message)
  ) {
    return { kind: 'unavailable', connectionLost: true };
  }
  if (code === SHARE_TAKEN) return { kind: 'unavailable', connectionLost: false, why: 'own-share' };
  if (message === ABANDONED_WORDS || error['originalMessage'] === ABANDONED_WORDS)
    return { kind: 'unavailable', connectionLost: false, why: 'abandoned' };
  if (message === EXHAUSTED_WORDS || (code && EXHAUSTED_PRISMA.has(code))) {
    return { kind: 'unavailable', connectionLost: false, why: 'busy' };
  }
  if (code === TRANSACTION_API && message.includes(NOT_STARTED_WORDS)) {
    return { kind: 'unavailable', connectionLost: false, why: 'busy' };
  }
  if (code === TRANSACTION_API && message.includes(EXPIRED_WORDS)) {
    return { kind: 'unavailable', connectionLost: false, why: 'slow' };
  }
  // Prisma's codes have the same length and start with P.
  if (!code || !/^[0-9A-Z]{5}$/.test(code) || /^P[1-6]\d{3}$/.test(code)) return undefined;
  return judgeSqlState(code, error);
}

function judgeSqlState(sqlState: string, error: Record<string, unknown>): DatabaseFailure {
  const lost = CONNECTION_LOST.test(sqlState);
  const constraint = constraintOf(error);
  const why = CAUSES[sqlState];
  const kind: FailureKind =
    lost || OVERLOADED.test(sqlState) || REJECTED.test(sqlState)
      ? 'unavailable'
      : RETRYABLE.has(sqlState)
        ? 'retryable'
        : INVALID_TEXT.has(sqlState)
          ? 'invalid-text'
          : sqlState === UNIQUE_VIOLATION
            ? 'unique-violation'
            : 'other';
  return {
    kind,
    sqlState,
    connectionLost: lost,
    ...(constraint === undefined ? {} : { constraint }),
    ...(why ? { why } : {}),
  };
}

function constraintOf(error: Record<string, unknown>): string | undefined {
  const { constraint } = error;
  if (typeof constraint === 'string') return constraint;
  return isRecord(constraint) ? text(constraint['index']) : undefined;
}

function chain(thrown: unknown): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = [];
  const visit = (value: unknown) => {
    if (!isRecord(value) || found.includes(value)) return;
    found.push(value);
    visit(value['cause']);
    visit(isRecord(value['meta']) ? value['meta']['driverAdapterError'] : undefined);
  };
  visit(thrown);
  return found.reverse();
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
