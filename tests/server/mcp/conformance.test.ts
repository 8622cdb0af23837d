import { execFile } from 'node:child_process';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { apiTokenOf } from '../../kit/api-tokens.ts';
import { startWorld } from '../../kit/world.ts';

const { url, people } = await startWorld();

const RUNNER = join(
  import.meta.dirname,
  '../../../node_modules/@modelcontextprotocol/conformance/dist/index.js',
);

/** A server in front of ours that adds the token, which the runner cannot send. */
async function withToken(token: string): Promise<string> {
  const proxy = createServer((incoming, response) => {
    const { method, headers } = incoming;
    const { hostname, port } = new URL(url);
    const options = {
      hostname,
      port,
      path: '/mcp',
      method,
      headers: { ...headers, authorization: `Bearer ${token}` },
    };
    const sent = request(options, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(sent);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/mcp`;
}

// The others call tools and prompts of a test server, such as `test_simple_text`.
test.each([
  'server-initialize',
  'ping',
  'tools-list',
  'resources-list',
  'prompts-list',
  'dns-rebinding-protection',
])('the runner of the protocol’s authors accepts the server: %s', async (scenario) => {
  const { ada } = await people('Ada');
  const { token } = await apiTokenOf(ada, { scopes: ['READ', 'WRITE'] });
  const address = await withToken(token);
  const run = promisify(execFile)(process.execPath, [
    RUNNER,
    'server',
    '--url',
    address,
    '--scenario',
    scenario,
  ]);
  const { stdout } = await run.catch((error: unknown) => error as { stdout: string });
  expect(stdout).toMatch(/Passed: [1-9]\d*\/\d+, 0 failed/);
});
