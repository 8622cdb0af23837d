import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Origins } from '../auth/origins.ts';

const ASKED_HEADERS =
  'authorization, content-type, accept, taskwire-viewer, taskwire-run, traceparent, mcp-protocol-version, mcp-method, mcp-name';
const SHOWN_HEADERS =
  'x-request-id, x-response-time, server-timing, ratelimit-limit, ratelimit-remaining, ratelimit-reset, retry-after';
/** The maximum in Chromium. */
const KEPT_SECONDS = '7200';

/** CORS for allowed origins. @returns a handler that returns true if it answered a preflight request. */
export function crossOrigin({ others }: Origins) {
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    if (others.size === 0) return false;
    response.appendHeader('Vary', 'Origin');
    const { origin } = request.headers;
    if (origin === undefined || !others.has(origin)) return false;
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Allow-Credentials', 'true');
    response.setHeader('Access-Control-Expose-Headers', SHOWN_HEADERS);
    if (request.method !== 'OPTIONS' || !request.headers['access-control-request-method']) return false;
    response.writeHead(204, {
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': ASKED_HEADERS,
      'access-control-max-age': KEPT_SECONDS,
    });
    response.end();
    return true;
  };
}
