import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeWebhook, stateOf } from '../kit/receiver.ts';
import { startWorld } from '../kit/world.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/webhooks.md'), 'utf8');
const world = await startWorld({ WEBHOOK_ALLOW: '127.0.0.1' });

const code = (language: string) => new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(page)?.[1] ?? '';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

test.each([
  ['Node', process.execPath, ['--input-type=module', '-e', code('js')]],
  ['Python', 'python3', ['-c', code('python')]],
])(
  '[T062] the receiver in %s verifies and prints events, and refuses forgeries',
  async (_, program, args) => {
    const { grace } = await world.people('Grace');
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/`;
    const webhook = await makeWebhook(grace, { url, kinds: ['TASK_CREATED'] });
    const child = spawn(program, args, {
      env: { ...process.env, PORT: String(port), WEBHOOK_SECRET: webhook.secret },
    });
    onTestFinished(() => void child.kill());
    let printed = '';
    child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
    const forged = () =>
      fetch(url, {
        method: 'POST',
        headers: {
          'webhook-id': '1',
          'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
          'webhook-signature': 'v1,AAAA',
        },
        body: '{ "id": "1", "type": "FORGED" }',
      }).then(
        ({ status }) => status,
        () => null,
      );
    await expect.poll(forged, { timeout: 20_000 }).toBe(401);
    await grace.createTask('Water the plants');
    await expect.poll(() => printed, { timeout: 20_000 }).toBe('TASK_CREATED Water the plants\n');
    await expect
      .poll(async () => (await stateOf(grace, webhook)).deliveries.nodes[0]?.status)
      .toBe('DELIVERED');
  },
);
