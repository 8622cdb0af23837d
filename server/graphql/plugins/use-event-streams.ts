import type { ServerResponse } from 'node:http';
import type { ExecutionResult } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';
import type { Context } from '../context.ts';
import { AnswerTooLong, RateLimited, TOO_MANY_CONNECTIONS } from '../../errors.ts';
import { isTooLong, type Connection, type Connections } from '../../live/connections.ts';
import { toCodedError } from '../mask-errors.ts';

const RETRY_AFTER_SECONDS = 10;

/** A result with its JSON; Yoga sends what `stringify` returns. */
type Serialized = ExecutionResult & { stringify?: () => string };

/** Applies the limits of WebSockets to event streams, and ends them when the connection closes. */
export function useEventStreams(connections: Connections): Plugin<Context & { res?: ServerResponse }> {
  return {
    onSubscribe: ({ args }) => ({
      onSubscribeResult({ result, setResult }) {
        const { contextValue: context } = args;
        const { res: response } = context;
        if (!response || !isAsyncIterable(result)) return;
        const results = (result as AsyncIterable<ExecutionResult>)[Symbol.asyncIterator]();
        const connection = connections.ofPerson(context.person.userId, () => response.destroy());
        if (!connection) {
          void results.return?.();
          setResult({ errors: [toCodedError(new RateLimited(TOO_MANY_CONNECTIONS, RETRY_AFTER_SECONDS))] });
          return;
        }
        const end = () => {
          connection.close();
          void results.return?.();
        };
        if (response.closed) end();
        else response.once('close', end);
        setResult(new EventStream(results, response, connection));
      },
    }),
  };
}

/** Yoga requests the next payload once the previous one is written to the response. */
class EventStream implements AsyncIterableIterator<Serialized> {
  readonly #results: AsyncIterator<ExecutionResult>;
  readonly #response: ServerResponse;
  readonly #connection: Connection;

  constructor(results: AsyncIterator<ExecutionResult>, response: ServerResponse, connection: Connection) {
    this.#results = results;
    this.#response = response;
    this.#connection = connection;
    response.on('drain', this.#count);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Serialized>> {
    setImmediate(this.#count);
    const next = await this.#results.next();
    if (next.done) return next;
    const result = next.value as Serialized;
    const text = result.stringify?.() ?? JSON.stringify(result);
    if (isTooLong(text)) return { done: false, value: { errors: [toCodedError(new AnswerTooLong())] } };
    this.#connection.unsent = this.#response.writableLength + Buffer.byteLength(text);
    return { done: false, value: result.errors ? result : { ...result, stringify: () => text } };
  }

  async return(): Promise<IteratorResult<Serialized>> {
    await this.#results.return?.();
    return { done: true, value: undefined };
  }

  readonly #count = () => {
    this.#connection.unsent = this.#response.writableLength;
  };
}
