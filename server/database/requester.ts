import { AsyncLocalStorage } from 'node:async_hooks';

export interface Requester {
  /** A person's id, or an address. Undefined during authentication, which is not limited. */
  share: string | undefined;
  waitedInVain: boolean;
  /** Open transactions. Its other statements do not queue, since the transaction would wait for them. */
  transactions: number;
  readsOnly: boolean;
  isAbandoned: boolean;
  /** Whether its reads can go to the replica; undefined until the first one after its rights were read. */
  isReplicaCurrent: Promise<boolean> | undefined;
}

export function newRequester(): Requester {
  return {
    share: undefined,
    waitedInVain: false,
    transactions: 0,
    readsOnly: false,
    isAbandoned: false,
    isReplicaCurrent: undefined,
  };
}

const forAll = new AsyncLocalStorage<boolean>();

/** Runs work shared by several requests: not limited, and not cancelled with one of them. */
export function onBehalfOfAll<T>(work: () => T): T {
  return forAll.run(true, work);
}

export function isOnBehalfOfAll(): boolean {
  return forAll.getStore() === true;
}
