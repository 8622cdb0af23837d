import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import sirv, { type RequestHandler } from 'sirv';

const folder = join(import.meta.dirname, '../graphiql/build');

export interface Graphiql {
  /** Answers a browser that navigates to the API's path; false where the request is another one. */
  page(request: IncomingMessage, response: ServerResponse): boolean;
  /** The scripts and the style sheet, below `/graphiql/`. */
  files: RequestHandler;
}

/**
 * GraphiQL as files that `ops/graphiql-files.ts` has compressed: they are streamed from the disk, so a slow reader
 * keeps one chunk in memory, and the page is the same small buffer for everyone.
 * @param csp the page's Content-Security-Policy.
 * @returns null where the files have not been made.
 */
export function createGraphiql(csp: string): Graphiql | null {
  const file = join(folder, 'index.html');
  if (!existsSync(file)) return null;
  const page = readFileSync(file);
  const etag = `"${createHash('sha256').update(page).digest('base64url').slice(0, 16)}"`;
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': csp,
    // The same address answers operations, which are personal.
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
    files: sirv(folder, { etag: true, immutable: true, maxAge: 31_536_000, gzip: true, brotli: true }),
  };
}

function isNavigation({ method, headers }: IncomingMessage): boolean {
  return (method === 'GET' || method === 'HEAD') && (headers.accept?.includes('text/html') ?? false);
}
