import { afterAll, describe, expect, test } from 'vitest';
import { toolCall } from '../../kit/agent.ts';
import { apiTokenOf } from '../../kit/api-tokens.ts';
import { raw } from '../../kit/raw-request.ts';
import { startTestServer } from '../../kit/server.ts';
import { startWorld } from '../../kit/world.ts';

const world = await startWorld();
const { url, people } = world;
const { ada } = await people('Ada');
const { token } = await apiTokenOf(ada, { scopes: ['READ', 'WRITE'] });
const bearer = { authorization: `Bearer ${token}` };
const listTasks = (headers: Record<string, string> = {}) =>
  toolCall('list_tasks', {}, { ...bearer, ...headers });

/** The code of an error, and the status. */
async function refusal(request: Parameters<typeof raw>[1], path = '/mcp') {
  const { status, text, headers } = await raw(url + path, request);
  const { errors } = JSON.parse(text) as { errors: { message: string; extensions: { code: string } }[] };
  return { status, code: errors[0]?.extensions.code, message: errors[0]?.message, headers };
}

test('any process answers any request, without a handshake', async () => {
  const other = await startTestServer(world.databaseUrl);
  afterAll(() => other.stop());
  for (const server of [url, other.url]) {
    const { status, text, headers } = await raw(`${server}/mcp`, listTasks());
    expect(status).toBe(200);
    expect(text).toContain('"structuredContent":{"tasks":[]');
    expect(headers).not.toHaveProperty('mcp-session-id');
  }
});

test('an answer has the headers of the API', async () => {
  const { headers } = await raw(`${url}/mcp`, listTasks());
  expect(headers).toMatchObject({
    'cache-control': 'private, no-store',
    'x-content-type-options': 'nosniff',
    'ratelimit-limit': '1000000',
  });
  expect(headers['x-request-id']).toMatch(/^[\da-f-]{36}$/);
  expect(headers['server-timing']).toContain('sql;dur=');
});

describe('a request without an API token is refused', () => {
  test.each([
    ['without a credential', {}, 'API token'],
    ['with a token that is none', { authorization: 'Bearer twp_nonsense' }, 'not valid or has been revoked'],
    ['with another scheme', { authorization: `Basic ${token}` }, 'API token'],
    ['with the token of a session', { authorization: `Bearer ${ada.token}` }, 'Create an API token'],
  ])('%s', async (_, headers, words) => {
    const given = toolCall('list_tasks', {}, headers);
    const { status, code, message, headers: answered } = await refusal(given);
    expect({ status, code }).toEqual({ status: 401, code: 'UNAUTHENTICATED' });
    expect(message).toContain(words);
    expect(answered['www-authenticate']).toMatch(/^Bearer .*resource_metadata=/);
  });

  test('with the cookie of a browser', async () => {
    const signIn = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: JSON.stringify({
        query: 'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { id } } }',
        variables: { input: { email: ada.email, password: 'correct horse battery' } },
      }),
    });
    const cookie = signIn.headers.getSetCookie().join('; ');
    expect(cookie).toContain('session_token');
    const { status } = await refusal(toolCall('list_tasks', {}, { cookie, origin: url }));
    expect(status).toBe(401);
  });
});

describe('a page of another site', () => {
  test.each([
    ['is refused by its origin', { origin: 'https://evil.example' }, 403, 'FORBIDDEN'],
    ['is refused with the origin null', { origin: 'null' }, 403, 'FORBIDDEN'],
    ['is refused by the browser’s own header', { 'sec-fetch-site': 'cross-site' }, 403, 'FORBIDDEN'],
    ['is refused by a host name that resolves to our address', { host: 'evil.example' }, 421, 'MISDIRECTED'],
  ])('%s, also with a valid token', async (_, headers, status, code) => {
    expect(await refusal(listTasks(headers as Record<string, string>))).toMatchObject({ status, code });
  });

  test('can use the server if its origin is allowed', async () => {
    const origin = 'https://inspector.example';
    const server = await startTestServer(world.databaseUrl, { ALLOWED_ORIGINS: origin });
    afterAll(() => server.stop());
    const preflight = await fetch(`${server.url}/mcp`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('mcp-protocol-version');
    const { status, headers } = await raw(`${server.url}/mcp`, listTasks({ origin }));
    expect(status).toBe(200);
    expect(headers['access-control-allow-origin']).toBe(origin);
  });
});

describe('a message is refused', () => {
  const post = (body: string | Buffer, headers: Record<string, string> = {}) => ({
    ...listTasks(headers),
    body,
  });
  test.each([
    [
      'by GET, since there are no streams',
      { method: 'GET', headers: bearer },
      405,
      'Send each message as a POST',
    ],
    ['by DELETE, since there are no sessions', { method: 'DELETE', headers: bearer }, 405, 'POST'],
    ['that is too long', post(`{"x":"${'a'.repeat(1024 * 1024)}"}`), 413, 'too long'],
    ['that is nested too deeply', post('['.repeat(10_000)), 400, 'nested'],
    ['that is not JSON', post('{"jsonrpc":'), 400, 'not valid JSON'],
    ['that is not UTF-8', post(Buffer.from([0x22, 0xff, 0x22])), 400, 'UTF-8'],
    ['that is a batch', post('[{"jsonrpc":"2.0","id":1,"method":"ping"}]'), 400, 'one JSON-RPC message'],
    ['that is no object', post('null'), 400, 'one JSON-RPC message'],
    ['in another charset', post('{}', { 'content-type': 'application/json; charset=utf-16' }), 415, 'UTF-8'],
    ['that is compressed', post('{}', { 'content-encoding': 'gzip' }), 415, 'Content-Encoding'],
  ])('%s', async (_, request, status, words) => {
    const answered = await refusal(request);
    expect(answered).toMatchObject({ status, code: 'BAD_USER_INPUT' });
    expect(answered.message).toContain(words);
  });

  test('that is a form, which any page can send', async () => {
    const { status } = await raw(`${url}/mcp`, post('{}', { 'content-type': 'text/plain' }));
    expect(status).toBe(415);
  });
});

test('requests count against the address', async () => {
  const server = await startTestServer(world.databaseUrl, { RATE_LIMIT_REQUESTS: '30', TRUST_PROXY: '1' });
  afterAll(() => server.stop());
  const request = listTasks({ 'x-forwarded-for': '203.0.113.7' });
  const statuses = new Set<number>();
  for (let n = 0; n < 31; n += 1) statuses.add((await raw(`${server.url}/mcp`, request)).status);
  expect([...statuses]).toEqual([200, 429]);
});
