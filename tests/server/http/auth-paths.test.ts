import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { libraryLog } from '../../../server/auth/library-logger.ts';
import type { Logger } from '../../../server/logger.ts';
import { raw } from '../../kit/raw-request.ts';
import { PASSWORD, startWorld } from '../../kit/world.ts';

const world = await startWorld();
const { ada } = await world.people('Ada');
const at = (path: string) => `${world.url}/api/auth${path}`;
const json = { 'content-type': 'application/json', origin: world.url };

const OPEN: Record<string, string> = {
  '/sign-up/email': 'POST',
  '/sign-in/email': 'POST',
  '/sign-out': 'POST',
  '/get-session': 'GET',
  '/token': 'GET',
  '/jwks': 'GET',
};

async function cookie(): Promise<string> {
  const answer = await raw(at('/sign-in/email'), {
    method: 'POST',
    headers: { ...json, 'x-forwarded-for': '8.8.8.8' },
    body: JSON.stringify({ email: ada.email, password: PASSWORD }),
  });
  return [answer.headers['set-cookie'] ?? []]
    .flat()
    .map((line) => line.split(';', 1)[0])
    .join('; ');
}

describe('the paths of the auth library', () => {
  test.each(
    [
      'verify-password',
      'change-password',
      'list-sessions',
      'revoke-session',
      'revoke-sessions',
      'revoke-other-sessions',
      'update-user',
      'update-session',
      'change-email',
      'delete-user',
      'request-password-reset',
      'reset-password',
      'reset-password/x?callbackURL=y',
      'send-verification-email',
      'verify-email',
      'sign-in/social',
      'link-social',
      'unlink-account',
      'list-accounts',
      'refresh-token',
      'get-access-token',
      'account-info',
      'callback/github',
      'error',
      'ok',
      'sign-up/email/',
      'SIGN-IN/email',
    ].flatMap((path) => ['GET', 'POST'].map((method) => [method, path] as const)),
  )('that are not needed are closed, also with a session: %s %s (M2, PW-GUESS)', async (method, path) => {
    const headers = { ...json, cookie: await session };
    const body = method === 'POST' ? '{"password":"wrong wrong","newPassword":"right right"}' : '';
    const answer = await raw(at(`/${path}`), { method, headers, body });
    expect(answer.status).toBe(404);
  });

  test('that are needed are in the reference, each with its method (M2)', () => {
    const reference = readFileSync(join(import.meta.dirname, '../../../docs/api/README.md'), 'utf8');
    const listed = [...reference.matchAll(/`(GET|POST) \/api\/auth(\/[\w/-]+)`/g)].map(
      ([, method = '', path = '']) => [path, method],
    );
    expect(Object.fromEntries(listed)).toEqual(OPEN);
  });

  test.each(Object.entries(OPEN))('%s accepts %s only, and returns Allow (M2)', async (path, method) => {
    const other = method === 'GET' ? 'POST' : 'GET';
    for (const wrong of [other, 'PUT', 'DELETE']) {
      const answer = await raw(at(path), { method: wrong, headers: json });
      expect(answer.status).toBe(405);
      expect(answer.headers.allow).toBe(method);
    }
    const open = await raw(at(path), { method, headers: json, body: method === 'POST' ? '{}' : '' });
    expect([404, 405]).not.toContain(open.status);
  });

  test('read at most sixteen kilobytes, in UTF-8 only (M5, UTF8-LOSSY)', async () => {
    const post = (body: string | Buffer, headers = {}) =>
      raw(at('/sign-in/email'), { method: 'POST', headers: { ...json, ...headers }, body });
    const long = await post(`{"email":"${'x'.repeat(17_000)}","password":"y"}`);
    expect(long.status).toBe(413);
    const latin = Buffer.from(
      '{"name":"Ren\xe9","email":"rene@example.com","password":"correct horse"}',
      'latin1',
    );
    expect((await post(latin)).status).toBe(400);
    expect((await post(latin, { 'content-type': 'application/json; charset=iso-8859-1' })).status).toBe(415);
  });

  test('forbid caching of personal responses (GET-CACHE, L10)', async () => {
    for (const path of ['/get-session', '/token', '/jwks', '/none']) {
      const { headers } = await raw(at(path), { headers: { cookie: await session } });
      expect(headers['cache-control'], path).toBe('private, no-store');
      expect(headers.vary, path).toContain('Cookie');
    }
  });

  test('store the address of the connection, not a claimed one (L11)', async () => {
    await session;
    const sessions = await world.db.session.findMany({ select: { ipAddress: true } });
    expect(sessions.map(({ ipAddress }) => ipAddress)).not.toContain('8.8.8.8');
  });
});

const session = cookie();

describe('log lines of the auth library', () => {
  function capture() {
    const lines: string[] = [];
    const push = (_fields: object, line: string) => void lines.push(line);
    return {
      lines,
      write: libraryLog({ error: push, warn: push, info: push, debug: push } as unknown as Logger),
    };
  }

  test('are short, and do not contain the request’s content (M5)', () => {
    const { lines, write } = capture();
    write('error', `Invalid callbackURL: ${'x'.repeat(1_000_000)}`);
    write('error', 'User not found "eve@example.com"');
    write('warn', `Bad\n\u001b[31mrequest ${'y'.repeat(500)}`);
    expect(lines[0]).toBe('Invalid callbackURL');
    expect(lines[1]).toBe('User not found');
    expect(lines[2]).toHaveLength(200);
    expect(lines.join('')).not.toMatch(/\p{Cc}/u);
  });

  test('are limited to a few per second (M5)', () => {
    const { lines, write } = capture();
    for (let n = 0; n < 1_000; n += 1) write('error', 'Invalid origin');
    expect(lines.length).toBeLessThanOrEqual(10);
  });
});
