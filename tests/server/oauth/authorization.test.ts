import { describe, expect, test } from 'vitest';
import { allow, clientOf, connected, REDIRECT_URI, register, requestOf } from '../../kit/oauth.ts';
import { apiTokenOf } from '../../kit/api-tokens.ts';
import { raw } from '../../kit/raw-request.ts';
import { startTestServer } from '../../kit/server.ts';
import { startWorld, type Person } from '../../kit/world.ts';

const world = await startWorld();
const { url, people } = world;
const { ada } = await people('Ada');

const REQUEST = `query ($parameters: String!) {
  authorizationRequest(parameters: $parameters) { name host fault refusalUrl resource scopes }
}`;

interface Read {
  authorizationRequest: {
    fault: string | null;
    refusalUrl: string;
    resource: string | null;
    scopes: string[];
  };
}

const read = async (person: Person, parameters: string) =>
  (await person.query<Read>(REQUEST, { parameters })).authorizationRequest;

describe('a program that registers itself', () => {
  test('gets a client id, and no secret', async () => {
    const { status, body, headers } = await register(url, {
      token_endpoint_auth_method: 'client_secret_basic',
    });
    expect(status).toBe(201);
    expect(headers['cache-control']).toBe('no-store');
    expect(body).toMatchObject({
      client_name: 'A program',
      redirect_uris: [REDIRECT_URI],
      token_endpoint_auth_method: 'none',
    });
    expect(body).not.toHaveProperty('client_secret');
  });

  test.each([
    ['runs a script', 'javascript:alert(1)'],
    ['is data', 'data:text/html,x'],
    ['is a file', 'file:///etc/passwd'],
    ['has a fragment', 'https://app.example/callback#x'],
    ['has an empty fragment', 'https://app.example/callback#'],
    ['has a user name', 'https://bank.example@evil.example/'],
    ['is plain http to another machine', 'http://app.example/callback'],
    ['has a look-alike of a loopback name', 'http://localhost.evil.example/'],
    ['has a backslash', 'https://evil.example\\@app.example/'],
    ['has a line break', 'https://app.example/\ncallback'],
    ['is no URL', 'callback'],
    ['is too long', `https://app.example/${'x'.repeat(2_000)}`],
  ])('is refused with a redirect URI that %s', async (_, uri) => {
    const { status, body } = await register(url, { redirect_uris: [uri] });
    expect({ status, error: body['error'] }).toEqual({ status: 400, error: 'invalid_redirect_uri' });
  });

  test.each([
    ['https://app.example/callback?x=1'],
    ['http://localhost:3000/callback'],
    ['http://[::1]/callback'],
    ['com.example.app:/callback'],
    ['cursor://anysphere.cursor-mcp/oauth/callback'],
  ])('can use the redirect URI %s', async (uri) => {
    expect((await register(url, { redirect_uris: [uri] })).status).toBe(201);
  });

  test.each([
    ['without redirect URIs', { redirect_uris: undefined }],
    ['with too many redirect URIs', { redirect_uris: Array(11).fill(REDIRECT_URI) }],
    ['with a name of 101 characters', { client_name: 'x'.repeat(101) }],
    ['with a name that reverses the text', { client_name: 'safe \u202E live' }],
    ['for another grant', { grant_types: ['client_credentials'] }],
    ['for tokens in the address', { response_types: ['token'] }],
  ])('is refused %s', async (_, metadata) => {
    expect((await register(url, metadata)).status).toBe(400);
  });

  test('[BR-19] can register 20 times in an hour from one address', async () => {
    const server = await startTestServer(world.databaseUrl, { TRUST_PROXY: '1' });
    const from = { 'x-forwarded-for': '203.0.113.9' };
    const statuses = [];
    for (let n = 0; n < 21; n += 1) statuses.push((await register(server.url, {}, from)).status);
    await server.stop();
    expect(statuses.slice(0, 20).every((status) => status === 201)).toBe(true);
    expect(statuses[20]).toBe(429);
  });

  test('expires after a day without use, and after a year of disuse', async () => {
    const [unused, used, idle] = await Promise.all([clientOf(world), clientOf(world), clientOf(world)]);
    const ago = (days: number) => new Date(Date.now() - days * 24 * 60 * 60 * 1000);
    await world.db.oauthClient.updateMany({
      where: { id: { in: [unused, used, idle] } },
      data: { createdAt: ago(2) },
    });
    await world.db.oauthClient.update({ where: { id: used }, data: { authorizedAt: ago(364) } });
    await world.db.oauthClient.update({ where: { id: idle }, data: { authorizedAt: ago(366) } });
    await clientOf(world);
    const left = await world.db.oauthClient.findMany({ where: { id: { in: [unused, used, idle] } } });
    expect(left.map(({ id }) => id)).toEqual([used]);
  });
});

