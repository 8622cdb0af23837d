/** What waits for one reader: so much and no more, whoever puts it there never waits. */
export class Mailbox<Item> {
  readonly #most: number;
  #items: Item[] = [];
  #next = 0;
  #ended: { failure: Error | null } | undefined;
  /** Whoever waits for the next item, and is handed it where it comes. */
  #reader: { resolve: (item: Item | undefined) => void; reject: (failure: Error) => void } | undefined;

  constructor(most: number) {
    this.#most = most;
  }

  /** @returns false where it is full, and the item was not taken in. */
  put(item: Item): boolean {
    if (this.#ended) return true;
    if (this.#reader) {
      const { resolve } = this.#reader;
      this.#reader = undefined;
      resolve(item);
      return true;
    }
    if (this.#items.length - this.#next >= this.#most) return false;
    this.#items.push(item);
    return true;
  }

  /** Lets go of what waits. The reader gets the failure where there is one, or else the end. */
  end(failure: Error | null = null): void {
    if (this.#ended) return;
    this.#ended = { failure };
    this.#items = [];
    this.#next = 0;
    if (failure) this.#reader?.reject(failure);
    else this.#reader?.resolve(undefined);
    this.#reader = undefined;
  }

  /**
   * The next item, as soon as there is one; undefined after the end. One reader waits at a time.
   * @throws the failure that ended it.
   */
  take(): Item | undefined | Promise<Item | undefined> {
    if (this.#next === this.#items.length) {
      if (this.#ended?.failure) throw this.#ended.failure;
      if (this.#ended) return undefined;
      return new Promise((resolve, reject) => (this.#reader = { resolve, reject }));
    }
    const item = this.#items[this.#next];
    this.#next += 1;
    if (this.#next === this.#items.length) {
      this.#items = [];
      this.#next = 0;
    }
    return item;
  }
}
