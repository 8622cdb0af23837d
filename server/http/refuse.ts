import type { ServerResponse } from 'node:http';
import type { TaskwireError } from '../errors.ts';

/** Answers a request that goes no further, in the form that clients of the API read. */
export function refuse(
  response: ServerResponse,
  { code, message, details, status: usual }: TaskwireError,
  { status = usual, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): void {
  // A body left unread would break the connection before the answer has arrived.
  response.req.resume();
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...(details.retryAfter === undefined ? {} : { 'retry-after': String(details.retryAfter) }),
    ...headers,
  });
  response.end(`${JSON.stringify({ errors: [{ message, extensions: { code, ...details } }] })}\n`);
}
