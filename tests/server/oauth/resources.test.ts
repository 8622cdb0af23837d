import { afterAll, describe, expect, test } from 'vitest';
import { freePort } from '../../../server/database/free-port.ts';
import { agentOf, toolCall } from '../../kit/agent.ts';
import { apiTokenOf } from '../../kit/api-tokens.ts';
import { dial, watchEvents } from '../../kit/live.ts';
import { connected, post, refresh, register, type Connected } from '../../kit/oauth.ts';
import { operation, raw } from '../../kit/raw-request.ts';
import { startTestServer } from '../../kit/server.ts';
import { startWorld, type Person } from '../../kit/world.ts';

const world = await startWorld();
const { url, people } = world;
const { ada } = await people('Ada');

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** What a token opens: the status of each way in. */
async function opens(token: string) {
  const streamed = await raw(`${url}/graphql`, {
    ...operation('{ viewer { id } }', { ...bearer(token), accept: 'text/event-stream' }),
  });
  const wire = await dial(url);
  wire.send({ type: 'connection_init', payload: bearer(token) });
  const socket = await Promise.race([
    wire
      .frame(({ type }) => type === 'connection_ack')
      .then(
        () => 'open',
        () => 'closed',
      ),
    wire.closed.then(({ code }) => code),
  ]);
  const cookies = await raw(`${url}/api/auth/get-session`, { headers: bearer(token) });
  return {
    mcp: (await raw(`${url}/mcp`, toolCall('list_tasks', {}, bearer(token)))).status,
    readonly: (await raw(`${url}/mcp/readonly`, toolCall('list_tasks', {}, bearer(token)))).status,
    graphql: (await raw(`${url}/graphql`, operation('{ viewer { id } }', bearer(token)))).status,
    stream: streamed.text.includes('UNAUTHENTICATED') ? 401 : 200,
    socket,
    session: cookies.text,
    metrics: (
      await raw(`${url}/metrics`, { headers: { ...bearer(token), 'x-forwarded-for': '1.1.1.1' } })
    ).text.includes(ada.id),
  };
}

describe('[FR-011] [FR-013] a token opens only the resource that it was issued for', () => {
  const closed = {
    mcp: 401,
    readonly: 401,
    graphql: 401,
    stream: 401,
    socket: 4403,
    session: 'null',
    metrics: false,
  };
  test.each([
    ['/mcp', { mcp: 200, readonly: 200 }],
    ['/mcp/readonly', { readonly: 200 }],
    ['/graphql', { graphql: 200, stream: 200, socket: 'open' }],
  ])('for %s', async (path, opened) => {
    const scope = path === '/mcp/readonly' ? 'read' : 'read write';
    const { token } = await connected(world, ada, { path, scope });
    expect(await opens(token)).toEqual({ ...closed, ...opened });
    // Also from the cache of credentials.
    expect(await opens(token)).toEqual({ ...closed, ...opened });
  });
});

describe('scopes limit what an application can do', () => {
  const write = 'mutation { createTask(input: { title: "x" }) { task { title } } }';
  test('by the API', async () => {
    const reader = await connected(world, ada, { path: '/graphql', scope: 'read' });
    const writer = await connected(world, ada, { path: '/graphql' });
    await expect(world.query(write, {}, bearer(reader.token))).rejects.toMatchObject({ code: 'FORBIDDEN' });
    expect(await world.query(write, {}, bearer(writer.token))).toEqual({
      createTask: { task: { title: 'x' } },
    });
  });

  test('by the tools for agents', async () => {
    const reader = await connected(world, ada, { scope: 'read' });
    const { text } = await raw(
      `${url}/mcp`,
      toolCall('create_tasks', { tasks: [{ title: 'x' }] }, bearer(reader.token)),
    );
    expect(text).toContain('FORBIDDEN');
  });

  test.each(['createApiToken(input: { name: "x", scopes: [READ] })', 'endOtherSessions', 'signOut'])(
    'never to %s',
    async (field) => {
      const { token } = await connected(world, ada, { path: '/graphql' });
      await expect(
        world.query(`mutation { ${field} { __typename } }`, {}, bearer(token)),
      ).rejects.toMatchObject({
        code: 'FORBIDDEN',
      });
    },
  );
});

describe('[FR-011] open streams end within a second', () => {
  const disconnect = 'mutation ($id: ID!) { disconnectApplication(input: { id: $id }) { cursor } }';
  const LIST = '{ viewer { connectedApplications { nodes { id } } } }';
  const idsOf = async (person: Person) => {
    const { viewer } = await person.query<{ viewer: { connectedApplications: { nodes: { id: string }[] } } }>(
      LIST,
    );
    return viewer.connectedApplications.nodes.map(({ id }) => id);
  };
  const ways: Record<string, (person: Person, application: Connected) => Promise<unknown>> = {
    'when the person disconnects the application': async (person) =>
      person.query(disconnect, { id: (await idsOf(person))[0] }),
    'when the application revokes its token': (_person, { token, clientId }) =>
      post(`${url}/oauth/revoke`, { token, client_id: clientId }),
    'when a refresh token is used twice': async (_person, application) => {
      await refresh(world, application);
      await refresh(world, application);
    },
  };
  test.each(Object.entries(ways))('%s', async (_, end) => {
    const { bob } = await people('Bob');
    const other = await startTestServer(world.databaseUrl);
    const application = await connected(world, bob, { path: '/graphql' });
    const [here, there] = await Promise.all([
      watchEvents(world, application),
      watchEvents(other, application),
    ]);
    const stream = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        ...bearer(application.token),
      },
      body: JSON.stringify({ query: 'subscription { events { cursor } }' }),
    });
    const text = stream.text();
    const startedAt = performance.now();
    await end(bob, application);
    expect(await here.wire.closed).toMatchObject({ code: 4401 });
    expect(await there.wire.closed).toMatchObject({ code: 4401 });
    expect(await text).toContain('UNAUTHENTICATED');
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    await other.stop();
  });

  test('and when the access token expires', async () => {
    const { bob } = await people('Bob');
    const application = await connected(world, bob, { path: '/graphql' });
    const accessExpiresAt = new Date(Date.now() + 3_000);
    await world.db.connectedApplication.updateMany({
      where: { clientId: application.clientId },
      data: { accessExpiresAt },
    });
    const events = await watchEvents(world, application);
    expect(await events.wire.closed).toMatchObject({ code: 4401 });
    expect(Date.now()).toBeGreaterThanOrEqual(accessExpiresAt.getTime());
  });
});

