import { AsyncLocalStorage } from 'node:async_hooks';
import { onBehalfOfAll } from './requester.ts';
import { classify } from './failures.ts';

/** More than one, so that a statement that waits for a lock does not block the others. */
const MOST_RUNNING = 2;
const MOST_IN_ONE = 16;

interface Waiting<Item, Result> {
  item: Item;
  inContext: <T>(work: () => T) => T;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/** Combines items that arrive while a batch is running into the next one. A single item does not wait. */
export class Batcher<Item, Result> {
  readonly #work: (items: Item[]) => Promise<Result[]>;
  readonly #mostInOne: number;
  #waiting: Waiting<Item, Result>[] = [];
  #running = 0;
  #goesOn = false;

  /** @param work runs all items in one transaction, and returns one result per item, in order. */
  constructor(work: (items: Item[]) => Promise<Result[]>, mostInOne = MOST_IN_ONE) {
    this.#work = work;
    this.#mostInOne = mostInOne;
  }

  /** @throws the error of this item, or the error that made PostgreSQL unavailable. */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, inContext: AsyncLocalStorage.snapshot(), resolve, reject });
      this.#goOn();
    });
  }

  #goOn(): void {
    if (this.#goesOn) return;
    this.#goesOn = true;
    setImmediate(() => {
      this.#goesOn = false;
      this.#next();
    });
  }

  #next(): void {
    while (this.#running < MOST_RUNNING && this.#waiting.length > 0)
      void this.#make(this.#waiting.splice(0, this.#mostInOne));
  }

  async #make(some: Waiting<Item, Result>[]): Promise<void> {
    this.#running += 1;
    const [first] = some;
    try {
      const results = await first?.inContext(() =>
        onBehalfOfAll(() => this.#work(some.map(({ item }) => item))),
      );
      for (const [index, { resolve }] of some.entries()) resolve((results as Result[])[index] as Result);
    } catch (error) {
      await this.#failed(some, error);
    }
    this.#running -= 1;
    this.#goOn();
  }

  async #failed(some: Waiting<Item, Result>[], error: unknown): Promise<void> {
    if (classify(error).kind === 'unavailable') {
      // The items may have been committed, so they are not retried. Waiting items would fail too.
      for (const { reject } of [...some, ...this.#waiting.splice(0)]) reject(error);
    } else if (some.length === 1) {
      some[0]?.reject(error);
    } else {
      // One item made PostgreSQL reject the batch.
      await Promise.all(some.map((one) => this.#make([one])));
    }
  }
}
