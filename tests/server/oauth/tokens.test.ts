import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { uuidOf } from '../../../server/ids.ts';
import { allow, clientOf, connected, post, redeem, refresh, requestOf } from '../../kit/oauth.ts';
import { raw } from '../../kit/raw-request.ts';
import { startTestServer } from '../../kit/server.ts';
import { startWorld, type Person } from '../../kit/world.ts';

const world = await startWorld();
const { url, people } = world;

const viewerBy = (token: string) =>
  world.query<{ viewer: { name: string } }>('{ viewer { name } }', {}, { authorization: `Bearer ${token}` });

/** A code that is not used yet. */
async function codeOf(person: Person) {
  const clientId = await clientOf(world);
  const { parameters, verifier } = requestOf(world, clientId, { resource: `${url}/graphql` });
  const code = (await allow(person, parameters)).searchParams.get('code') ?? '';
  return { clientId, code, verifier };
}

/** The kinds of a person's events about applications, oldest first. */
async function kindsOf({ id }: Person): Promise<string[]> {
  const userId = uuidOf('User', id);
  const events = await world.db.event.findMany({
    where: { kind: { startsWith: 'application.' }, OR: [{ actorId: userId }, { personId: userId }] },
    orderBy: { sequence: 'asc' },
  });
  return events.map(({ kind }) => kind);
}

