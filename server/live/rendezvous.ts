/** Hands on one thing at a time: whoever has one waits until whoever asks for them has dealt with it. */
export class Rendezvous<Item> implements AsyncIterableIterator<Item, undefined> {
  readonly #onStop: () => void;
  #begin: ((rendezvous: Rendezvous<Item>) => void) | undefined;
  #asked: ((result: IteratorResult<Item, undefined>) => void) | undefined;
  #offered: { item: Item; settle: () => void } | undefined;
  /** What to call when the next one is asked for. */
  #settle: (() => void) | undefined;
  #isOver = false;

  /**
   * @param begin called when the first thing is asked for.
   * @param onStop called when nothing more will be.
   */
  constructor(begin: (rendezvous: Rendezvous<Item>) => void, onStop: () => void) {
    this.#begin = begin;
    this.#onStop = onStop;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Offers one thing at a time. Resolves when the next one is asked for, or none any more. */
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
