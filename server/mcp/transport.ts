import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { OauthResource } from '../../prisma/generated/client/client.ts';
import { classify } from '../database/failures.ts';
import { BadUserInput, Forbidden, TaskwireError, Unauthenticated, Unavailable } from '../errors.ts';
import { RUN_HEADER } from '../graphql/plugins/use-viewer-context.ts';
import { MOST_BODY_BYTES, type Graphql } from '../graphql/yoga.ts';
import { textOf, UnreadableBody, whyUnreadable } from '../http/body.ts';
import { refuse } from '../http/refuse.ts';
import { runNamed } from '../log/agent-run.ts';
import { DEEPEST_JSON, isTooDeep } from '../limits/json-depth.ts';
import type { Services } from '../services.ts';
import { isListen, listen } from './listen.ts';
import { createMcpServer, operationsOf } from './server.ts';

const SIGN_IN =
  'Send the header "Authorization: Bearer <token>". Create an API token in Settings, or with the mutation `createApiToken`.';
const NOT_AN_API_TOKEN =
  'This is the token of a session. Create an API token for the agent in Settings, or with the mutation `createApiToken`.';

const EVENT_STREAM = 'text/event-stream';

/** In the `_meta` of a call. */
const RUN_KEY = 'taskwire/run';

/** @param isReadOnly whether to offer only tools that read. */
export type Mcp = (request: IncomingMessage, response: ServerResponse, isReadOnly: boolean) => Promise<void>;

/**
 * Handles Model Context Protocol messages over streamable HTTP. Keeps no state between requests, so any process can
 * answer. Cookies are ignored, since a page of another site could send them.
 */
export function createMcp(graphql: Graphql, { authServices, origins, publicUrl, log }: Services): Mcp {
  const { credentials } = authServices;
  const { fetch: respond } = createMcpHandler(
    ({ authInfo, era }) => {
      if (!authInfo) throw new TypeError('The transport authenticates each request');
      return createMcpServer(graphql, authInfo, { era });
    },
    {
      keepAliveMs: 0,
      onerror: (err) => {
        log.debug({ err }, 'MCP request refused');
      },
    },
  );

  async function holderOf(authorization: string | undefined, resource: OauthResource) {
    const headers = new Headers(authorization === undefined ? {} : { authorization });
    const holder = await credentials.resolve(headers, resource);
    if (!holder) throw new Unauthenticated(SIGN_IN);
    if (holder.tokenId === null) throw new Unauthenticated(NOT_AN_API_TOKEN);
    return { ...holder, tokenId: holder.tokenId };
  }

  async function answer(request: IncomingMessage, response: ServerResponse, isReadOnly: boolean) {
    const headers = new Headers(request.headers as Record<string, string>);
    if (!origins.trusts(headers)) throw new Forbidden(origins.whyUntrusted(headers));
    const resource = isReadOnly ? 'MCP_READONLY' : 'MCP';
    const { userId, limit, tokenId, mayWrite } = await holderOf(request.headers.authorization, resource);
    const message = parsed(await textOf(request, MOST_BODY_BYTES));
    const authInfo = {
      token: request.headers.authorization?.replace(/^bearer\s+/i, '') ?? '',
      clientId: tokenId,
      scopes: mayWrite && !isReadOnly ? ['READ', 'WRITE'] : ['READ'],
      extra: {
        userId,
        isLimited: limit !== null,
        resource,
        run: runNamed(runOf(message) ?? headers.get(RUN_HEADER)),
      },
    };
    const sent = new Request(new URL(request.url ?? '', publicUrl), { method: 'POST', headers });
    const answered = isListen(message)
      ? await listen({
          request: sent,
          message,
          operations: operationsOf(graphql, authInfo),
          createServer: () => createMcpServer(graphql, authInfo, { era: 'modern' }),
          isSent: () => (response.writableNeedDrain ? once(response, 'drain') : Promise.resolve()),
        })
      : await respond(sent, { parsedBody: message, authInfo });
    response.statusCode = answered.status;
    const type = answered.headers.get('content-type');
    if (type !== null) response.setHeader('Content-Type', type);
    if (type === EVENT_STREAM && answered.body) {
      // Proxies would hold the events back otherwise.
      response.setHeader('X-Accel-Buffering', 'no');
      await pipeline(answered.body, response).catch((error: unknown) => {
        // The client left.
        if (!response.destroyed) throw error;
      });
    } else response.end(await answered.bytes());
  }

  return async (request, response, isReadOnly) => {
    response.setHeader('Cache-Control', 'private, no-store');
    response.appendHeader('Vary', 'Authorization, Origin');
    const refusal = graphql.requests.spend(1);
    if (refusal) {
      refuse(response, refusal);
      return;
    }
    if (request.method !== 'POST') {
      const error = new BadUserInput('Send each message as a POST. This server opens no streams.');
      refuse(response, error, { status: 405, headers: { allow: 'POST' } });
      return;
    }
    const unreadable = whyUnreadable(request);
    if (unreadable !== null) {
      refuse(response, new BadUserInput(unreadable), { status: 415 });
      return;
    }
    try {
      await answer(request, response, isReadOnly);
    } catch (error) {
      refuseFor(response, error);
    }
  };
}

const META = z.object({ params: z.object({ _meta: z.object({ [RUN_KEY]: z.unknown() }) }) });

/** The run id of one call. Takes precedence over the header, which many clients can only set per connection. */
function runOf(message: object): string | undefined {
  const run = META.safeParse(message).data?.params._meta[RUN_KEY];
  if (run !== undefined && typeof run !== 'string') throw new BadUserInput(`\`${RUN_KEY}\` must be text.`);
  return run;
}

function refuseFor(response: ServerResponse, error: unknown): void {
  if (error instanceof UnreadableBody) {
    const { status, message } = error;
    refuse(response, new BadUserInput(message), { status, headers: { connection: 'close' } });
  } else if (error instanceof Forbidden) refuse(response, error, { status: 403 });
  else if (error instanceof TaskwireError) refuse(response, error);
  else if (classify(error).kind === 'unavailable') refuse(response, new Unavailable());
  else throw error;
}

/** @throws BadUserInput for anything but one JSON object: batches would run many operations as one request. */
function parsed(body: string): object {
  if (isTooDeep(body))
    throw new BadUserInput(`The JSON of a request can be nested at most ${DEEPEST_JSON} levels deep.`);
  try {
    const message: unknown = JSON.parse(body);
    if (typeof message === 'object' && message !== null && !Array.isArray(message)) return message;
  } catch {
    throw new BadUserInput('The body is not valid JSON.');
  }
  throw new BadUserInput('Send one JSON-RPC message per request, as a JSON object.');
}
