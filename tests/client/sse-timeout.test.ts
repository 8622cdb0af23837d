import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { withTimeout } from '../../client/src/lib/api/sse-timeout.ts';

const WITHIN = 30_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function stream() {
  const { readable, writable } = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const writer = writable.getWriter();
  const onSilence = vi.fn<() => void>();
  const reader = withTimeout(readable, onSilence, WITHIN).getReader();
  const say = (text: string) => void writer.write(new TextEncoder().encode(text));
  const received = async () => new TextDecoder().decode((await reader.read()).value);
  return { writer, reader, onSilence, say, received };
}

test('[FR-023] a stream continues while the server sends data', async () => {
  const { say, received, onSilence } = stream();
  for (let times = 0; times < 5; times += 1) {
    const next = received();
    await vi.advanceTimersByTimeAsync(WITHIN - 1);
    say(':\n\n');
    expect(await next).toBe(':\n\n');
  }
  expect(onSilence).not.toHaveBeenCalled();
});

test('[FR-023] a stream without data fails', async () => {
  const { say, received, onSilence } = stream();
  say(':\n\n');
  await received();
  const next = received();
  const broken = expect(next).rejects.toThrow('no data');
  await vi.advanceTimersByTimeAsync(WITHIN);
  await broken;
  expect(onSilence).toHaveBeenCalledOnce();
});

test('a stream ends when the server ends it', async () => {
  const { writer, reader, onSilence } = stream();
  void writer.close();
  expect((await reader.read()).done).toBe(true);
  await vi.advanceTimersByTimeAsync(2 * WITHIN);
  expect(onSilence).not.toHaveBeenCalled();
});

test('[FR-023] the connection to a frozen server is closed', async () => {
  vi.useRealTimers();
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n');
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const leaving = new AbortController();
  const left = new Promise((resolve) => {
    server.once('request', (request) => request.once('close', resolve));
  });
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}`, { signal: leaving.signal });
  const body = response.body ?? new ReadableStream<Uint8Array<ArrayBuffer>>();
  const reader = withTimeout(body, () => leaving.abort(), 200).getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe(':\n\n');
  await expect(reader.read()).rejects.toThrow('no data');
  await left;
});
