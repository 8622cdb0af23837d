import { setTimeout as sleep } from 'node:timers/promises';
import type { Prisma } from '../../prisma/generated/client/client.ts';
import type { Database } from './client.ts';
import { classify } from './failures.ts';

export type Transaction = Prisma.TransactionClient;

const databases = new WeakMap<object, Database>();
const listeners = new WeakMap<Database, () => void>();
const retries = new WeakMap<Database, Retries>();

type Retries = Record<'deadlock' | 'serialization' | 'connection', number>;

/** For a database, it returns the database itself. */
export function databaseOf(tx: Transaction | Database): Database {
  return databases.get(tx) ?? (tx as Database);
}

export function isTransaction(tx: Transaction | Database): boolean {
  return databases.has(tx);
}

/** Called after each commit of `inTransaction`. One listener per database. */
export function onCommit(db: Database, listener: () => void): void {
  listeners.set(db, listener);
}

/** Reports a commit made without `inTransaction`. */
export function committed(db: Database): void {
  listeners.get(db)?.();
}

export function retriesOf(db: Database): Retries {
  const counts = retries.get(db) ?? { deadlock: 0, serialization: 0, connection: 0 };
  retries.set(db, counts);
  return counts;
}

export interface TransactionOptions {
  isolationLevel?: Prisma.TransactionIsolationLevel;
}

const TRIES = 3;
const FIRST_PAUSE_MS = 20;
const LAST_TRY_WITHIN_MS = 2_000;

/** A database for functions that open a transaction of their own: they join this one, without a commit or retries. */
export function joined(tx: Transaction): Database {
  return tx as Database;
}

/**
 * Runs `work` in a transaction and returns its result after the commit. `work` must not have effects outside the
 * transaction, since it is retried after a serialization failure, a deadlock, or a connection lost before COMMIT: at
 * most three attempts, within two seconds.
 */
export async function inTransaction<T>(
  db: Database,
  work: (tx: Transaction) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  if (isTransaction(db)) return work(db);
  const began = performance.now();
  for (let tries = 1; ; tries += 1) {
    let mayBeCommitted = false;
    try {
      const result = await db.$transaction(async (tx) => {
        databases.set(tx, db);
        const done = await work(tx);
        mayBeCommitted = true;
        return done;
      }, options);
      committed(db);
      return result;
    } catch (error) {
      const { kind, connectionLost, sqlState } = classify(error);
      const isSafe = kind === 'retryable' || (connectionLost && !mayBeCommitted);
      const pause = pauseAfter(tries);
      const isLate = performance.now() + pause > began + LAST_TRY_WITHIN_MS;
      if (!isSafe || tries === TRIES || isLate) throw error;
      retriesOf(db)[reasonOf(sqlState)] += 1;
      await sleep(pause);
    }
  }
}

function reasonOf(sqlState: string | undefined): keyof Retries {
  if (sqlState === '40P01') return 'deadlock';
  return sqlState === '40001' ? 'serialization' : 'connection';
}

/** Doubles with each attempt, with jitter so that two conflicting transactions do not conflict again. */
function pauseAfter(tries: number): number {
  return FIRST_PAUSE_MS * 2 ** (tries - 1) * (0.5 + Math.random());
}
