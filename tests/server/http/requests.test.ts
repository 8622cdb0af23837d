import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isPage } from '../../../server/http/pages.ts';
import { operation, raw } from '../../kit/raw-request.ts';
import { startWorld } from '../../kit/world.ts';

const world = await startWorld();
const { ada } = await world.people('Ada');
const bearer = { authorization: `Bearer ${ada.token}` };
const HTML = { accept: 'text/html,*/*;q=0.8' };

describe('text that is not UTF-8', () => {
  const create = 'mutation { createTask(input: {title: "Caf\xe9"}) { task { title } } }';
  const body = Buffer.from(JSON.stringify({ query: create }), 'latin1');
  const post = (headers: Record<string, string>, given: Buffer | string = body) =>
    raw(`${world.url}/graphql`, { method: 'POST', headers: { ...bearer, ...headers }, body: given });

  test.each([
    ['without a word on it', { 'content-type': 'application/json' }, 400],
    ['that calls itself UTF-8', { 'content-type': 'application/json; charset=utf-8' }, 400],
    ['that says so', { 'content-type': 'application/json; charset=iso-8859-1' }, 415],
    ['in pieces', { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }, 400],
    ['in an unsupported encoding', { 'content-type': 'application/json', 'content-encoding': 'gzip' }, 415],
  ])('%s is rejected, and nothing is stored (UTF8-LOSSY)', async (_what, headers, status) => {
    const answer = await post(headers);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
    expect(await world.db.task.count()).toBe(0);
  });

  test('is also rejected in a URL, and valid text is decoded (UTF8-LOSSY)', async () => {
    const get = (query: string) => raw(`${world.url}/graphql?query=${query}`, { headers: bearer });
    expect((await get('{search(query:"Caf%E9"){totalCount}}')).status).toBe(400);
    expect((await get('{a:__typename}%23%C3%A9')).status).toBe(200);
  });

  test('a typed replacement character is accepted', async () => {
    await expect(ada.createTask('What is \ufffd?')).resolves.toBeTruthy();
  });
});

describe('a path', () => {
  test('of a page returns the page to browsers and programs, with one policy (L10)', async () => {
    for (const path of [
      '/',
      '/sign-in',
      '/sign-up',
      '/teams',
      '/teams/gardeners',
      '/settings',
      '/help',
      '/history',
    ]) {
      const answer = await raw(world.url + path, { headers: HTML });
      expect(answer.status, path).toBe(200);
      const policy = String(answer.headers['content-security-policy']);
      expect(policy, path).toMatch(/script-src 'self' 'sha256-[\w+/=]+'/);
      expect(policy, path).toContain("frame-ancestors 'none'");
      expect(answer.headers['cache-control'], path).toBe('no-cache');
    }
  });

  test('of each page of the dashboard is known to the server (SPA-200)', () => {
    const routes = join(import.meta.dirname, '../../../client/src/routes');
    const pages = readdirSync(routes, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('+page.svelte'))
      .map((file) => `/${file}`.replace(/\/\+page\.svelte$/, '').replaceAll(/\/\([^)]+\)/g, '') || '/');
    expect(pages.length).toBeGreaterThan(7);
    for (const page of pages) expect(isPage(page.replaceAll(/\[[^\]]+\]/g, 'some-name')), page).toBe(true);
  });

  test.each(['/.env', '/healthz/', '/api/v1/tasks', '/graphql/x', '/index.php', '/_app/none.js', '/nowhere'])(
    'like %s, which does not exist, is 404 for a program (SPA-200)',
    async (path) => {
      const answer = await raw(world.url + path);
      expect(answer.status).toBe(404);
      expect(String(answer.headers['content-type'])).not.toContain('html');
    },
  );

  test('that does not exist shows the dashboard’s error page in a browser, with 404 (SPA-200)', async () => {
    const answer = await raw(`${world.url}/nowhere`, { headers: HTML });
    expect(answer.status).toBe(404);
    expect(answer.headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(answer.text).toContain('<!doctype html>');
    expect((await raw(`${world.url}/.env`, { headers: HTML })).text).not.toContain('<!doctype');
  });

  test.each([
    ['DELETE', '/', 'GET, HEAD'],
    ['POST', '/sign-in', 'GET, HEAD'],
    ['PUT', '/nowhere', 'GET, HEAD'],
    ['POST', '/healthz', 'GET, HEAD'],
    ['POST', '/schema.graphql', 'GET, HEAD'],
    ['POST', '/metrics', 'GET, HEAD'],
  ])('gets 405 for %s %s, with the allowed methods (SPA-200)', async (method, path, allow) => {
    const answer = await raw(world.url + path, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe(allow);
  });

  test('/graphql/ is the API, too (SPA-200)', async () => {
    const answer = await raw(`${world.url}/graphql/`, operation('{ viewer { name } }', bearer));
    expect(JSON.parse(answer.text)).toEqual({ data: { viewer: { name: 'Ada' } } });
    expect((await raw(`${world.url}/graphql/?query={__typename}`)).status).toBe(200);
  });
});

test('of the API forbids caching (GET-CACHE, L10)', async () => {
  for (const answer of [
    await raw(`${world.url}/graphql?query={viewer{name}}`, { headers: bearer }),
    await raw(`${world.url}/graphql?query={viewer{name}}`),
    await raw(`${world.url}/graphql`, operation('{ viewer { name } }', bearer)),
    await raw(`${world.url}/graphql`, operation('{ nothing }', bearer)),
  ]) {
    expect(answer.headers['cache-control']).toBe('private, no-store');
    for (const header of ['Authorization', 'Cookie', 'Accept']) expect(answer.headers.vary).toContain(header);
  }
});
