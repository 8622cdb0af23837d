/** Passes one item at a time from a producer to a consumer, without a buffer. */
export class Rendezvous<Item> implements AsyncIterableIterator<Item, undefined> {
  readonly #onStop: () => void;
  #begin: ((rendezvous: Rendezvous<Item>) => void) | undefined;
  #asked: ((result: IteratorResult<Item, undefined>) => void) | undefined;
  #offered: { item: Item; settle: () => void } | undefined;
  #settle: (() => void) | undefined;
  #isOver = false;

  constructor(begin: (rendezvous: Rendezvous<Item>) => void, onStop: () => void) {
    this.#begin = begin;
    this.#onStop = onStop;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  take(item: Item): void | Promise<void> {
    if (this.#isOver) return;
    return new Promise((settle) => {
      this.#offered = { item, settle };
      this.#meet();
    });
  }

  end(): void {
    this.#isOver = true;
    this.#settle?.();
    this.#offered?.settle();
    this.#offered = undefined;
    this.#asked?.({ done: true, value: undefined });
    this.#asked = undefined;
  }

  next(): Promise<IteratorResult<Item, undefined>> {
    this.#settle?.();
    this.#settle = undefined;
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.#asked = resolve;
      const begin = this.#begin;
      this.#begin = undefined;
      begin?.(this);
      this.#meet();
    });
  }

  return(): Promise<IteratorResult<Item, undefined>> {
    this.#onStop();
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  #meet(): void {
    if (!this.#asked || !this.#offered) return;
    const { item, settle } = this.#offered;
    const asked = this.#asked;
    this.#offered = undefined;
    this.#asked = undefined;
    this.#settle = settle;
    asked({ done: false, value: item });
  }
}
