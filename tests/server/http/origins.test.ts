import { expect, test } from 'vitest';
import { dial } from '../../kit/live.ts';
import { startWorld } from '../../kit/world.ts';

const APP = 'https://app.example.com';
const FOREIGN = 'https://evil.example.com';
const world = await startWorld({ ALLOWED_ORIGINS: `${APP}, http://localhost:5173/` });

async function cookieOf(email: string): Promise<string> {
  const response = await fetch(`${world.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      query: `mutation { signUp(input: { name: "Ada", email: "${email}", password: "correct horse" }) { expiresAt } }`,
    }),
  });
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';', 1)[0])
    .join('; ');
}
const cookie = await cookieOf('ada@example.com');

const ask = (origin: string) =>
  fetch(`${world.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-site', origin, cookie },
    body: JSON.stringify({ query: '{ viewer { name } }' }),
  });

const ORIGINS = [APP, 'http://localhost:5173'];

test.each(ORIGINS)(
  'a page of the allowed origin %s can use the API with the browser’s cookie',
  async (origin) => {
    const response = await ask(origin);
    expect(await response.json()).toEqual({ data: { viewer: { name: 'Ada' } } });
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
    expect(response.headers.get('access-control-allow-credentials')).toBe('true');
    expect(response.headers.get('vary')).toContain('Origin');
    expect(response.headers.get('access-control-expose-headers')).toContain('ratelimit-remaining');
  },
);

test('[FR-025] a page of another origin can neither use the cookie nor read the response', async () => {
  const response = await ask(FOREIGN);
  expect(response.status).toBe(401);
  expect(response.headers.get('access-control-allow-origin')).toBeNull();
  expect(response.headers.get('vary')).toContain('Origin');
});

test('preflight requests succeed for allowed pages only', async () => {
  const preflight = (origin: string, path: string) =>
    fetch(`${world.url}${path}`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });
  for (const path of ['/graphql', '/api/auth/sign-in/email']) {
    const allowed = await preflight(APP, path);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(APP);
    expect(allowed.headers.get('access-control-allow-headers')).toContain('authorization');
    const refused = await preflight(FOREIGN, path);
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
  }
});

test('sockets accept the cookie of allowed pages only', async () => {
  for (const [origin, isLetIn] of [
    [APP, true],
    [FOREIGN, false],
  ] as const) {
    const wire = await dial(world.url, { headers: { origin, cookie } });
    wire.send({ type: 'connection_init' });
    if (isLetIn) await wire.frame(({ type }) => type === 'connection_ack');
    else expect((await wire.closed).code).toBe(4403);
  }
});
