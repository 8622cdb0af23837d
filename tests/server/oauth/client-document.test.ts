import { describe, expect, test } from 'vitest';
import { json, startDocumentServer } from '../../kit/document-server.ts';
import { allow, REDIRECT_URI, requestOf } from '../../kit/oauth.ts';
import { startWorld, type Person } from '../../kit/world.ts';

// Other processes would not trust the certificate.
const isHere = !process.env['TEST_WORKERS'];
const documents = await startDocumentServer();
const { answers, asked, origin, port } = documents;
const world = await startWorld({ OAUTH_CLIENT_HOSTS: 'localhost' });
const strict = await startWorld();

const REQUEST = `query ($parameters: String!) {
  authorizationRequest(parameters: $parameters) { name host redirectPlace isOnDevice fault }
}`;

function ask(person: Person, clientId: string, changes: Record<string, string> = {}): Promise<unknown> {
  return person.query(REQUEST, { parameters: requestOf(world, clientId, changes).parameters });
}

const documentAt = (path: string, changes: object = {}) => ({
  client_id: origin + path,
  client_name: 'A planner',
  redirect_uris: [REDIRECT_URI, 'https://planner.example/callback'],
  token_endpoint_auth_method: 'none',
  ...changes,
});

describe.runIf(isHere)('an application with a metadata document', () => {
  test('is shown with its name and the host of the document, and can be connected', async () => {
    const { ada } = await world.people('Ada');
    answers['/planner.json'] = json(documentAt('/planner.json'), { 'cache-control': 'max-age=60' });
    expect(await ask(ada, `${origin}/planner.json`)).toEqual({
      authorizationRequest: {
        name: 'A planner',
        host: `localhost:${port}`,
        redirectPlace: '127.0.0.1:5001',
        isOnDevice: true,
        fault: null,
      },
    });
    const { parameters } = requestOf(world, `${origin}/planner.json`);
    expect((await allow(ada, parameters)).searchParams.get('code')).toMatch(/^twc_/);
    expect(asked.filter((path) => path === '/planner.json')).toHaveLength(1);
  });

  test('is read again if the document must not be cached', async () => {
    const { ada } = await world.people('Ada');
    answers['/fresh.json'] = json(documentAt('/fresh.json'), { 'cache-control': 'no-store' });
    await ask(ada, `${origin}/fresh.json`);
    await ask(ada, `${origin}/fresh.json`);
    expect(asked.filter((path) => path === '/fresh.json')).toHaveLength(2);
  });

  test('cannot send people to an address that the document does not have', async () => {
    const { ada } = await world.people('Ada');
    answers['/planner.json'] = json(documentAt('/planner.json'));
    for (const redirect_uri of ['https://evil.example/callback', 'https://planner.example/callback/more'])
      await expect(ask(ada, `${origin}/planner.json`, { redirect_uri })).rejects.toThrow('not registered');
  });
});

describe.runIf(isHere)('a metadata document is refused', () => {
  const cases: [string, Parameters<typeof json>, string][] = [
    ['that names another client', [documentAt('/elsewhere.json')], 'belongs to another application'],
    ['without a name', [documentAt('/refused.json', { client_name: undefined })], 'client_name'],
    ['without redirect URIs', [documentAt('/refused.json', { redirect_uris: [] })], 'at least one URL'],
    [
      'with a redirect URI that runs a script',
      [documentAt('/refused.json', { redirect_uris: ['javascript:alert(1)'] })],
      'must use https',
    ],
    [
      'that asks for a secret',
      [documentAt('/refused.json', { token_endpoint_auth_method: 'client_secret_basic' })],
      'no client secrets',
    ],
    [
      'that is too long',
      [documentAt('/refused.json', { client_uri: 'x'.repeat(20_000) })],
      'longer than 10 kB',
    ],
    ['that is not JSON', ['<html>'], 'not valid JSON'],
    ['that is a list', ['[]'], 'not valid'],
    ['of another type', [documentAt('/refused.json'), { 'content-type': 'text/html' }], 'as JSON'],
  ];
  test.each(cases)('%s', async (_, [content, headers], words) => {
    const { ada } = await world.people('Ada');
    answers['/refused.json'] = json(content, headers);
    const refused = ask(ada, `${origin}/refused.json`);
    await expect(refused).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
    await expect(refused).rejects.toThrow(words);
  });

  test('that is elsewhere: redirects are not followed', async () => {
    const { ada } = await world.people('Ada');
    answers['/moved.json'] = (_request, response) => {
      response.writeHead(302, { location: `${origin}/planner.json` }).end();
    };
    await expect(ask(ada, `${origin}/moved.json`)).rejects.toThrow('did not return');
    expect(asked.at(-1)).toBe('/moved.json');
  });

  test('that arrives slowly, after 5 seconds', async () => {
    const { ada } = await world.people('Ada');
    answers['/slow.json'] = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const drip = setInterval(() => response.write(' '), 200);
      response.once('close', () => {
        clearInterval(drip);
      });
    };
    const startedAt = performance.now();
    await expect(ask(ada, `${origin}/slow.json`)).rejects.toThrow('cannot be read');
    expect(performance.now() - startedAt).toBeLessThan(8_000);
  });
});

describe('a client id is refused', () => {
  test.each([
    ['over http', 'http://app.example/client.json'],
    ['without a path', 'https://app.example/'],
    ['with a fragment', 'https://app.example/client.json#x'],
    ['with a user name', 'https://someone@app.example/client.json'],
    ['with dot segments', 'https://app.example/a/../client.json'],
    ['in another spelling', 'https://APP.example/client.json'],
    ['that is too long', `https://app.example/${'x'.repeat(600)}`],
  ])('%s', async (_, clientId) => {
    const { ada } = await world.people('Ada');
    await expect(ask(ada, clientId)).rejects.toThrow('A client id must');
  });
});

describe('[BR-19] no request is sent to a private address', () => {
  test.each([
    ['by the name of this machine', () => `https://localhost:${port}/planner.json`],
    ['by an address', () => `https://127.0.0.1:${port}/planner.json`],
    ['by an IPv6 address', () => `https://[::1]:${port}/planner.json`],
    ['by an IPv4 address inside of IPv6', () => `https://[::ffff:7f00:1]:${port}/planner.json`],
    ['to the metadata of a cloud', () => 'https://169.254.169.254/latest'],
  ])('%s', async (_, clientId) => {
    const { ada } = await strict.people('Ada');
    const before = asked.length;
    const startedAt = performance.now();
    await expect(ask(ada, clientId())).rejects.toThrow('cannot be read');
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(asked).toHaveLength(before);
  });
});

test.runIf(isHere)('a person can have 60 documents fetched in an hour', async () => {
  const { ada, bob } = await world.people('Ada', 'Bob');
  for (let n = 0; n < 60; n += 1) await ask(ada, `${origin}/${n}`).catch(() => undefined);
  await expect(ask(ada, `${origin}/60`)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  await expect(ask(bob, `${origin}/60`)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
});
