import { setTimeout as sleep } from 'node:timers/promises';
import type { Prisma } from '../../prisma/generated/client/client.ts';
import type { Database } from './client.ts';
import { classify } from './failures.ts';

export type Transaction = Prisma.TransactionClient;

export interface TransactionOptions {
  /** Defaults to the database's, READ COMMITTED. */
  isolationLevel?: Prisma.TransactionIsolationLevel;
}

const TRIES = 3;
const FIRST_PAUSE_MS = 20;

/**
 * Runs `work` in one transaction and returns its result once that is committed. `work` must do nothing that
 * cannot be undone outside of the transaction, since it runs again, at most three times in all, after a
 * serialisation failure, a deadlock, or a connection that broke before COMMIT was sent.
 */
export async function inTransaction<T>(
  db: Database,
  work: (tx: Transaction) => Promise<T>,
  options: TransactionOptions = {},
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    let mayBeCommitted = false;
    try {
      return await db.$transaction(async (tx) => {
        const result = await work(tx);
        mayBeCommitted = true;
        return result;
      }, options);
    } catch (error) {
      const { kind, connectionLost } = classify(error);
      const isSafe = kind === 'retryable' || (connectionLost && !mayBeCommitted);
      if (!isSafe || tries === TRIES) throw error;
      await sleep(pauseAfter(tries));
    }
  }
}

/** Doubles with each try; the jitter keeps two that collided from colliding again. */
function pauseAfter(tries: number): number {
  return FIRST_PAUSE_MS * 2 ** (tries - 1) * (0.5 + Math.random());
}
