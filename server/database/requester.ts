import { AsyncLocalStorage } from 'node:async_hooks';

/** The request that statements are run for, as far as the pool of connections has to know it. */
export interface Requester {
  /**
   * Whose share of the connections its statements take: a person's id, or an address where nobody has signed in.
   * Undefined while the credential is looked up, which is not limited.
   */
  share: string | undefined;
  /** Whether a statement of it has waited as long as it may; its next statements do not wait again. */
  waitedInVain: boolean;
  /** Transactions that it has open. Its statements outside of them do not wait in line, which the transaction would wait for. */
  transactions: number;
  /** Whether it only reads, so that its statements may be ended once its answer is of no use. */
  readsOnly: boolean;
  /** Whether its answer is given or no longer wanted: it gets no connection any more. */
  isAbandoned: boolean;
}

export function newRequester(): Requester {
  return { share: undefined, waitedInVain: false, transactions: 0, readsOnly: false, isAbandoned: false };
}

const forAll = new AsyncLocalStorage<boolean>();

/** Runs work that serves several callers: its statements take no one's share, and do not end with one of the requests. */
export function onBehalfOfAll<T>(work: () => T): T {
  return forAll.run(true, work);
}

export function isOnBehalfOfAll(): boolean {
  return forAll.getStore() === true;
}
