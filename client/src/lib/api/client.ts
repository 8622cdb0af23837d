import {
  cacheExchange,
  Client,
  fetchExchange,
  makeOperation,
  mapExchange,
  subscriptionExchange,
} from '@urql/core';
import { createClient as createSocket, type Client as SocketClient } from 'graphql-ws/client';
import type { Connection } from './connection.svelte.ts';
import { isCoded, isUnreachable } from './failure.ts';
import { fetchWithTimeout } from './sse-timeout.ts';

interface Listeners {
  connection: Connection;
  /**
   * Called on UNAUTHENTICATED, except for operations with `signedOutExpected`; `hadSession` is true if an earlier
   * operation succeeded.
   */
  onSignedOut: (hadSession: boolean) => void;
  /** Called when another person has signed in on this browser. */
  onViewerChanged: () => void;
}

/** Context of operations for which UNAUTHENTICATED does not mean the end of a session. */
export const signedOutExpected = { signedOutExpected: true } as const;

/** Context of mutations that end the session: the UNAUTHENTICATED errors that follow are expected. */
export const endsSession = { endsSession: true } as const;

const path = '/graphql';

/** Streams do not pass through the service worker. */
const streamPath = `${path}?stream`;

/** Sends the page's viewer: the server refuses the request if another tab has signed in as someone else. */
const viewerHeader = 'taskwire-viewer';

/** When the service worker kept an answer, with which it answers if the server cannot be reached. */
const keptAtHeader = 'taskwire-kept-at';

/**
 * The GraphQL client, with a document cache: a mutation that returns a Task reruns every query that shows tasks, so the
 * browser never computes numbers or lists itself. Subscriptions use the WebSocket, or server-sent events with
 * `fetchSubscriptions` in their context.
 */
export function createClient({ connection, onSignedOut, onViewerChanged }: Listeners): Client {
  let hadSession = false;
  let viewerId: string | undefined;
  let isEnding = false;
  let isOver = false;
  const listen = openSocket(() => viewerId);
  return new Client({
    url: path,
    async fetch(input, init) {
      const response = await fetchWithTimeout(input, init);
      const keptAt = response.headers.get(keptAtHeader);
      connection.keptAt = keptAt ?? undefined;
      return response;
    },
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
            // LiveConnection handles failed subscriptions.
            if (!isSubscription) connection.reportUnreachable();
            return;
          }
          if (!isSubscription && connection.keptAt !== undefined) connection.reportUnreachable();
          else if (!isSubscription) connection.reportReachable();
          if (!error) hadSession = true;
          viewerId ??= (data as { viewer?: { id?: string } } | undefined)?.viewer?.id;
          if (error && isCoded(error, 'VIEWER_CHANGED')) {
            if (!isOver) onViewerChanged();
            isOver = true;
            return;
          }
          const isExpected = isEnding || operation.context['signedOutExpected'] === true;
          if (error && isCoded(error, 'UNAUTHENTICATED') && !isExpected) onSignedOut(hadSession);
        },
      }),
      cacheExchange,
      mapExchange({
        onOperation(operation) {
          const { kind, key, context } = operation;
          if (kind === 'mutation') connection.ownChanges.begin(key);
          // A mutation can be given up before its response.
          else if (kind === 'teardown') connection.ownChanges.end(key);
          return kind === 'subscription'
            ? makeOperation(kind, operation, { ...context, url: streamPath })
            : undefined;
        },
        onResult(result) {
          const { operation, error } = result;
          const data: unknown = result.data;
          if (operation.kind !== 'mutation') return undefined;
          connection.ownChanges.end(
            operation.key,
            payloadsIn(data ?? {}).flatMap(({ cursor }) => cursor ?? []),
          );
          // Only for queries that are under way: the cache then runs them again.
          if (!error) connection.supersedeAll();
          return { ...result, data: withoutMentions(data) };
        },
      }),
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

type Payload = Readonly<Record<string, unknown>> & { cursor?: string };

function payloadsIn(data: unknown): Payload[] {
  return Object.values(data as Record<string, Payload | string | null>).filter(
    (payload) => typeof payload === 'object' && payload !== null,
  );
}

/**
 * Keeps the types of the changed objects only, by which the cache finds the queries to rerun: a changed task mentions its
 * owner and its team, which have not changed.
 */
function withoutMentions(data: unknown, depth = 0): unknown {
  if (Array.isArray(data)) return data.map((item) => withoutMentions(item, depth));
  if (typeof data !== 'object' || data === null) return data;
  const fields = Object.entries(data).filter(([name]) => depth < 3 || name !== '__typename');
  return Object.fromEntries(fields.map(([name, value]) => [name, withoutMentions(value, depth + 1)]));
}

const pingEvery = 25_000;
const pongWithin = 5_000;

/**
 * Returns a function that subscribes over a shared WebSocket, which is open while there are subscriptions. It does not
 * reconnect. It is closed when a ping gets no answer, or when the last subscription ends before it has opened.
 */
function openSocket(viewerId: () => string | undefined): SocketClient['subscribe'] {
  let isOpen = false;
  let pongTimer: ReturnType<typeof setTimeout>;
  const socket = createSocket({
    url: () => new URL(path, location.href).href.replace(/^http/, 'ws'),
    connectionParams: () => ({ [viewerHeader]: viewerId() }),
    retryAttempts: 0,
    keepAlive: pingEvery,
    on: {
      ping(isReceived) {
        if (!isReceived) pongTimer = setTimeout(() => socket.terminate(), pongWithin);
      },
      pong(isReceived) {
        if (isReceived) clearTimeout(pongTimer);
      },
      connected: () => (isOpen = true),
      closed() {
        isOpen = false;
        clearTimeout(pongTimer);
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
