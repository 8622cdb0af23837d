/**
 * What a client asks for over a socket, from its asking on. The protocol's library knows it by its id alone, which the
 * client may give to something else as soon as it has left this: what is made for this one after that must never get
 * back to the library, which would take it for the other's, and end the other with it.
 */
export class SocketOperation implements AsyncIterableIterator<unknown, undefined> {
  #results: AsyncIterator<unknown> | undefined;
  #isLeft = false;

  /** Whether it gets more than one answer. */
  get isFollowed(): boolean {
    return this.#results !== undefined;
  }

  /** Hands on what was made for it; nothing, ever, where it was left meanwhile. */
  async unlessLeft<Made>(making: Made | Promise<Made>): Promise<Made> {
    const made = await making;
    return this.#isLeft ? new Promise<never>(() => undefined) : made;
  }

  /** Becomes the stream of its results where there is one, and hands on what there is instead where not. */
  async followed(subscribing: unknown): Promise<unknown> {
    const subscribed = await subscribing;
    if (!isStream(subscribed)) return this.unlessLeft(subscribed);
    this.#results = subscribed[Symbol.asyncIterator]();
    if (this.#isLeft) void this.#results.return?.();
    return this.unlessLeft(this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<unknown, undefined>> {
    const end = { done: true, value: undefined } as const;
    return this.unlessLeft(this.#results?.next() ?? end);
  }

  /** Called by the library when the client leaves it, or is gone; also while it is being prepared. */
  async return(): Promise<IteratorResult<unknown, undefined>> {
    this.#isLeft = true;
    await this.#results?.return?.();
    return { done: true, value: undefined };
  }
}

function isStream(thing: unknown): thing is AsyncIterable<unknown> {
  return typeof thing === 'object' && thing !== null && Symbol.asyncIterator in thing;
}
