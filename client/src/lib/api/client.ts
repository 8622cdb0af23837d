import { cacheExchange, Client, fetchExchange, mapExchange, subscriptionExchange } from '@urql/core';
import { createClient as createSocket, type Client as SocketClient } from 'graphql-ws/client';
import type { Connection } from './connection.svelte.ts';
import { isCoded, isUnreachable } from './failure.ts';
import { fetchWithTimeout } from './sse-timeout.ts';

interface Listeners {
  connection: Connection;
  /**
   * Called when an answer says that nobody is signed in, except to an operation that expects it; `hadSession` tells
   * whether this client was answered as somebody before.
   */
  onSignedOut: (hadSession: boolean) => void;
  /** Called when this browser is signed in as another person than the one that this client has read. */
  onViewerChanged: () => void;
}

/** The context of an operation for which "nobody is signed in" is an answer, not the end of a session. */
export const strangerExpected = { strangerExpected: true } as const;

/** The context of a mutation that ends the session: what ends with it says so too, and is not to be taken for a surprise. */
export const endsSession = { endsSession: true } as const;

const path = '/graphql';

/** Names the person that the page shows: the server refuses to act for another one, whose cookie another tab may have set. */
const viewerHeader = 'taskwire-viewer';

/**
 * The one GraphQL client. The document cache is enough here: a mutation that answers a Task makes every query that
 * shows tasks ask again, so numbers and lists come from the server and are never computed a second time in the browser.
 * A subscription goes over the WebSocket, or with `fetchSubscriptions` in its context as server-sent events.
 */
export function createClient({ connection, onSignedOut, onViewerChanged }: Listeners): Client {
  let hadSession = false;
  let viewerId: string | undefined;
  let isEnding = false;
  let isOver = false;
  const listen = openSocket(() => viewerId);
  return new Client({
    url: path,
    fetch: fetchWithTimeout,
    preferGetMethod: false,
    fetchOptions: () => ({
      credentials: 'same-origin',
      ...(viewerId === undefined ? {} : { headers: { [viewerHeader]: viewerId } }),
    }),
    requestPolicy: 'cache-and-network',
    exchanges: [
      mapExchange({
        onOperation({ context }) {
          if (context['endsSession'] === true) isEnding = true;
        },
        onResult({ data, error, operation }) {
          if (operation.context['endsSession'] === true && error) isEnding = false;
          const isSubscription = operation.kind === 'subscription';
          if (error && isUnreachable(error)) {
            // Which way a subscription takes next is the line's own business.
            if (!isSubscription) connection.lost();
            return;
          }
          if (!isSubscription) connection.found();
          if (operation.kind === 'mutation' && !error) connection.overtakeAll();
          if (!error) hadSession = true;
          viewerId ??= (data as { viewer?: { id?: string } } | undefined)?.viewer?.id;
          if (error && isCoded(error, 'VIEWER_CHANGED')) {
            if (!isOver) onViewerChanged();
            isOver = true;
            return;
          }
          const isExpected = isEnding || operation.context['strangerExpected'] === true;
          if (error && isCoded(error, 'UNAUTHENTICATED') && !isExpected) onSignedOut(hadSession);
        },
      }),
      cacheExchange,
      subscriptionExchange({
        isSubscriptionOperation: ({ kind, context }) =>
          kind === 'subscription' && !context.fetchSubscriptions,
        forwardSubscription: ({ query, variables = {} }) => ({
          subscribe: (sink) => ({
            unsubscribe: listen({ query: query ?? '', variables }, sink),
          }),
        }),
      }),
      fetchExchange,
    ],
  });
}

const pingEvery = 25_000;
const pongWithin = 5_000;

/**
 * A WebSocket for as long as somebody listens: the answer listens, and its answer ends that. It never tries again by
 * itself, and is given up when it does not answer a ping, or when nobody waits any longer for it to open.
 */
function openSocket(viewerId: () => string | undefined): SocketClient['subscribe'] {
  let isOpen = false;
  let silence: ReturnType<typeof setTimeout>;
  const socket = createSocket({
    url: () => new URL(path, location.href).href.replace(/^http/, 'ws'),
    connectionParams: () => ({ [viewerHeader]: viewerId() }),
    retryAttempts: 0,
    keepAlive: pingEvery,
    on: {
      ping(isReceived) {
        if (!isReceived) silence = setTimeout(() => socket.terminate(), pongWithin);
      },
      pong(isReceived) {
        if (isReceived) clearTimeout(silence);
      },
      connected: () => (isOpen = true),
      closed() {
        isOpen = false;
        clearTimeout(silence);
      },
    },
  });
  return (payload, sink) => {
    const release = socket.subscribe(payload, sink);
    return () => {
      release();
      if (!isOpen) socket.terminate();
    };
  };
}
