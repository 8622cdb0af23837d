/**
 * What a failed database call means to the caller:
 * - `unique-violation`: the row exists already; `constraint` names the index
 * - `unavailable`: the database cannot be reached, takes no writes or is too busy; with `connectionLost` a COMMIT that was under way may have worked
 * - `retryable`: PostgreSQL undid the whole transaction and asks to run it again
 * - `invalid-text`: text that PostgreSQL cannot store, such as a NUL byte
 * - `other`: anything else, and anything that is no database failure at all
 */
export type FailureKind = 'unique-violation' | 'unavailable' | 'retryable' | 'invalid-text' | 'other';

export interface DatabaseFailure {
  kind: FailureKind;
  /** PostgreSQL's five characters, where it was PostgreSQL that refused. */
  sqlState?: string;
  /** The index or constraint that refused, as PostgreSQL names it. */
  constraint?: string;
  /** The connection broke or could not be opened, as opposed to none being free in the pool. */
  connectionLost: boolean;
  /** What makes it unavailable, where that is known and people should hear of it. */
  why?: 'busy' | 'own-share' | 'slow' | 'abandoned' | 'read-only' | 'disk-full';
}

/** Serialisation failure and deadlock. */
const RETRYABLE = new Set(['40001', '40P01']);
/** Bytes that are no valid UTF-8, a character that the encoding lacks, a NUL escape in JSON. */
const INVALID_TEXT = new Set(['22021', '22P05']);
const UNIQUE_VIOLATION = '23505';
export const DISK_FULL = '53100';
/** What people should hear of, by PostgreSQL's code: ended for taking too long; no room; a standby or made read-only. */
const CAUSES: Partial<Record<string, NonNullable<DatabaseFailure['why']>>> = {
  57014: 'slow',
  [DISK_FULL]: 'disk-full',
  25006: 'read-only',
};
/** Connection exceptions; shutting down, crashed, starting up, dropped, idle too long in a transaction or session; no such database. */
const CONNECTION_LOST = /^(08...|57P0[1-5]|25P03|3D000)$/;
/** Of the many things that its code 55000 can mean; and the database is away while a restore renames it. */
const CLOSED_WORDS = /^database ".*" is not currently accepting connections$/;
/** No connection, memory or disk left, or none that works; a statement or the wait for a lock took too long. */
const OVERLOADED = /^(53...|58030|57014|55P03)$/;
/** It lets this role in no more, or is a standby for the time being: for whoever runs it to mend. */
const CLOSED_TO_US = /^(28...|25006)$/;

const LOST_SOCKET = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
/** Prisma's names for the same, where it drops the cause: cannot reach, timed out, closed. */
const LOST_KINDS = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout']);
const LOST_PRISMA = new Set(['P1001', 'P1002', 'P1008', 'P1017']);
/** No connection free in the pool, or none in time for a transaction. */
const EXHAUSTED_PRISMA = new Set(['P2024', 'P2037']);
const TRANSACTION_API = 'P2028';

/** pg gives these no code, only words. */
const LOST_WORDS =
  /^(Connection terminated|timeout expired$|Query read timeout$|Client (was closed|has encountered a connection error))/;
/** The pool's own code: a person holds as many connections as one may. */
export const SHARE_TAKEN = 'SHARE_TAKEN';
/** The pool's own: nobody waits for the answer any more. */
export const ABANDONED_WORDS = 'the request was given up';
/** The pool's own. */
export const EXHAUSTED_WORDS = 'timeout exceeded when trying to connect';
const NOT_STARTED_WORDS = 'Unable to start a transaction in the given time';
const EXPIRED_WORDS = 'on an expired transaction';

/** Judges what a call to Prisma or pg has thrown, by SQLSTATE where there is one. */
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
  // PostgreSQL's own errors only: Prisma's codes have the same length and begin with P.
  if (!code || !/^[0-9A-Z]{5}$/.test(code) || /^P[1-6]\d{3}$/.test(code)) return undefined;
  return judgeSqlState(code, error);
}

function judgeSqlState(sqlState: string, error: Record<string, unknown>): DatabaseFailure {
  const lost = CONNECTION_LOST.test(sqlState);
  const constraint = constraintOf(error);
  const why = CAUSES[sqlState];
  const kind: FailureKind =
    lost || OVERLOADED.test(sqlState) || CLOSED_TO_US.test(sqlState)
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

/** pg has the name itself; the adapter wraps it. */
function constraintOf(error: Record<string, unknown>): string | undefined {
  const { constraint } = error;
  if (typeof constraint === 'string') return constraint;
  return isRecord(constraint) ? text(constraint['index']) : undefined;
}

/** The innermost first: Prisma wraps the adapter's error, which wraps what PostgreSQL said. */
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
