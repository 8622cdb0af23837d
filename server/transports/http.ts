import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sirv from 'sirv';
import type { Origins } from '../auth/origins.ts';
import type { Gate } from '../auth/sign-in.ts';
import { abandon } from '../database/client.ts';
import type { HealthCheck } from '../database/health.ts';
import { RateLimited } from '../errors.ts';
import type { Limits } from '../limits/limits.ts';
import type { Live } from '../live/live.ts';
import type { Log } from '../log.ts';
import type { Monitoring } from '../performance/monitoring.ts';
import { shareOfAddress, withRequest } from '../request.ts';
import { addressOf } from './address.ts';
import { answerAuth } from './auth.ts';
import { contentSecurityPolicy } from './content-security-policy.ts';
import { crossOrigin } from './cors.ts';
import { createGraphiql } from './graphiql.ts';
import { answerPosts } from './graphql-post.ts';
import { MOST_BODY_BYTES, type Graphql } from './graphql.ts';
import { createMetrics } from './metrics.ts';
import { OpenResponses } from './open-responses.ts';
import { readiness } from './readiness.ts';
import { refuse } from './refuse.ts';
import { securityHeaders } from './security-headers.ts';
import type { TimedResponse } from './response-time.ts';
import { turnAway } from './turn-away.ts';
import type { WebSocketTransport } from './websocket.ts';

export type AnswerListener = (request: IncomingMessage, response: TimedResponse) => void;
export type UpgradeListener = (request: IncomingMessage, connection: Duplex, head: Buffer) => void;

interface HttpSettings {
  gate: Gate;
  check: HealthCheck;
  graphql: Graphql;
  live: Live;
  log: Log;
  publicUrl: string;
  origins: Origins;
  monitoring: Monitoring;
  limits: Limits;
  /** Whether browsers get GraphiQL. */
  hasGraphiql: boolean;
}

const TOO_MANY_REQUESTS = 'Too many requests from your address are under way; wait for some of them to end.';
const TRY_AGAIN_SECONDS = 2;

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** As it is committed; a test holds it to the schema that runs. */
const printedSchema = readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8');

const dashboardFolder = fileURLToPath(new URL('../../client/build', import.meta.url));

/** Everything that one address offers, by path. */
export function createRequestListener(settings: HttpSettings): AnswerListener {
  const { gate, check, graphql, live, log, publicUrl, origins, monitoring, limits } = settings;
  const secure = securityHeaders(publicUrl);
  const isPreflight = crossOrigin(origins);
  const open = new OpenResponses(limits.requestsPerAddress);
  const graphiql = settings.hasGraphiql ? createGraphiql(contentSecurityPolicy()) : null;
  const operations = answerPosts(graphql, MOST_BODY_BYTES);
  const auth = answerAuth(gate.auth, publicUrl, MOST_BODY_BYTES);
  const dashboard = existsSync(dashboardFolder)
    ? sirv(dashboardFolder, {
        single: '200.html',
        etag: true,
        gzip: true,
        brotli: true,
        setHeaders: cachingOf,
      })
    : notBuilt;

  const routes: Record<string, Handler> = {
    '/graphql': (request, response) => {
      if (!graphiql?.page(request, response)) return operations(request, response);
      return undefined;
    },
    '/schema.graphql': (_request, response) => {
      answer(response, 200, printedSchema);
    },
    '/healthz': (_request, response) => {
      answer(response, 200, 'ok\n');
    },
    '/readyz': async (_request, response) => {
      const { isReady, details } = await readiness(gate.db, check, live, monitoring.backupDir);
      response.writeHead(isReady ? 200 : 503, {
        'content-type': 'application/json',
        'cache-control': 'no-store',
      });
      response.end(`${JSON.stringify(details)}\n`);
    },
    '/metrics': createMetrics({ ...monitoring, db: gate.db, check, live }),
  };

  /** A client that leaves ahead of its answer has no use for what is still read for it. */
  function giveUp(this: TimedResponse): void {
    if (!this.writableFinished && this.trace?.asker.readsOnly) abandon(gate.db, this.trace.asker);
  }

  function handlerOf(request: IncomingMessage): Handler {
    const path = request.url?.split('?', 1)[0] ?? '/';
    const route = routes[path];
    if (route) return route;
    if (path.startsWith('/api/auth/')) return auth;
    return graphiql && path.startsWith('/graphiql/') ? graphiql.files : dashboard;
  }

  return (request, response) => {
    const address = addressOf(request, limits.proxies);
    withRequest((trace) => {
      const requestId = trace.id;
      trace.traceparent = request.headers['traceparent'] as string | undefined;
      // Operations take the share of their person once the credential is known.
      if (request.url?.startsWith('/api/auth/')) trace.asker.share = shareOfAddress(trace);
      response.trace = trace;
      response.once('close', giveUp);
      secure(response);
      if (!open.admit(response, address ?? '')) {
        refuse(response, new RateLimited(TOO_MANY_REQUESTS, TRY_AGAIN_SECONDS));
        return;
      }
      if (isPreflight(request, response)) return;
      Promise.try(handlerOf(request), request, response).catch((error: unknown) => {
        log.error({ requestId, err: error }, 'request failed');
        if (response.headersSent) response.destroy();
        else answer(response, 500, `Something went wrong on the server (request ${requestId}).\n`);
      });
    }, address);
  };
}

/** Where a connection can become a WebSocket: at the API's own path. */
export function createUpgradeListener(sockets: WebSocketTransport): UpgradeListener {
  return (request, connection, head) => {
    if (request.url?.split('?', 1)[0] === '/graphql') sockets.upgrade(request, connection, head);
    else turnAway(connection, '404 Not Found');
  };
}

/** What carries its content's hash in its name never changes; everything else is asked for again. */
function cachingOf(response: ServerResponse, path: string): void {
  const forever = path.startsWith('/_app/immutable/');
  response.setHeader('Cache-Control', forever ? 'public, max-age=31536000, immutable' : 'no-cache');
}

function notBuilt(_request: IncomingMessage, response: ServerResponse): void {
  answer(response, 404, 'The dashboard is not built; `npm start` builds it. The API is at /graphql.\n');
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
}
