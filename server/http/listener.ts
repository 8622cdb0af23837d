import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { readFileSync } from 'node:fs';
import type { OauthResource } from '../../prisma/generated/client/client.ts';
import type { Origins } from '../auth/origins.ts';
import { abandon } from '../database/client.ts';
import { Misdirected, RateLimited } from '../errors.ts';
import { shareOfAddress, withRequest } from '../request-context.ts';
import type { Services } from '../services.ts';
import { clientIp } from './client-ip.ts';
import { answerAuth } from './auth-paths.ts';
import { contentSecurityPolicy } from './content-security-policy.ts';
import { crossOrigin } from './cors.ts';
import { exportTasks } from './export.ts';
import { createGraphiql } from './graphiql.ts';
import { answerPosts } from './graphql-post.ts';
import type { Mcp } from '../mcp/transport.ts';
import { MOST_BODY_BYTES, type Graphql } from '../graphql/yoga.ts';
import { oauthRoutes } from '../oauth/endpoints.ts';
import { challengeFor } from '../oauth/resources.ts';
import { createMetrics } from './metrics.ts';
import { OpenResponses } from './open-responses.ts';
import { createPages } from './pages.ts';
import { readiness } from './readiness.ts';
import { refuse } from './refuse.ts';
import { securityHeaders } from './security-headers.ts';
import type { TimedResponse } from './response-time.ts';
import { rejectUpgrade } from '../websocket/reject-upgrade.ts';
import type { WebSocketTransport } from '../websocket/server.ts';

export type AnswerListener = (request: IncomingMessage, response: TimedResponse) => void;
export type UpgradeListener = (request: IncomingMessage, connection: Duplex, head: Buffer) => void;

const TOO_MANY_REQUESTS = 'Too many concurrent requests from your address. Wait for some of them to finish.';
const TRY_AGAIN_SECONDS = 2;

/** Probes may use any host name, since their responses are not secret. */
const PROBES = /^\/(?:healthz|readyz|metrics)(?:\?|$)/;

type Handler = (request: IncomingMessage, response: TimedResponse) => unknown;

/** A test compares it with the running schema. */
const printedSchema = readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8');

