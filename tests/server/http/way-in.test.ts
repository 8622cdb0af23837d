import { request } from 'node:http';
import { afterAll, describe, expect, test } from 'vitest';
import { dial } from '../../kit/live.ts';
import { operation, raw } from '../../kit/raw-request.ts';
import { startTestServer } from '../../kit/server.ts';
import { PASSWORD, startWorld } from '../../kit/world.ts';
import { freePort } from '../../../server/database/free-port.ts';

const APP = 'https://app.example.org';
const PUBLIC = 'https://tasks.example.com';
const plain = await startWorld({ ALLOWED_ORIGINS: APP });
const port = await freePort();
const secure = await startTestServer(plain.databaseUrl, {
  PORT: String(port),
  PUBLIC_URL: PUBLIC,
  ALLOWED_ORIGINS: APP,
  TRUST_PROXY: '1',
  LOG_LEVEL: 'silent',
});
afterAll(() => secure.stop());

/** A server, and the URLs of a browser that uses it. */
interface Site {
  url: string;
  host: string;
  origin: string;
  cookieName: string;
}
const sites: Record<'http' | 'https', Site> = {
  http: {
    url: plain.url,
    host: new URL(plain.url).host,
    origin: plain.url,
    cookieName: 'taskwire.session_token',
  },
  https: {
    url: `http://127.0.0.1:${port}`,
    host: 'tasks.example.com',
    origin: PUBLIC,
    cookieName: '__Secure-taskwire.session_token',
  },
};

const { ada } = await plain.people('Ada');
const credentials = { http: await credentialsAt(sites.http), https: await credentialsAt(sites.https) };

async function credentialsAt(site: Site) {
  const query = `mutation { signIn(input: {email: "${ada.email}", password: "${PASSWORD}"}) { token } }`;
  const answer = await raw(`${site.url}/graphql`, operation(query, { host: site.host, origin: site.origin }));
  const set = [answer.headers['set-cookie'] ?? []].flat();
  const cookie = set
    .map((line) => line.split(';', 1)[0] ?? '')
    .find((line) => line.startsWith(site.cookieName));
  const { token } = (JSON.parse(answer.text) as { data: { signIn: { token: string } } }).data.signIn;
  const made = await ada.query<{ createApiToken: { token: string } }>(
    `mutation { createApiToken(input: {name: "${site.host}", scopes: [READ]}) { token } }`,
  );
  return { jwt: token, api: made.createApiToken.token, cookie: cookie ?? '' };
}

type Headers = Record<string, string>;
type Scheme = keyof typeof sites;

/** Whether a request is authenticated, by each transport. */
const transports: Record<string, (site: Site, headers: Headers) => Promise<boolean>> = {
  async HTTP(site, headers) {
    const { status } = await raw(`${site.url}/graphql`, operation('{ viewer { id } }', headers));
    return status === 200;
  },
  async SSE(site, headers) {
    const leaving = new AbortController();
    const given = operation('subscription { events { cursor } }', {
      ...headers,
      accept: 'text/event-stream',
    });
    const { signal } = leaving;
    return firstEvent(site, given.headers, given.body, signal).finally(() => {
      leaving.abort();
    });
  },
  async WebSocket(site, headers) {
    const { authorization, ...rest } = headers;
    const wire = await dial(site.url, { headers: rest });
    wire.send({ type: 'connection_init', payload: authorization ? { authorization } : {} });
    const acknowledged = wire
      .frame(({ type }) => type === 'connection_ack')
      .then(
        () => true,
        () => false,
      );
    return Promise.race([acknowledged, wire.closed.then(() => false)]);
  },
  async 'upgrade header'(site, headers) {
    const wire = await dial(site.url, { headers });
    wire.send({ type: 'connection_init' });
    const acknowledged = wire
      .frame(({ type }) => type === 'connection_ack')
      .then(
        () => true,
        () => false,
      );
    return Promise.race([acknowledged, wire.closed.then(() => false)]);
  },
};