describe('a code', () => {
  test('[FR-012] is exchanged for tokens that expire', async () => {
    const { ada } = await people('Ada');
    const { status, body, headers } = await redeem(world, await codeOf(ada));
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('no-store');
    expect(body).toEqual({
      access_token: expect.stringMatching(/^twa_[\w-]{43}$/) as unknown,
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: expect.stringMatching(/^twr_[\w-]{86}$/) as unknown,
      scope: 'read write',
    });
    expect(await viewerBy(body['access_token'] as string)).toEqual({ viewer: { name: 'Ada' } });
  });

  test('[FR-013] that is used twice disconnects the application', async () => {
    const { ada } = await people('Ada');
    const given = await codeOf(ada);
    const { body } = await redeem(world, given);
    const again = await redeem(world, given);
    expect(again).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    await expect(viewerBy(body['access_token'] as string)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    const refreshToken = body['refresh_token'] as string;
    expect((await refresh(world, { ...given, refreshToken })).body['error']).toBe('invalid_grant');
    expect(await kindsOf(ada)).toEqual(['application.connected', 'application.tokenReused']);
  });

  test('that is used twice at once gives tokens once at most', async () => {
    const { ada } = await people('Ada');
    const given = await codeOf(ada);
    const answers = await Promise.all(Array.from({ length: 5 }, () => redeem(world, given)));
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
    for (const { body } of answers)
      if (body['access_token'])
        await expect(viewerBy(body['access_token'] as string)).rejects.toMatchObject({
          code: 'UNAUTHENTICATED',
        });
  });

  test.each([
    ['of another client', async () => ({ client_id: await clientOf(world) })],
    ['with another verifier', () => ({ code_verifier: randomBytes(32).toString('base64url') })],
    ['with the challenge as verifier', () => ({ code_verifier: 'x' })],
    ['with another redirect URI', () => ({ redirect_uri: 'http://127.0.0.1:1/callback' })],
    ['for another resource', () => ({ resource: `${url}/mcp` })],
    ['that was guessed', () => ({ code: `twc_${randomBytes(32).toString('base64url')}` })],
  ])('[FR-013] %s gives nothing', async (_, changes) => {
    const { ada } = await people('Ada');
    const given = await codeOf(ada);
    expect(await redeem(world, given, await changes())).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    expect((await redeem(world, given)).status).toBe(200);
  });

  test('[FR-013] expires after a minute', async () => {
    const { ada } = await people('Ada');
    const given = await codeOf(ada);
    const { codeExpiresAt, createdAt } = await world.db.connectedApplication.findFirstOrThrow({
      where: { clientId: given.clientId },
    });
    expect(codeExpiresAt.getTime() - createdAt.getTime()).toBeLessThanOrEqual(61_000);
    await world.db.connectedApplication.updateMany({
      where: { clientId: given.clientId },
      data: { codeExpiresAt: new Date() },
    });
    expect((await redeem(world, given)).body['error']).toBe('invalid_grant');
  });

  test('is stored as a hash, as are the tokens', async () => {
    const { ada } = await people('Ada');
    const application = await connected(world, ada);
    const rows = await world.db.$queryRaw<{ row: string }[]>`
      SELECT to_jsonb(x)::text AS row FROM connected_applications AS x WHERE client_id = ${application.clientId}`;
    const stored = rows.map(({ row }) => row).join('');
    expect(stored).not.toBe('');
    for (const secret of [application.code, application.token, application.refreshToken])
      for (const form of [secret, Buffer.from(secret).toString('hex')]) expect(stored).not.toContain(form);
  });
});

describe('a refresh token', () => {
  test('[FR-012] replaces both tokens', async () => {
    const { ada } = await people('Ada');
    const first = await connected(world, ada, { path: '/graphql' });
    await viewerBy(first.token);
    const { status, body } = await refresh(world, first);
    expect(status).toBe(200);
    expect(body).toMatchObject({ expires_in: 3600, scope: 'read write' });
    expect(body['refresh_token']).not.toBe(first.refreshToken);
    expect(await viewerBy(body['access_token'] as string)).toEqual({ viewer: { name: 'Ada' } });
    await expect(viewerBy(first.token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('[FR-013] that was used before disconnects the application, whoever uses it', async () => {
    const { ada } = await people('Ada');
    const first = await connected(world, ada, { path: '/graphql' });
    const second = await refresh(world, first);
    const token = second.body['access_token'] as string;
    await viewerBy(token);
    expect((await refresh(world, first)).body['error']).toBe('invalid_grant');
    await expect(viewerBy(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    const refreshToken = second.body['refresh_token'] as string;
    expect((await refresh(world, { ...first, refreshToken })).body['error']).toBe('invalid_grant');
    expect(await kindsOf(ada)).toEqual(['application.connected', 'application.tokenReused']);
  });

  test('that is used twice at once leaves no valid token', async () => {
    const { ada } = await people('Ada');
    const first = await connected(world, ada, { path: '/graphql' });
    const answers = await Promise.all([refresh(world, first), refresh(world, first)]);
    expect(answers.map(({ status }) => status)).toContain(400);
    for (const { body } of answers)
      if (body['access_token'])
        await expect(viewerBy(body['access_token'] as string)).rejects.toMatchObject({
          code: 'UNAUTHENTICATED',
        });
  });

  test.each([
    ['of another client', async () => ({ client_id: await clientOf(world) })],
    ['for another resource', () => ({ resource: `${url}/mcp` })],
    ['that was guessed', () => ({ refresh_token: `twr_${randomBytes(64).toString('base64url')}` })],
    ['that is an access token', () => ({ refresh_token: `twa_${randomBytes(32).toString('base64url')}` })],
  ])('[FR-013] %s gives nothing', async (_, changes) => {
    const { ada } = await people('Ada');
    const first = await connected(world, ada, { path: '/graphql' });
    const { status, body } = await refresh(world, first, await changes());
    expect({ status, error: body['error'] }).toEqual({ status: 400, error: 'invalid_grant' });
    expect((await refresh(world, first)).status).toBe(200);
  });

  test('[FR-012] works for 30 days after the person allowed the access, and not longer', async () => {
    const { ada } = await people('Ada');
    const first = await connected(world, ada, { path: '/graphql' });
    const where = { clientId: first.clientId };
    const { expiresAt, createdAt } = await world.db.connectedApplication.findFirstOrThrow({ where });
    expect(expiresAt.getTime() - createdAt.getTime()).toBe(30 * 24 * 60 * 60 * 1000);
    const refreshed = await refresh(world, first);
    expect((await world.db.connectedApplication.findFirstOrThrow({ where })).expiresAt).toEqual(expiresAt);
    await world.db.connectedApplication.updateMany({ where, data: { expiresAt: new Date() } });
    await expect(viewerBy(refreshed.body['access_token'] as string)).rejects.toThrow('expired');
    const refreshToken = refreshed.body['refresh_token'] as string;
    expect((await refresh(world, { ...first, refreshToken })).body['error']).toBe('invalid_grant');
  });
});

test('[FR-013] an access token that has expired opens nothing', async () => {
  const { ada } = await people('Ada');
  const { token, clientId } = await connected(world, ada, { path: '/graphql' });
  await world.db.connectedApplication.updateMany({
    where: { clientId },
    data: { accessExpiresAt: new Date() },
  });
  await expect(viewerBy(token)).rejects.toThrow('This access token has expired. Refresh it.');
});

describe('an application disconnects itself', () => {
  test.each(['token', 'refreshToken'] as const)('by its %s', async (which) => {
    const { ada } = await people('Ada');
    const application = await connected(world, ada, { path: '/graphql' });
    await viewerBy(application.token);
    const { status } = await post(`${url}/oauth/revoke`, {
      token: application[which],
      client_id: application.clientId,
    });
    expect(status).toBe(200);
    await expect(viewerBy(application.token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await kindsOf(ada)).toEqual(['application.connected', 'application.disconnected']);
  });

  test('but no other: the answer is the same, and nothing ends', async () => {
    const { ada } = await people('Ada');
    const { token } = await connected(world, ada, { path: '/graphql' });
    const forms: Record<string, string>[] = [
      { token, client_id: await clientOf(world) },
      { token: 'twa_unknown' },
    ];
    for (const form of forms)
      expect(await post(`${url}/oauth/revoke`, form)).toMatchObject({ status: 200, body: {} });
    expect(await viewerBy(token)).toEqual({ viewer: { name: 'Ada' } });
  });
});

describe('a request to the token endpoint is refused', () => {
  const form = { grant_type: 'authorization_code', client_id: 'x', code: 'x', code_verifier: 'x' };
  const without = (name: string) => Object.fromEntries(Object.entries(form).filter(([key]) => key !== name));
  test.each([
    ['without a grant type', without('grant_type'), 'invalid_request'],
    ['without a client', without('client_id'), 'invalid_request'],
    ['without a code', without('code'), 'invalid_request'],
    ['without a verifier', without('code_verifier'), 'invalid_request'],
    ['with a password', { ...form, grant_type: 'password' }, 'unsupported_grant_type'],
    ['for itself', { ...form, grant_type: 'client_credentials' }, 'unsupported_grant_type'],
    ['for another server', { ...form, resource: 'https://other.example/' }, 'invalid_target'],
  ])('%s', async (_, given, error) => {
    expect(await post(`${url}/oauth/token`, given as Record<string, string>)).toMatchObject({
      status: 400,
      body: { error },
    });
  });

  test.each([
    ['by GET', { method: 'GET' }, 405],
    [
      'as JSON',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(form) },
      400,
    ],
    [
      'with a parameter twice',
      {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `${new URLSearchParams(form).toString()}&code=y`,
      },
      400,
    ],
    [
      'that is too long',
      {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `code=${'x'.repeat(20_000)}`,
      },
      413,
    ],
  ])('%s', async (_, request, expected) => {
    const { status, text } = await raw(`${url}/oauth/token`, request);
    expect(status).toBe(expected);
    expect(JSON.parse(text)).toHaveProperty('error', 'invalid_request');
  });

  test('[BR-19] after too many guesses from one address', async () => {
    const server = await startTestServer(world.databaseUrl, { RATE_LIMIT_REQUESTS: '50', TRUST_PROXY: '1' });
    const statuses: number[] = [];
    for (let n = 0; n < 6; n += 1)
      statuses.push(
        (await post(`${server.url}/oauth/token`, form, { 'x-forwarded-for': '203.0.113.8' })).status,
      );
    await server.stop();
    expect(statuses).toEqual([400, 400, 400, 400, 400, 429]);
  });
});

test('[FR-026] people see and disconnect their own applications only', async () => {
  const { ada, eve } = await people('Ada', 'Eve');
  const { token } = await connected(world, ada, { path: '/graphql', scope: 'read' });
  await viewerBy(token);
  const list = `{ viewer { id connectedApplications { totalCount nodes {
    id name host redirectPlace resource scopes lastUsedAt expiresAt
  } } } }`;
  interface Listed {
    viewer: { connectedApplications: { nodes: { id: string }[] } };
  }
  const { viewer } = await ada.query<Listed>(list);
  const [application] = viewer.connectedApplications.nodes;
  expect(application).toMatchObject({
    name: 'A program',
    host: null,
    redirectPlace: '127.0.0.1:5001',
    resource: 'GRAPHQL',
    scopes: ['READ'],
    lastUsedAt: expect.any(String) as unknown,
  });
  const id = application?.id;
  expect((await eve.query<Listed>(list)).viewer.connectedApplications.nodes).toEqual([]);
  const disconnect =
    'mutation ($id: ID!) { disconnectApplication(input: { id: $id }) { disconnectedApplicationId } }';
  await expect(eve.query(disconnect, { id })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await viewerBy(token)).toEqual({ viewer: { name: 'Ada' } });
  expect(await ada.query(disconnect, { id })).toEqual({
    disconnectApplication: { disconnectedApplicationId: id },
  });
  expect(await ada.query(disconnect, { id })).toEqual({
    disconnectApplication: { disconnectedApplicationId: id },
  });
  await expect(viewerBy(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('a new password disconnects applications if the person asks for it', async () => {
  const { ada } = await people('Ada');
  const { token } = await connected(world, ada, { path: '/graphql' });
  const change = `mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { disconnectedApplications } }`;
  const [old, next] = ['correct horse battery', 'a better horse battery'];
  await ada.query(change, { input: { currentPassword: old, newPassword: next } });
  expect(await viewerBy(token)).toEqual({ viewer: { name: 'Ada' } });
  const input = { currentPassword: next, newPassword: old, revokeApiTokens: true };
  expect(await ada.query(change, { input })).toEqual({ changePassword: { disconnectedApplications: 1 } });
  await expect(viewerBy(token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('a deleted account takes its applications along', async () => {
  const { ada } = await people('Ada');
  const { clientId } = await connected(world, ada);
  await world.db.$executeRaw`DELETE FROM users WHERE id = ${uuidOf('User', ada.id)}::uuid`;
  expect(await world.db.connectedApplication.count({ where: { clientId } })).toBe(0);
});

test('any process exchanges a code and refreshes tokens', async () => {
  const { ada } = await people('Ada');
  const other = await startTestServer(world.databaseUrl);
  const given = await codeOf(ada);
  const { body } = await redeem(other, given);
  expect(await viewerBy(body['access_token'] as string)).toEqual({ viewer: { name: 'Ada' } });
  expect((await refresh(world, { ...given, refreshToken: body['refresh_token'] as string })).status).toBe(
    200,
  );
  await other.stop();
});
