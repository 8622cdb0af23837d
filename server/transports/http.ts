import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import sirv from 'sirv';
import type { Origins } from '../auth/origins.ts';
import type { Gate } from '../auth/sign-in.ts';
import type { Limits } from '../limits/limits.ts';
import type { Live } from '../live/live.ts';
import type { Log } from '../log.ts';
import type { Monitoring } from '../performance/monitoring.ts';
import { withRequest } from '../request.ts';
import { addressOf } from './address.ts';
import { answerAuth } from './auth.ts';
import { crossOrigin } from './cors.ts';
import { answerPosts } from './graphql-post.ts';
import { MOST_BODY_BYTES, type Graphql } from './graphql.ts';
import { createMetrics } from './metrics.ts';
import { readiness } from './readiness.ts';
import { securityHeaders } from './security-headers.ts';
import type { TimedResponse } from './response-time.ts';
import { turnAway } from './turn-away.ts';
import type { WebSocketTransport } from './websocket.ts';

export type AnswerListener = (request: IncomingMessage, response: TimedResponse) => void;
export type UpgradeListener = (request: IncomingMessage, connection: Duplex, head: Buffer) => void;

interface HttpSettings {
  gate: Gate;
  graphql: Graphql;
  live: Live;
  log: Log;
  publicUrl: string;
  origins: Origins;
  monitoring: Monitoring;
  limits: Limits;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** As it is committed; a test holds it to the schema that runs. */
const printedSchema = readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8');

const dashboardFolder = fileURLToPath(new URL('../../client/build', import.meta.url));

/** Everything that one address offers, by path. */
export function createRequestListener(settings: HttpSettings): AnswerListener {
  const { gate, graphql, live, log, publicUrl, origins, monitoring, limits } = settings;
  const secure = securityHeaders(publicUrl);
  const isPreflight = crossOrigin(origins);
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
    '/graphql': answerPosts(graphql, MOST_BODY_BYTES),
    '/schema.graphql': (_request, response) => {
      answer(response, 200, printedSchema);
    },
    '/healthz': (_request, response) => {
      answer(response, 200, 'ok\n');
    },
    '/readyz': async (_request, response) => {
      const { isReady, details } = await readiness(gate.db, live, monitoring.backupDir);
      response.writeHead(isReady ? 200 : 503, {
        'content-type': 'application/json',
        'cache-control': 'no-store',
      });
      response.end(`${JSON.stringify(details)}\n`);
    },
    '/metrics': createMetrics({ ...monitoring, db: gate.db, live }),
  };

  function handlerOf(request: IncomingMessage): Handler {
    const path = request.url?.split('?', 1)[0] ?? '/';
    return routes[path] ?? (path.startsWith('/api/auth/') ? auth : dashboard);
  }

  return (request, response) => {
    withRequest(
      (trace) => {
        const requestId = trace.id;
        trace.traceparent = request.headers['traceparent'] as string | undefined;
        response.trace = trace;
        secure(response);
        if (isPreflight(request, response)) return;
        Promise.try(handlerOf(request), request, response).catch((error: unknown) => {
          log.error({ requestId, err: error }, 'request failed');
          if (response.headersSent) response.destroy();
          else answer(response, 500, `Something went wrong on the server (request ${requestId}).\n`);
        });
      },
      addressOf(request, limits.proxies),
    );
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