describe('a person is sent nowhere', () => {
  const CASES: [string, (clientId: string) => string, string][] = [
    ['by an unknown client', () => requestOf(world, crypto.randomUUID()).parameters, 'not registered'],
    ['by a client id that is none', () => requestOf(world, "' OR 1=1").parameters, 'not registered'],
    ['without a client', () => 'response_type=code', 'does not name'],
    [
      'to another address',
      (id) => requestOf(world, id, { redirect_uri: 'https://evil.example/' }).parameters,
      'registered',
    ],
    [
      'to a longer path',
      (id) => requestOf(world, id, { redirect_uri: `${REDIRECT_URI}/more` }).parameters,
      'registered',
    ],
    [
      'to another query',
      (id) => requestOf(world, id, { redirect_uri: `${REDIRECT_URI}?x=1` }).parameters,
      'registered',
    ],
    [
      'to a user at the registered host',
      (id) =>
        requestOf(world, id, { redirect_uri: 'http://127.0.0.1:5001@evil.example/callback' }).parameters,
      'registered',
    ],
    [
      'with two addresses',
      (id) => `${requestOf(world, id).parameters}&redirect_uri=https://evil.example/`,
      'twice',
    ],
    [
      'with a request that is too long',
      (id) => requestOf(world, id, { state: 'x'.repeat(9_000) }).parameters,
      'too long',
    ],
  ];
  test.each(CASES)('%s', async (_, parameters, words) => {
    const given = parameters(await clientOf(world));
    for (const attempt of [read, allow]) {
      const refused = attempt(ada, given);
      await expect(refused).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
      await expect(refused).rejects.toThrow(words);
    }
  });
});

