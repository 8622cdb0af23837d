import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Services } from '../services.ts';
import { clientIp } from './client-ip.ts';
import { textOf, UnreadableBody, whyUnreadable } from './body.ts';

/** The auth library's paths that are exposed; documented in docs/api/README.md. Others are 404. */
const PATHS: Readonly<Record<string, 'GET' | 'POST'>> = {
  '/api/auth/sign-up/email': 'POST',
  '/api/auth/sign-in/email': 'POST',
  '/api/auth/sign-out': 'POST',
  '/api/auth/get-session': 'GET',
  '/api/auth/token': 'GET',
  '/api/auth/jwks': 'GET',
};

const MOST_BODY_BYTES = 16 * 1024;

/** The auth library gets no host headers, our own client IP, and only the valid session cookie. */
export function answerAuth({ authServices, origins, publicUrl, limits }: Services) {
  const { auth, credentials } = authServices;

  async function headersFor(request: IncomingMessage, given: Headers): Promise<Headers> {
    const headers = new Headers({ origin: new URL(publicUrl).origin });
    const cookies = [await credentials.cookieOf(given), browserCookie(given)].filter((one) => one !== null);
    if (cookies.length > 0) headers.set('cookie', cookies.join('; '));
    for (const name of ['content-type', 'user-agent', 'accept']) {
      const value = given.get(name);
      if (value !== null) headers.set(name, value);
    }
    const address = clientIp(request, limits.proxies);
    if (address !== undefined) headers.set('x-forwarded-for', address);
    return headers;
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '' } = request;
    const path = url.split('?', 1)[0] ?? '';
    const allowed = PATHS[path];
    response.setHeader('Cache-Control', 'private, no-store');
    response.appendHeader('Vary', 'Cookie, Origin');
    if (allowed === undefined) {
      refuse(response, 404, 'NOT_FOUND', 'This path does not exist.');
      return;
    }
    if (method !== allowed) {
      response.setHeader('Allow', allowed);
      refuse(response, 405, 'METHOD_NOT_ALLOWED', `Use ${allowed} here.`);
      return;
    }
    const given = new Headers(request.headers as Record<string, string>);
    if (!origins.trusts(given)) {
      refuse(response, 403, 'FORBIDDEN', origins.whyUntrusted(given));
      return;
    }
    const unreadable = method === 'POST' ? whyUnreadable(request) : null;
    if (unreadable !== null) {
      refuse(response, 415, 'BAD_USER_INPUT', unreadable);
      return;
    }
    try {
      const body = method === 'POST' ? await textOf(request, MOST_BODY_BYTES) : '';
      const headers = await headersFor(request, given);
      const answer = await auth.handler(
        new Request(new URL(url, publicUrl), { method, headers, ...(body ? { body } : {}) }),
      );
      response.statusCode = answer.status;
      for (const [name, value] of answer.headers)
        if (name !== 'set-cookie' && name !== 'cache-control') response.setHeader(name, value);
      const cookies = [...answer.headers.getSetCookie(), ...credentials.staleCookies(given)];
      for (const cookie of cookies) response.appendHeader('Set-Cookie', cookie);
      response.end(await answer.text());
    } catch (error) {
      if (!(error instanceof UnreadableBody)) throw error;
      response.setHeader('Connection', 'close');
      refuse(response, error.status, 'BAD_USER_INPUT', error.message);
    }
  };
}

/** The cookie that remembers the last account of this browser, which the auth library reads. */
function browserCookie(headers: Headers): string | null {
  const cookies = (headers.get('cookie') ?? '').split(/;\s*/);
  return cookies.find((cookie) => cookie.startsWith('taskwire.browser=')) ?? null;
}

function refuse(response: ServerResponse, status: number, code: string, message: string): void {
  response.req.resume();
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ code, message }));
}
