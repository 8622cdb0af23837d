import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { OpenResponses } from '../../../server/http/open-responses.ts';
import { startTestServer } from '../../kit/server.ts';
import { startWorld } from '../../kit/world.ts';

const world = await startWorld({ REQUESTS_PER_ADDRESS: '60' });
const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
const open = (headers = {}, url = world.url) =>
  fetch(`${url}/graphql`, { headers: { ...BROWSER, ...headers } });

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A client that sends a request and does not read the response. */
async function ask(url: string, request: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined).pause();
  await once(socket, 'connect');
  socket.write(request);
  return socket;
}

test('the explorer is a small page without inline scripts, and is cached (H1)', async () => {
  const response = await open();
  const page = await response.text();
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.length).toBeLessThan(2_000);
  expect(page).not.toMatch(/<script(?![^>]+src=)/);
  const policy = response.headers.get('content-security-policy');
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toMatch(/script-src[^;]*'unsafe/);
  expect(policy).toContain("frame-ancestors 'none'");
  expect(response.headers.get('cache-control')).toBe('private, no-cache');
  expect(response.headers.get('vary')).toContain('Accept');
  const known = await open({ 'if-none-match': response.headers.get('etag') ?? '' });
  expect(known.status).toBe(304);
});

test('the explorer’s files are compressed and cached for a year (H1)', async () => {
  const page = await (await open()).text();
  const files = [...page.matchAll(/"(\/graphiql\/[^"]+)"/g)].map(([, path]) => path);
  expect(files).toHaveLength(4);
  let bytes = 0;
  for (const encoding of ['br', 'gzip']) {
    for (const path of files) {
      const response = await fetch(`${world.url}${path}`, { headers: { 'accept-encoding': encoding } });
      expect(response.headers.get('content-encoding'), path).toBe(encoding);
      expect(response.headers.get('cache-control')).toBe('public,max-age=31536000,immutable');
      expect(response.headers.get('etag')).toBeTruthy();
      bytes += Number(response.headers.get('content-length'));
      await response.body?.cancel();
    }
  }
  expect(bytes / 2).toBeLessThan(2_000_000);
  expect((await fetch(`${world.url}/graphiql/none.js`)).status).toBe(404);
});

test('fifty clients that do not read it take no memory (H1)', async () => {
  const page = await (await open()).text();
  const script = /"(\/graphiql\/graphiql[^"]+\.js)"/.exec(page)?.[1];
  await (await fetch(`${world.url}${script}`)).text();
  const before = process.memoryUsage.rss();
  for (let n = 0; n < 25; n += 1) {
    await ask(world.url, `GET ${script} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
    await ask(world.url, `GET /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/html\r\n\r\n`);
  }
  await sleep(2_000);
  expect((process.memoryUsage.rss() - before) / 1024 / 1024).toBeLessThan(120);
});

test('concurrent requests per address are limited, and rejections have Retry-After (H1)', async () => {
  const slow =
    'POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n';
  for (let n = 0; n < 60; n += 1) await ask(world.url, slow);
  await expect.poll(() => open().then(({ status }) => status)).toBe(429);
  const refused = await fetch(`${world.url}/graphql`);
  expect(refused.headers.get('retry-after')).toBe('2');
  expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'RATE_LIMITED' } }] });
  for (const socket of sockets.splice(0)) socket.destroy();
  await expect.poll(() => open().then(({ status }) => status)).toBe(200);
});

test('the client with the most unread bytes is disconnected if there are too many in total (H1)', async () => {
  const responses = new OpenResponses(10, 4_000_000);
  const lengths: Record<string, number> = { '/much': 12_000_000, '/little': 3_500_000 };
  const server = createServer((request, response: ServerResponse) => {
    responses.admit(response, request.url ?? '');
    response.end(Buffer.alloc(lengths[request.url ?? ''] ?? 0));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const little = await ask(url, 'GET /little HTTP/1.1\r\nhost: x\r\n\r\n');
  const much = await ask(url, 'GET /much HTTP/1.1\r\nhost: x\r\n\r\n');
  await sleep(600);
  let received = 0;
  little.on('data', (chunk: Buffer) => (received += chunk.length)).resume();
  much.resume();
  await once(much, 'close');
  await expect.poll(() => received).toBeGreaterThan(3_500_000);
});

test('the explorer can be disabled', async () => {
  const server = await startTestServer(world.databaseUrl, { GRAPHIQL: 'off' });
  onTestFinished(() => server.stop());
  const response = await open({}, server.url);
  expect(response.status).toBe(400);
  expect(response.headers.get('content-type')).not.toContain('html');
  expect((await fetch(`${server.url}/graphql?query={__typename}`)).status).toBe(200);
});