describe('a client is told what is wrong, and nothing is connected', () => {
  test.each([
    ['without PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['with plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['with a challenge without its method', { code_challenge_method: undefined }, 'invalid_request'],
    ['with a challenge that is no hash', { code_challenge: 'short' }, 'invalid_request'],
    ['for a token in the address', { response_type: 'token' }, 'unsupported_response_type'],
    ['for an answer in the fragment', { response_mode: 'fragment' }, 'invalid_request'],
    ['without a resource', { resource: undefined }, 'invalid_target'],
    ['for a resource of another server', { resource: 'https://other.example/mcp' }, 'invalid_target'],
    ['for a resource that does not exist', { resource: `${url}/admin` }, 'invalid_target'],
    ['with unknown scopes only', { scope: 'admin' }, 'invalid_scope'],
    [
      'for writing where one can only read',
      { resource: `${url}/mcp/readonly`, scope: 'write' },
      'invalid_scope',
    ],
  ])('%s', async (_, changes, error) => {
    const { parameters } = requestOf(world, await clientOf(world), changes);
    const { fault, refusalUrl } = await read(ada, parameters);
    expect(fault).not.toBeNull();
    const sent = new URL(refusalUrl);
    expect(sent.origin + sent.pathname).toBe(REDIRECT_URI);
    expect(Object.fromEntries(sent.searchParams)).toMatchObject({ error, state: 'a state', iss: url });
    await expect(allow(ada, parameters)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });
});

test('scopes are the known ones of those requested; without any, reading', async () => {
  const clientId = await clientOf(world);
  const scopesOf = async (scope: string | undefined) =>
    (await read(ada, requestOf(world, clientId, { scope }).parameters)).scopes;
  expect(await scopesOf('openid read offline_access')).toEqual(['READ']);
  expect(await scopesOf('write')).toEqual(['READ', 'WRITE']);
  expect(await scopesOf(undefined)).toEqual(['READ']);
});

test('a program on the device can use any port', async () => {
  const clientId = await clientOf(world, { redirect_uris: ['http://127.0.0.1/callback'] });
  const { parameters } = requestOf(world, clientId, { redirect_uri: 'http://127.0.0.1:54321/callback' });
  expect((await allow(ada, parameters)).host).toBe('127.0.0.1:54321');
});

test('the answer names this server and has the state as it was sent', async () => {
  const state = '&code=forged#"><script>';
  const { parameters } = requestOf(world, await clientOf(world), { state });
  const sent = await allow(ada, parameters);
  expect([...sent.searchParams.keys()]).toEqual(['code', 'state', 'iss']);
  expect(sent.searchParams.get('state')).toBe(state);
  expect(sent.searchParams.get('iss')).toBe(url);
});

describe('only the person in their own session can allow access', () => {
  test('a token cannot', async () => {
    const { token } = await apiTokenOf(ada, { scopes: ['READ', 'WRITE'] });
    const application = await connected(world, ada, { path: '/graphql' });
    const { parameters } = requestOf(world, await clientOf(world));
    for (const credential of [token, application.token]) {
      const query: Person['query'] = (document, variables) =>
        world.query(document, variables, { authorization: `Bearer ${credential}` });
      await expect(allow({ query }, parameters)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    }
  });

  test('another page cannot, by the cookie of the browser', async () => {
    const signIn = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: JSON.stringify({
        query: 'mutation ($input: SignInInput!) { signIn(input: $input) { viewer { id } } }',
        variables: { input: { email: ada.email, password: 'correct horse battery' } },
      }),
    });
    const cookie = signIn.headers.getSetCookie().join('; ');
    const { parameters } = requestOf(world, await clientOf(world));
    const query = `mutation { connectApplication(input: { parameters: ${JSON.stringify(parameters)} }) { redirectUrl } }`;
    const send = (headers: Record<string, string>, body: string) =>
      raw(`${url}/graphql`, { method: 'POST', headers: { cookie, ...headers }, body });
    const answers = await Promise.all([
      send({ origin: 'https://evil.example', 'content-type': 'application/json' }, JSON.stringify({ query })),
      send({ origin: 'null', 'content-type': 'application/json' }, JSON.stringify({ query })),
      send(
        { 'content-type': 'application/x-www-form-urlencoded' },
        new URLSearchParams({ query }).toString(),
      ),
      send({ 'content-type': 'text/plain' }, JSON.stringify({ query })),
    ]);
    for (const { text } of answers) expect(text).not.toContain('redirectUrl":"');
    const own = await send({ origin: url, 'content-type': 'application/json' }, JSON.stringify({ query }));
    expect(own.text).toContain('redirectUrl":"');
  });

  test('the page can be a window of an application; no other page can', async () => {
    const openerPolicyOf = async (path: string) =>
      (await raw(url + path)).headers['cross-origin-opener-policy'];
    expect(await openerPolicyOf('/authorize?client_id=x')).toBe('unsafe-none');
    expect(await openerPolicyOf('/settings')).toBe('same-origin');
  });

  test('the page cannot be shown in a frame', async () => {
    const { headers } = await raw(`${url}/authorize?client_id=x`);
    expect(headers['x-frame-options']).toBe('DENY');
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  });
});

test('a person connects at most 100 applications', async () => {
  const { bob } = await people('Bob');
  const { parameters } = requestOf(world, await clientOf(world));
  for (let n = 0; n < 100; n += 1) await allow(bob, parameters);
  await expect(allow(bob, parameters)).rejects.toMatchObject({ code: 'CONFLICT' });
  await world.db.connectedApplication.updateMany({ data: { expiresAt: new Date() } });
  await allow(bob, parameters);
});
