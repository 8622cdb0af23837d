import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { RequestHandler } from 'sirv';
import { staticFiles } from './static-files.ts';

const folder = join(import.meta.dirname, '../graphiql/build');

export interface Graphiql {
  page(request: IncomingMessage, response: ServerResponse): boolean;
  files: RequestHandler;
}

/** Files are compressed by `ops/graphiql-files.ts` and streamed. @returns null if they do not exist. */
export function createGraphiql(csp: string): Graphiql | null {
  const file = join(folder, 'index.html');
  if (!existsSync(file)) return null;
  const page = readFileSync(file);
  const etag = `"${createHash('sha256').update(page).digest('base64url').slice(0, 16)}"`;
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': csp,
    // Operations at the same URL are personal.
    'cache-control': 'private, no-cache',
    vary: 'Accept',
    etag,
  };
  return {
    page(request, response) {
      if (!isNavigation(request)) return false;
      const isKnown = request.headers['if-none-match']?.includes(etag);
      response.writeHead(
        isKnown ? 304 : 200,
        isKnown ? headers : { ...headers, 'content-length': page.length },
      );
      response.end(isKnown || request.method === 'HEAD' ? undefined : page);
      return true;
    },
    files: staticFiles(folder, { immutable: true, maxAge: 31_536_000 }),
  };
}

function isNavigation({ method, headers }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && (headers.accept?.includes('text/html') ?? false);
}
