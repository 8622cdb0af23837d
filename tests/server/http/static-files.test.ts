import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { staticFiles } from '../../../server/http/static-files.ts';

test('a file that vanishes while the server runs ends its request, and nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'files-'));
  await writeFile(join(folder, 'first.js'), 'first');
  await writeFile(join(folder, 'second.js'), 'second');
  const serve = staticFiles(folder, {});
  const server = createServer((request, response) => {
    serve(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  await rm(join(folder, 'first.js'));
  await expect(fetch(`${url}/first.js`).then((response) => response.text())).rejects.toThrow();
  expect(await fetch(`${url}/second.js`).then((response) => response.text())).toBe('second');
});
