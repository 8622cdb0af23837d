import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toNodeHandler } from 'better-auth/node';
import sirv from 'sirv';
import type { Database } from '../database/client.ts';
import type { Gate } from '../auth/sign-in.ts';
import type { Log } from '../log.ts';
import { withRequestId } from '../request.ts';
import { createGraphql } from './graphql.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** As it is committed; a test holds it to the schema that runs. */
const printedSchema = readFileSync(new URL('../../schema/schema.graphql', import.meta.url), 'utf8');

const dashboardFolder = fileURLToPath(new URL('../../client/build', import.meta.url));

/** Everything that one address offers, by path. */
export function createRequestListener(gate: Gate, log: Log, publicUrl: string): RequestListener {
  const graphql = createGraphql(gate, log, publicUrl);
  const auth = toNodeHandler(gate.auth);
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
    '/graphql': graphql,
    '/schema.graphql': (_request, response) => {
      answer(response, 200, printedSchema);
    },
    '/healthz': (_request, response) => {
      answer(response, 200, 'ok\n');
    },
    '/readyz': async (_request, response) => {
      const up = await answers(gate.db);
      answer(response, up ? 200 : 503, up ? 'ready\n' : 'The database does not answer.\n');
    },
  };

  function handlerOf(request: IncomingMessage): Handler {
    const path = request.url?.split('?', 1)[0] ?? '/';
    return routes[path] ?? (path.startsWith('/api/auth/') ? auth : dashboard);
  }

  return (request, response) => {
    withRequestId((requestId) => {
      response.setHeader('X-Request-Id', requestId);
      Promise.try(handlerOf(request), request, response).catch((error: unknown) => {
        log.error({ requestId, err: error }, 'request failed');
        if (response.headersSent) response.destroy();
        else answer(response, 500, `Something went wrong on the server (request ${requestId}).\n`);
      });
    });
  };
}

/** What every path answers between the moment of listening and that of being ready. */
export const starting: RequestListener = (_request, response) => {
  response.setHeader('Retry-After', '1');
  answer(response, 503, 'Taskwire is starting.\n');
};

/** What carries its content's hash in its name never changes; everything else is asked for again. */
function cachingOf(response: ServerResponse, path: string): void {
  const forever = path.startsWith('/_app/immutable/');
  response.setHeader('Cache-Control', forever ? 'public, max-age=31536000, immutable' : 'no-cache');
}

/** Whether the database answers at all. */
async function answers(db: Database): Promise<boolean> {
  return db.$queryRaw`SELECT 1`.then(
    () => true,
    () => false,
  );
}

function notBuilt(_request: IncomingMessage, response: ServerResponse): void {
  answer(response, 404, 'The dashboard is not built; `npm start` builds it. The API is at /graphql.\n');
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
}
