import { setTimeout as sleep } from 'node:timers/promises';
import {
  createMcpHandler,
  ProtocolError,
  ProtocolErrorCode,
  type McpServer,
  type ServerEventBus,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { BadUserInput } from '../errors.ts';
import type { Results } from '../graphql/prepare-operation.ts';
import type { Operations } from './operations.ts';
import { requireReadable, subscriptionFor } from './resources.ts';

/** Changes of a resource within this time are one notification. */
const AT_MOST_EVERY_MS = 250;
const KEEP_ALIVE_MS = 15_000;
/** Each is a subscription, of which a person may have a limited number. */
const MOST_RESOURCES = 20;

const LISTEN = z.object({
  method: z.literal('subscriptions/listen'),
  params: z.object({ notifications: z.object({ resourceSubscriptions: z.array(z.string()).optional() }) }),
});

export function isListen(message: object): boolean {
  return 'method' in message && message.method === 'subscriptions/listen';
}

interface Exchange {
  request: Request;
  message: object;
  operations: Operations;
  createServer: () => McpServer;
  /** Resolves when the client has taken what was sent. */
  isSent: () => Promise<unknown>;
}

/**
 * Answers `subscriptions/listen` with a stream that names each resource that changed, fed by the log. It ends when the
 * client leaves, and when the token ends.
 */
export async function listen(exchange: Exchange): Promise<Response> {
  try {
    return await streamOf(exchange);
  } catch (error) {
    return Response.json({
      jsonrpc: '2.0',
      id: (exchange.message as { id?: unknown }).id ?? null,
      error: errorOf(error, exchange.operations),
    });
  }
}

function errorOf(error: unknown, operations: Operations): object {
  if (error instanceof ProtocolError) return { code: error.code, message: error.message };
  const { code, message, details } = operations.refused(error);
  return { code: ProtocolErrorCode.InvalidParams, message, data: { code, ...details } };
}

async function streamOf(exchange: Exchange): Promise<Response> {
  const { request, message, operations, createServer, isSent } = exchange;
  const uris = [...new Set(LISTEN.safeParse(message).data?.params.notifications.resourceSubscriptions)];
  if (uris.length > MOST_RESOURCES)
    throw new BadUserInput(`A stream can follow at most ${MOST_RESOURCES} resources.`);
  await requireReadable(uris, operations);
  const changes = new Changes(isSent);
  const streams = await Promise.allSettled(
    uris.map(async (uri) => {
      const { query, variables } = subscriptionFor(uri);
      return { uri, results: await operations.subscribe(query, variables) };
    }),
  );
  const open = streams.flatMap((stream) => (stream.status === 'fulfilled' ? [stream.value] : []));
  const end = () => {
    for (const { results } of open) void results.return?.();
  };
  const failed = streams.find((stream) => stream.status === 'rejected');
  if (failed) {
    end();
    throw failed.reason;
  }
  const { fetch, close } = createMcpHandler(createServer, { bus: changes.bus, keepAliveMs: KEEP_ALIVE_MS });
  const response = await fetch(request, { parsedBody: onlyFor(uris, message) });
  // The router only subscribes if it accepts the message.
  if (!changes.isFollowed) {
    end();
    return response;
  }
  changes.onUnfollowed(end);
  for (const { uri, results } of open) {
    void follow(results, () => {
      changes.add(uri);
    }).finally(() => void close());
  }
  return response;
}

/** Lists of tools, prompts and resources are the same for as long as the server runs, so no one waits for changes. */
function onlyFor(resourceSubscriptions: string[], message: object): object {
  const { success } = LISTEN.safeParse(message);
  if (!success) return message;
  const { params } = message as { params: object };
  return { ...message, params: { ...params, notifications: { resourceSubscriptions } } };
}

async function follow(results: Results, onChange: () => void): Promise<void> {
  for await (const { data, errors } of results) {
    // The token has ended, the server stops, or the client can no longer catch up.
    if (errors) return;
    // Other payloads only advance the position.
    if ((data as unknown as { events: { event: object | null } }).events.event) onChange();
  }
}

/** Changed resources that the client was not notified about. Holds each once, also for a client that does not read. */
class Changes {
  readonly #isSent: () => Promise<unknown>;
  readonly #waiting = new Set<string>();
  #isBusy = false;
  #listener: Parameters<ServerEventBus['subscribe']>[0] | undefined;
  #end: () => void = () => undefined;

  readonly bus: ServerEventBus = {
    publish: () => undefined,
    subscribe: (listener) => {
      this.#listener = listener;
      return () => {
        this.#listener = undefined;
        this.#end();
      };
    },
  };

  constructor(isSent: () => Promise<unknown>) {
    this.#isSent = isSent;
  }

  get isFollowed(): boolean {
    return this.#listener !== undefined;
  }

  onUnfollowed(end: () => void): void {
    this.#end = end;
  }

  add(uri: string): void {
    this.#waiting.add(uri);
    if (!this.#isBusy) void this.#send();
  }

  async #send(): Promise<void> {
    this.#isBusy = true;
    while (this.#listener && this.#waiting.size > 0) {
      const uris = [...this.#waiting];
      this.#waiting.clear();
      for (const uri of uris) this.#listener({ kind: 'resource_updated', uri });
      await sleep(AT_MOST_EVERY_MS);
      await this.#isSent();
    }
    this.#isBusy = false;
  }
}
