import type { ServerResponse } from 'node:http';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';

/**
 * Ends a subscription with the connection that its events are sent over. Yoga does so only once it has begun to send:
 * the subscription of a client that leaves sooner would be kept forever.
 */
export function abandonedStreams(): Plugin<{ res?: ServerResponse }> {
  return {
    onSubscribe: ({ args }) => ({
      onSubscribeResult({ result }) {
        const { res: response } = args.contextValue;
        if (!response || !isAsyncIterable(result)) return;
        const end = () => void result[Symbol.asyncIterator]().return?.();
        if (response.closed) end();
        else response.once('close', end);
      },
    }),
  };
}
