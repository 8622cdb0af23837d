import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { AddressRules } from '../../server/address-rules.ts';
import { WebhookClient } from '../../server/webhooks/request.ts';
import { startReceiver } from '../kit/receiver.ts';

const SETTING = 'WEBHOOK_ALLOW';

const post = async (rules: AddressRules, url: string) => {
  const client = new WebhookClient(rules);
  const answer = await client.post(url, {}, '{}');
  client.close();
  return answer;
};

test.each([
  'https://127.0.0.1/',
  'https://10.1.2.3/',
  'https://172.16.0.1/',
  'https://192.168.1.1/',
  'https://169.254.169.254/latest/meta-data/',
  'https://100.64.0.1/',
  'https://224.0.0.1/',
  'https://0.0.0.0/',
  'https://255.255.255.255/',
  'https://[::1]/',
  'https://[::]/',
  'https://[fe80::1]/',
  'https://[fc00::1]/',
  'https://[ff02::1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:10.0.0.1]/',
  'https://[::127.0.0.1]/',
  'https://[64:ff9b::7f00:1]/',
  'https://[2002:7f00:1::]/',
  'https://[2001::1]/',
  'https://2130706433/',
  'https://0x7f.1/',
  'https://0177.0.0.1/',
  'https://localhost/',
  'https://localhost./',
  'https://db.internal/',
  'https://receiver/',
])('%s is not a receiver', async (url) => {
  const rules = new AddressRules([], SETTING);
  expect(() => {
    rules.check(new URL(url));
  }).toThrow(/public/);
  expect(await post(rules, url)).toMatchObject({
    status: null,
    error: expect.stringMatching(/public/) as string,
  });
});

test('plain HTTP is only for what the operator allows', () => {
  const rules = new AddressRules(['receiver', '10.1.0.0/16', 'fd00::/8', '192.0.2.7'], SETTING);
  for (const url of [
    'http://receiver/',
    'http://10.1.2.3/',
    'http://[fd00::1]/',
    'https://192.0.2.7:8443/',
    'https://8.8.8.8/',
  ])
    expect(() => {
      rules.check(new URL(url));
    }).not.toThrow();
  for (const url of [
    'http://8.8.8.8/',
    'http://10.2.0.1/',
    'ftp://8.8.8.8/',
    'https://other/',
    'https://192.0.2.8/',
  ])
    expect(() => {
      rules.check(new URL(url));
    }).toThrow();
});

/** A DNS server that answers each question for an A record with the next address. */
async function startDns(...addresses: string[]): Promise<{ server: string; asked: () => number }> {
  const socket = createSocket('udp4');
  let asked = 0;
  socket.on('message', (question, { port, address }) => {
    const end = question.indexOf(0, 12) + 5;
    const isA = question.readUInt16BE(end - 4) === 1;
    const answer = Buffer.concat([
      question.subarray(0, 2),
      Buffer.from([0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0]),
      question.subarray(12, end),
      ...(isA
        ? [
            Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]),
            Buffer.from((addresses[Math.min(asked, addresses.length - 1)] ?? '').split('.').map(Number)),
          ]
        : []),
    ]);
    if (isA) asked += 1;
    socket.send(answer, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return { server: `127.0.0.1:${socket.address().port}`, asked: () => asked };
}

test('a public name with a private address is not a receiver', async () => {
  const inner = await startReceiver();
  const { port } = new URL(inner.url);
  const dns = await startDns('127.0.0.1');
  const answer = await post(
    new AddressRules([], SETTING, [dns.server]),
    `https://rebind.example.com:${port}/`,
  );
  expect(answer).toMatchObject({
    status: null,
    error: expect.stringMatching(/127\.0\.0\.1 is not a public address/) as string,
  });
  expect(dns.asked()).toBe(1);
  expect(inner.received).toEqual([]);
});

test('a connection goes to the address that was checked, whatever the name says next', async () => {
  const receiver = await startReceiver();
  const { port } = new URL(receiver.url);
  const dns = await startDns('127.0.0.1', '127.0.0.2');
  const answer = await post(
    new AddressRules(['127.0.0.1'], SETTING, [dns.server]),
    `http://rebind.example.com:${port}/`,
  );
  expect(answer).toMatchObject({ status: 204, error: null });
  expect(dns.asked()).toBe(1);
  const next = await post(
    new AddressRules(['127.0.0.1'], SETTING, [dns.server]),
    `http://rebind.example.com:${port}/`,
  );
  expect(next).toMatchObject({
    status: null,
    error: expect.stringMatching(/127\.0\.0\.2 is not a public address/) as string,
  });
  expect(receiver.received).toHaveLength(1);
});