describe('clients find out how to connect', () => {
  const metadataOf = async (path: string) => {
    const { status, text, headers } = await raw(url + path);
    expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: 'application/json' });
    return JSON.parse(text) as Record<string, unknown>;
  };

  test.each([
    ['/mcp', ['read', 'write']],
    ['/mcp/readonly', ['read']],
    ['/graphql', ['read', 'write']],
  ])('[FR-025] at %s, by the header of the refusal', async (path, scopes) => {
    const request = path === '/graphql' ? operation('{ viewer { id } }') : toolCall('list_tasks', {}, {});
    const { status, headers } = await raw(url + path, request);
    const metadataUrl = `${url}/.well-known/oauth-protected-resource${path}`;
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toBe(
      `Bearer resource_metadata="${metadataUrl}", scope="${scopes.join(' ')}"`,
    );
    expect(await metadataOf(new URL(metadataUrl).pathname)).toMatchObject({
      resource: url + path,
      authorization_servers: [url],
      scopes_supported: scopes,
    });
    const wrong = { ...request, headers: { ...request.headers, ...bearer('twa_wrong') } };
    const refused = await raw(url + path, wrong);
    expect(refused.headers['www-authenticate']).toContain('error="invalid_token"');
  });

  test('other answers have no such header', async () => {
    const { status, headers } = await raw(
      `${url}/graphql`,
      operation('{ viewer { id } }', bearer(ada.token)),
    );
    expect(status).toBe(200);
    expect(headers).not.toHaveProperty('www-authenticate');
  });

  test('the metadata of the server names each endpoint, and what is required', async () => {
    expect(await metadataOf('/.well-known/oauth-authorization-server')).toMatchObject({
      issuer: url,
      authorization_endpoint: `${url}/authorize`,
      token_endpoint: `${url}/oauth/token`,
      registration_endpoint: `${url}/oauth/register`,
      revocation_endpoint: `${url}/oauth/revoke`,
      code_challenge_methods_supported: ['S256'],
      response_types_supported: ['code'],
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
    });
  });

  test('the metadata has the public address, also behind a proxy', async () => {
    const port = await freePort();
    const server = await startTestServer(world.databaseUrl, {
      PORT: String(port),
      PUBLIC_URL: 'https://tasks.example.com',
      TRUST_PROXY: '1',
    });
    afterAll(() => server.stop());
    const headers = { host: 'tasks.example.com', 'x-forwarded-host': 'evil.example' };
    const { text } = await raw(`http://127.0.0.1:${port}/.well-known/oauth-authorization-server`, {
      headers,
    });
    expect(JSON.parse(text)).toMatchObject({ issuer: 'https://tasks.example.com' });
    expect(text).not.toContain('evil');
  });
});

test('OAUTH=off switches all of it off, also for applications that are connected', async () => {
  const application = await connected(world, ada, { path: '/graphql' });
  const server = await startTestServer(world.databaseUrl, { OAUTH: 'off' });
  afterAll(() => server.stop());
  for (const path of [
    '/.well-known/oauth-protected-resource/mcp',
    '/.well-known/oauth-authorization-server',
    '/oauth/token',
  ])
    expect((await raw(server.url + path)).status, path).toBe(404);
  const { status } = await raw(`${server.url}/oauth/register`, { method: 'POST', body: '{}' });
  expect(status).toBe(405);
  const refused = await raw(
    `${server.url}/graphql`,
    operation('{ viewer { id } }', bearer(application.token)),
  );
  expect(refused.status).toBe(401);
  expect(refused.headers).not.toHaveProperty('www-authenticate');
  const agent = await raw(`${server.url}/mcp`, toolCall('list_tasks', {}, {}));
  expect(agent.headers['www-authenticate']).toBe('Bearer');
  const { token } = await apiTokenOf(ada);
  const read = operation('{ authorizationRequest(parameters: "x") { name } }', bearer(token));
  expect((await raw(`${server.url}/graphql`, read)).text).toContain('does not connect applications');
  // API tokens go on.
  await agentOf(ada, server.url);
});

test('a page of another origin reads the endpoints only if it is allowed', async () => {
  const origin = 'https://inspector.example';
  const closed = await register(url, {}, { origin });
  expect(closed.headers).not.toHaveProperty('access-control-allow-origin');
  const server = await startTestServer(world.databaseUrl, { ALLOWED_ORIGINS: origin });
  afterAll(() => server.stop());
  const open = await register(server.url, {}, { origin });
  expect(open.headers['access-control-allow-origin']).toBe(origin);
});
