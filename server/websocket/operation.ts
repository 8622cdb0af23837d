import { getOperationAST, OperationTypeNode, type ExecutionArgs } from 'graphql';
import { Job, type FairQueue } from '../live/fair-queue.ts';

/**
 * One operation on a socket. The protocol library identifies operations by the client's id, which the client can
 * reuse after `complete`. Results of a completed operation must not reach the library, which would deliver them to
 * the new operation with that id.
 */
export class SocketOperation implements AsyncIterableIterator<unknown, undefined> {
  #results: AsyncIterator<unknown> | undefined;
  #isLeft = false;
  #onLeft: (() => void) | undefined;

  get isFollowed(): boolean {
    return this.#results !== undefined;
  }

  /** Never settles if the operation was completed in the meantime. */
  async unlessLeft<Made>(making: Made | Promise<Made>): Promise<Made> {
    const made = await making;
    return this.#isLeft ? new Promise<never>(() => undefined) : made;
  }

  /** Runs in the person's turn. A query that was completed in the meantime never does. */
  async inTurn(queue: FairQueue, userId: string, args: ExecutionArgs, execute: Execute): Promise<unknown> {
    const job = new Job(() => Promise.resolve(execute(args)));
    if (getOperationAST(args.document, args.operationName)?.operation === OperationTypeNode.QUERY) {
      if (this.#isLeft) return this.unlessLeft(undefined);
      this.#onLeft = () => {
        queue.leave(userId, job);
      };
    }
    return this.unlessLeft(queue.join(userId, job));
  }

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

  /** Called when the client completes the operation or disconnects, possibly before it started. */
  async return(): Promise<IteratorResult<unknown, undefined>> {
    this.#isLeft = true;
    this.#onLeft?.();
    await this.#results?.return?.();
    return { done: true, value: undefined };
  }
}

type Execute = (args: ExecutionArgs) => unknown;

function isStream(thing: unknown): thing is AsyncIterable<unknown> {
  return typeof thing === 'object' && thing !== null && Symbol.asyncIterator in thing;
}
