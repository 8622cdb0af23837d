import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Auth } from '../auth/auth.ts';
import { textOf } from './body.ts';

const METHODS = 'GET, POST';

/**
 * The auth library's own paths. It would take bodies of any length, and believe headers about the address that it was
 * asked at, so it gets neither.
 */
export function answerAuth({ handler }: Auth, publicUrl: string, mostBytes: number) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '' } = request;
    if (!METHODS.split(', ').includes(method)) {
      response.writeHead(405, { allow: METHODS }).end();
      return;
    }
    const body = method === 'POST' ? await textOf(request, mostBytes) : '';
    if (body === null) {
      response.writeHead(413, { connection: 'close' }).end();
      return;
    }
    const headers = request.headers as Record<string, string>;
    const answer = await handler(
      new Request(new URL(url, publicUrl), { method, headers, ...(body ? { body } : {}) }),
    );
    response.statusCode = answer.status;
    for (const [name, value] of answer.headers) if (name !== 'set-cookie') response.setHeader(name, value);
    for (const cookie of answer.headers.getSetCookie()) response.appendHeader('Set-Cookie', cookie);
    response.end(await answer.text());
  };
}
