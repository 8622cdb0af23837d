import { AsyncLocalStorage } from 'node:async_hooks';
import { onBehalfOfAll } from './requester.ts';
import { classify } from './failures.ts';

/** More than one, so that what waits for a lock in PostgreSQL does not hold everything else up. */
const MOST_RUNNING = 2;
const MOST_IN_ONE = 16;

interface Waiting<Item, Result> {
  item: Item;
  /** Runs something as a part of the request that it belongs to. */
  inItsRequest: <T>(work: () => T) => T;
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
}

/**
 * What comes of one kind while other such work is under way waits for that, and is then done in one statement: the busier
 * the server, the less each costs. What comes alone waits for nothing.
 */
export class Batcher<Item, Result> {
  readonly #work: (items: Item[]) => Promise<Result[]>;
  readonly #mostInOne: number;
  #waiting: Waiting<Item, Result>[] = [];
  #running = 0;
  #goesOn = false;

  /**
   * @param work does it for all of some items or for none of them, in one transaction; a result for each, in their order.
   * @param mostInOne how many items one call of `work` gets at most.
   */
  constructor(work: (items: Item[]) => Promise<Result[]>, mostInOne = MOST_IN_ONE) {
    this.#work = work;
    this.#mostInOne = mostInOne;
  }

  /** @throws what the work for this item alone throws, or whatever made PostgreSQL unavailable to all that waited. */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, inItsRequest: AsyncLocalStorage.snapshot(), resolve, reject });
      this.#goOn();
    });
  }

  /** Once those have come who are being read, or answered, right now. */
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
      const results = await first?.inItsRequest(() =>
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
      // Perhaps they were made, so nothing is tried again; and those behind them would wait for the same in vain.
      for (const { reject } of [...some, ...this.#waiting.splice(0)]) reject(error);
    } else if (some.length === 1) {
      some[0]?.reject(error);
    } else {
      // PostgreSQL has refused them for the sake of one.
      await Promise.all(some.map((one) => this.#make([one])));
    }
  }
}
