import { WebSocket } from 'ws';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../../server/database/free-port.ts';
import { operation, raw } from '../../kit/raw-request.ts';
import { startTestServer } from '../../kit/server.ts';
import { startWorld } from '../../kit/world.ts';

const world = await startWorld();
const port = await freePort();
const proxied = await startTestServer(world.databaseUrl, {
  PORT: String(port),
  PUBLIC_URL: 'https://tasks.example.com',
  ALLOWED_ORIGINS: 'https://app.example.org',
  TRUST_PROXY: '1',
});
afterAll(() => proxied.stop());
const behind = `http://127.0.0.1:${port}`;

const PATHS = ['/graphql?query={__typename}', '/', '/api/auth/get-session', '/schema.graphql', '/metrics'];

describe('a page with a host name that resolves to our address', () => {
  test.each(PATHS)('cannot read %s (L1)', async (path) => {
    const answer = await raw(world.url + path, { headers: { host: 'evil.example:4000' } });
    expect(answer.status).toBe(path === '/metrics' ? 403 : 421);
    if (path !== '/metrics') expect(answer.text).toContain('PUBLIC_URL');
    expect(answer.text).not.toContain('taskwire_up');
  });

  test('can neither sign up nor open a socket (L1)', async () => {
    const mutation =
      'mutation { signUp(input: {name: "Eve", email: "eve@example.com", password: "correct horse"}) { token } }';
    const headers = { host: 'evil.example', origin: 'http://evil.example' };
    expect((await raw(`${world.url}/graphql`, operation(mutation, headers))).status).toBe(421);
    expect(await world.db.user.count({ where: { email: 'eve@example.com' } })).toBe(0);
    expect(await upgrade(world.url, headers)).toBe(421);
    expect(await upgrade(world.url, {})).toBe(101);
  });
});

test.each(['localhost:4000', 'app.localhost', '127.0.0.1', '[::1]:4000', '192.168.1.20:4000', '[fd00::1]'])(
  'without settings, the server is reachable at %s (L1)',
  async (host) => {
    const { status } = await raw(`${world.url}/graphql?query={__typename}`, { headers: { host } });
    expect(status).toBe(200);
  },
);

test('the server is reachable at its public URL and at allowed origins, and at no other name (L1)', async () => {
  const at = async (headers: Record<string, string>) =>
    (await raw(`${behind}/graphql?query={__typename}`, { headers })).status;
  expect(await at({ host: 'tasks.example.com' })).toBe(200);
  expect(await at({ host: 'TASKS.example.com:443' })).toBe(200);
  expect(await at({ host: 'app.example.org' })).toBe(200);
  expect(await at({ host: 'taskwire.internal' })).toBe(421);
  expect(await at({ host: 'tasks.example.com.evil.example' })).toBe(421);
  expect(await at({ host: 'tasks.example.com@evil.example' })).toBe(421);
});

test('a trusted proxy can pass on the requested host (PROXY-HOST)', async () => {
  const headers = { host: 'taskwire_upstream', 'x-forwarded-host': 'tasks.example.com' };
  const query = '/graphql?query={__typename}';
  expect((await raw(behind + query, { headers })).status).toBe(200);
  expect(
    (await raw(behind + query, { headers: { ...headers, 'x-forwarded-host': 'evil.example' } })).status,
  ).toBe(421);
  expect((await raw(world.url + query, { headers })).status).toBe(421);
});

test('probes can use any host name (L1)', async () => {
  for (const path of ['/healthz', '/readyz'])
    expect((await raw(behind + path, { headers: { host: 'server-1:4000' } })).status).toBe(200);
});

describe('metrics for Prometheus', () => {
  const TOKEN = 'a token for the metrics';

  test('require the token if one is set, also from this machine (METRICS-OPEN, L2)', async () => {
    const server = await startTestServer(world.databaseUrl, { METRICS_TOKEN: TOKEN });
    onTestFinished(() => server.stop());
    const get = async (headers: Record<string, string>) =>
      (await raw(`${server.url}/metrics`, { headers })).status;
    expect(await get({})).toBe(403);
    expect(await get({ authorization: 'Bearer of something else' })).toBe(403);
    expect(await get({ authorization: `Bearer ${TOKEN}` })).toBe(200);
    expect(await get({ authorization: `Bearer ${TOKEN}`, host: 'server-1:4000' })).toBe(200);
  });

  test('without a token are limited to this machine, and closed behind a proxy (METRICS-OPEN, L2)', async () => {
    const get = async (url: string, headers: Record<string, string> = {}) =>
      (await raw(`${url}/metrics`, { headers })).status;
    expect(await get(world.url)).toBe(200);
    expect(await get(world.url, { 'x-real-ip': '1.2.3.4' })).toBe(403);
    expect(await get(world.url, { 'x-forwarded-proto': 'https' })).toBe(403);
    expect(await get(behind)).toBe(403);
  });
});

/** @returns the status of the response to an upgrade. */
function upgrade(url: string, headers: Record<string, string>): Promise<number> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers });
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.once('unexpected-response', (_request, { statusCode = 0 }) => {
      resolve(statusCode);
    });
    socket.once('open', () => {
      socket.terminate();
      resolve(101);
    });
  });
}