function firstEvent(
  site: Site,
  headers: Headers,
  body: string | Buffer,
  signal: AbortSignal,
): Promise<boolean> {
  return new Promise<boolean>((resolve, reject) => {
    const sent = request(
      `${site.url}/graphql`,
      { method: 'POST', headers, signal, agent: false },
      (answer) => {
        let text = '';
        answer
          .on('error', () => undefined)
          .on('data', (chunk: Buffer) => {
            text += String(chunk);
            if (/^data: \{/m.test(text)) resolve(!text.includes('UNAUTHENTICATED'));
          });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

const GOOD = 'good' as const;
interface Case {
  authorization?: string;
  cookies?: ('good' | 'old' | 'plain-good')[];
  origin?: 'own' | 'allowed' | 'foreign' | 'null' | 'none';
  extra?: Headers;
  isIn: boolean;
}

function headersOf(name: Scheme, { authorization, cookies = [], origin = 'own', extra = {} }: Case): Headers {
  const site = sites[name];
  const { cookie, jwt, api } = credentials[name];
  const origins = { own: site.origin, allowed: APP, foreign: 'https://evil.example', null: 'null' };
  const values = {
    good: cookie,
    old: `${site.cookieName}=old.c2lnbmF0dXJl`,
    'plain-good': `taskwire.session_token=${cookie.split('=').slice(1).join('=')}`,
  };
  return {
    host: site.host,
    ...(origin === 'none' ? {} : { origin: origins[origin] }),
    ...(cookies.length > 0 ? { cookie: cookies.map((one) => values[one]).join('; ') } : {}),
    ...(authorization === undefined
      ? {}
      : { authorization: authorization.replace('JWT', jwt).replace('API', api) }),
    ...extra,
  };
}

const BASIC = `Basic ${Buffer.from('proxy:password').toString('base64')}`;
const table: Record<string, Case> = {
  'no credential': { isIn: false },
  'a JWT': { authorization: 'Bearer JWT', isIn: true },
  'an API token': { authorization: 'Bearer API', isIn: true },
  'a JWT without a page': { authorization: 'Bearer JWT', origin: 'none', isIn: true },
  'a malformed Bearer with a valid cookie': { authorization: 'Bearer a b', cookies: [GOOD], isIn: false },
  'a wrong Bearer with a valid cookie': { authorization: 'Bearer false', cookies: [GOOD], isIn: false },
  'the password of a proxy alone (BASIC-AUTH)': { authorization: BASIC, isIn: false },
  'the password of a proxy with a valid cookie (BASIC-AUTH)': {
    authorization: BASIC,
    cookies: [GOOD],
    isIn: true,
  },
  'Negotiate with a valid cookie (BASIC-AUTH)': {
    authorization: 'Negotiate YIIZ',
    cookies: [GOOD],
    isIn: true,
  },
  'a good cookie of the own page': { cookies: [GOOD], isIn: true },
  'a good cookie of an allowed page': { cookies: [GOOD], origin: 'allowed', isIn: true },
  'a good cookie without a page': { cookies: [GOOD], origin: 'none', isIn: true },
  'a good cookie of a foreign page': { cookies: [GOOD], origin: 'foreign', isIn: false },
  'a good cookie of a page without origin': { cookies: [GOOD], origin: 'null', isIn: false },
  'a good cookie of a page of another site': {
    cookies: [GOOD],
    origin: 'none',
    extra: { 'sec-fetch-site': 'cross-site' },
    isIn: false,
  },
  'an old cookie': { cookies: ['old'], isIn: false },
  'an old cookie ahead of a good one (COOKIE-HTTPS)': { cookies: ['old', GOOD], isIn: true },
  'an old cookie behind a good one (COOKIE-HTTPS)': { cookies: [GOOD, 'old'], isIn: true },
};

describe.each(Object.keys(sites) as Scheme[])('over %s', (name) => {
  describe.each(Object.keys(transports))('by %s', (transport) => {
    test.each(Object.entries(table))('[FR-025] %s', async (what, given) => {
      const isIn = await transports[transport]?.(sites[name], headersOf(name, given));
      expect(isIn, what).toBe(given.isIn);
    });
  });

  test.each(
    Object.entries(table).filter(([, { authorization = '' }]) => !authorization.startsWith('Bearer')),
  )('[FR-025] by the library’s paths: %s', async (what, given) => {
    const headers = headersOf(name, given);
    const answer = await raw(`${sites[name].url}/api/auth/get-session`, { headers });
    const isIn = answer.status === 200 && answer.text !== 'null';
    expect(isIn, what).toBe(given.isIn);
  });
});

describe('over https', () => {
  test('a cookie without the prefix is ignored, and cleared in the browser (COOKIE-HTTPS, L9)', async () => {
    const { cookie } = credentials.https;
    const site = sites.https;
    const only = headersOf('https', { cookies: ['plain-good'], isIn: false });
    expect((await raw(`${site.url}/graphql`, operation('{ viewer { id } }', only))).status).toBe(401);
    const both = { ...only, cookie: `taskwire.session_token=old; ${cookie}` };
    for (const answer of [
      await raw(`${site.url}/graphql`, operation('{ viewer { id } }', both)),
      await raw(`${site.url}/api/auth/get-session`, { headers: both }),
    ]) {
      expect(answer.status).toBe(200);
      expect([answer.headers['set-cookie']].flat().join()).toMatch(
        /(^|,)taskwire\.session_token=; Max-Age=0/,
      );
    }
  });

  test('signing out ends the session of the valid cookie, even after an invalid one (COOKIE-HTTPS)', async () => {
    const { cookie } = await credentialsAt(sites.https);
    const headers = {
      ...headersOf('https', { isIn: true }),
      cookie: `taskwire.session_token=old; ${sites.https.cookieName}=older; ${cookie}`,
    };
    const url = `${sites.https.url}/graphql`;
    expect((await raw(url, operation('mutation { signOut { signedOut } }', headers))).status).toBe(200);
    expect((await raw(url, operation('{ viewer { id } }', { ...headers, cookie }))).status).toBe(401);
  });
});

describe('behind a proxy that does not pass on the Host header', () => {
  const upstream = { host: `127.0.0.1:${port}` };
  const ask = (headers: Headers) =>
    raw(`${sites.https.url}/graphql`, operation('{ viewer { id } }', { ...upstream, ...headers }));

  test('pages of PUBLIC_URL and same-origin requests work (PROXY-HOST)', async () => {
    const { cookie } = credentials.https;
    expect((await ask({ cookie, origin: PUBLIC })).status).toBe(200);
    const elsewhere = { cookie, origin: 'https://10.1.2.3:8443' };
    expect((await ask({ ...elsewhere, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
    expect((await ask({ ...elsewhere, 'x-forwarded-host': '10.1.2.3:8443' })).status).toBe(200);
  });

  test('other pages get an error with the setting to change, before and after sign-in (PROXY-HOST)', async () => {
    const { cookie } = credentials.https;
    const here = { origin: 'http://192.168.1.5', 'x-forwarded-host': '192.168.1.5' };
    const refused = await ask({ cookie, ...here });
    expect(refused.status).toBe(401);
    expect(refused.text).toContain('PUBLIC_URL');
    expect(refused.text).toContain('http://192.168.1.5');
    const query = `mutation { signIn(input: {email: "${ada.email}", password: "${PASSWORD}"}) { token } }`;
    const signIn = await raw(`${sites.https.url}/graphql`, operation(query, { ...upstream, ...here }));
    expect(signIn.text).toContain('FORBIDDEN');
    expect(signIn.text).toContain('PUBLIC_URL');
    expect(signIn.headers['set-cookie']).toBeUndefined();
  });
});
