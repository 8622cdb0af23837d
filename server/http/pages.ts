import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { contentSecurityPolicy } from './content-security-policy.ts';
import { staticFiles } from './static-files.ts';

const folder = join(import.meta.dirname, '../../client/build');

/** Paths of the dashboard's pages. A test compares them with client/src/routes. */
const PAGES = [
  /^\/$/,
  /^\/(?:activity|approvals|assistant|authorize|conversations|dashboards|help|history|join|offer|performance|reset-password)\/?$/,
  /^\/(?:settings|sign-in|sign-up|teams|trash|views|activity\/agents)\/?$/,
  /^\/(?:conversations|dashboards|t|teams|views)\/[^/]+\/?$/,
];

/** Applications open this page in a window, which then goes back to their own page and tells the first window. */
const OPENED_BY_OTHERS = /^\/authorize\/?$/;

const METHODS = 'GET, HEAD';
const IMMUTABLE = '/_app/immutable/';

export function isPage(path: string): boolean {
  return PAGES.some((page) => page.test(path));
}

/** Serves the one page for all page paths. Browsers also get it for unknown paths, with status 404. */
export function createPages(): (request: IncomingMessage, response: ServerResponse) => void {
  const file = join(folder, '200.html');
  if (!existsSync(file)) {
    return (_request, response) => {
      say(
        response,
        404,
        'The dashboard is not built. Run `npm start` to build it. The API is at /graphql.\n',
      );
    };
  }
  const page = readFileSync(file, 'utf8');
  const csp = contentSecurityPolicy(hashesOf(page));
  const files = staticFiles(folder, { setHeaders: cachingOf });
  const shell = staticFiles(folder, {
    setHeaders: (response) => {
      response.setHeader('Content-Security-Policy', csp);
      response.setHeader('Cache-Control', 'no-cache');
    },
  });

  return (request, response) => {
    const path = request.url?.split('?', 1)[0] ?? '/';
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      request.resume();
      response.setHeader('Allow', METHODS);
      say(response, 405, `Use ${METHODS} here.\n`);
      return;
    }
    const sendShell = () => {
      shell(Object.assign(request, { url: '/200.html', _parsedUrl: undefined }), response);
    };
    if (OPENED_BY_OTHERS.test(path)) response.setHeader('Cross-Origin-Opener-Policy', 'unsafe-none');
    if (isPage(path)) {
      sendShell();
      return;
    }
    files(request, response, () => {
      if (!request.headers.accept?.includes('text/html') || path.includes('.') || path.startsWith('/api/')) {
        say(response, 404, 'This page does not exist.\n');
        return;
      }
      response.writeHead(404, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': csp,
        'cache-control': 'no-cache',
      });
      response.end(page);
    });
  };
}

function hashesOf(page: string): string[] {
  return [...page.matchAll(/<script>([^]*?)<\/script>/g)].map(
    ([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  );
}

/** Files with a content hash in their name never change. */
function cachingOf(response: ServerResponse, path: string): void {
  const isForever = path.startsWith(IMMUTABLE);
  response.setHeader('Cache-Control', isForever ? 'public, max-age=31536000, immutable' : 'no-cache');
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text);
}