export function createRequestListener(
  graphql: Graphql,
  services: Services,
  hasGraphiql: boolean,
): AnswerListener {
  const { db, check, live, log, publicUrl, origins, monitoring, limits, authServices } = services;
  const secure = securityHeaders(publicUrl);
  const isPreflight = crossOrigin(origins);
  const open = new OpenResponses(limits.requestsPerAddress);
  const graphiql = hasGraphiql ? createGraphiql(contentSecurityPolicy()) : null;
  const operations = answerPosts(graphql, MOST_BODY_BYTES);
  const auth = answerAuth(services);
  let mcp: Promise<Mcp> | undefined;
  // Loading the protocol's library takes 13 MB, which servers without agents do not need.
  const loadMcp = () =>
    (mcp ??= import('../mcp/transport.ts').then(({ createMcp }) => createMcp(graphql, services)));
  const pages = createPages();

  const { oauth } = authServices;
  /** Tells clients without a valid credential where to get one. */
  const challenge = (request: IncomingMessage, response: TimedResponse, resource: OauthResource) => {
    const isPresented = /^bearer\b/i.test(request.headers.authorization ?? '');
    if (oauth) response.challenge = challengeFor(resource, oauth.issuer, isPresented);
    else if (resource !== 'GRAPHQL') response.challenge = 'Bearer';
  };

  const routes: Record<string, Handler> = {
    ...(oauth ? oauthRoutes(oauth, services, limits.requests) : {}),
    '/graphql': (request, response) => {
      challenge(request, response, 'GRAPHQL');
      if (graphiql?.page(request, response)) return undefined;
      response.setHeader('Cache-Control', 'private, no-store');
      response.appendHeader('Vary', 'Authorization, Cookie, Accept, Accept-Encoding');
      return operations(request, response);
    },
    '/mcp': async (request, response) => {
      challenge(request, response, 'MCP');
      await (
        await loadMcp()
      )(request, response, false);
    },
    '/mcp/readonly': async (request, response) => {
      challenge(request, response, 'MCP_READONLY');
      await (
        await loadMcp()
      )(request, response, true);
    },
    '/export/tasks.csv': readOnly(exportTasks(graphql, 'csv')),
    '/export/tasks.jsonl': readOnly(exportTasks(graphql, 'jsonl')),
    '/schema.graphql': readOnly((_request, response) => {
      answer(response, 200, printedSchema);
    }),
    '/healthz': readOnly((_request, response) => {
      answer(response, 200, 'ok\n');
    }),
    '/readyz': readOnly(async (_request, response) => {
      const { isReady, details } = await readiness(db, check, live, monitoring.backupDir);
      response.writeHead(isReady ? 200 : 503, {
        'content-type': 'application/json',
        'cache-control': 'no-store',
      });
      response.end(`${JSON.stringify(details)}\n`);
    }),
    '/metrics': readOnly(createMetrics(services)),
  };

  function giveUp(this: TimedResponse): void {
    if (!this.writableFinished && this.trace?.requester.readsOnly) abandon(db, this.trace.requester);
  }

  function handlerOf(request: IncomingMessage): Handler {
    request.url = request.url?.replace(/^\/graphql\/(?=\?|$)/, '/graphql');
    const path = request.url?.split('?', 1)[0] ?? '/';
    const route = routes[path];
    if (route) return route;
    if (path.startsWith('/api/auth/')) return auth;
    return graphiql && path.startsWith('/graphiql/') ? graphiql.files : pages;
  }

  return (request, response) => {
    const address = clientIp(request, limits.proxies);
    withRequest((trace) => {
      const requestId = trace.id;
      trace.traceparent = request.headers['traceparent'] as string | undefined;
      // Operations are counted for the person once the credential is known.
      if (/^\/(?:api\/auth|oauth)\//.test(request.url ?? '')) trace.requester.share = shareOfAddress(trace);
      response.trace = trace;
      response.once('close', giveUp);
      secure(response);
      if (!open.admit(response, address ?? '')) {
        refuse(response, new RateLimited(TOO_MANY_REQUESTS, TRY_AGAIN_SECONDS));
        return;
      }
      const misdirected = PROBES.test(request.url ?? '')
        ? null
        : origins.whyMisdirected(request.headers.host, single(request.headers['x-forwarded-host']));
      if (misdirected !== null) {
        refuse(response, new Misdirected(misdirected));
        return;
      }
      if (isPreflight(request, response)) return;
      Promise.try(handlerOf(request), request, response).catch((error: unknown) => {
        log.error({ requestId, err: error }, 'request failed');
        if (response.headersSent) response.destroy();
        else answer(response, 500, `Internal server error (request ${requestId}).\n`);
      });
    }, address);
  };
}

/** WebSockets are only accepted at the API's path. */
export function createUpgradeListener(sockets: WebSocketTransport, origins: Origins): UpgradeListener {
  return (request, connection, head) => {
    const { headers, url = '' } = request;
    if (origins.whyMisdirected(headers.host, single(headers['x-forwarded-host'])) !== null)
      rejectUpgrade(connection, '421 Misdirected Request');
    else if (/^\/graphql\/?(?:\?|$)/.test(url)) sockets.upgrade(request, connection, head);
    else rejectUpgrade(connection, '404 Not Found');
  };
}

function readOnly(handler: Handler): Handler {
  return (request, response) => {
    if (request.method === 'GET' || request.method === 'HEAD') return handler(request, response);
    request.resume();
    response.setHeader('Allow', 'GET, HEAD');
    answer(response, 405, 'Use GET or HEAD here.\n');
    return undefined;
  };
}

function single(header: string | string[] | undefined): string | undefined {
  return [header ?? []].flat().join(',') || undefined;
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
}
