import { once } from 'node:events';
import { createServer, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

interface Passage {
  /** Whether a response is passed on as a stream, or only once it is complete. */
  streams: boolean;
}

/**
 * A proxy that blocks WebSockets, as in some companies. Closed at the end of the test.
 * @returns its URL.
 */
export async function behindMiddlebox(serverUrl: string, { streams }: Passage): Promise<string> {
  const { hostname, port } = new URL(serverUrl);
  const middlebox = createServer((request, response) => {
    const { method, headers, url: path } = request;
    const onward = ask({ hostname, port, method, headers, path }, (answer) => {
      const begin = () => response.writeHead(answer.statusCode ?? 502, answer.headers);
      if (streams) {
        begin().flushHeaders();
        answer.pipe(response);
        return;
      }
      answer.toArray().then(
        (chunks: Buffer[]) => begin().end(Buffer.concat(chunks)),
        () => response.destroy(),
      );
    });
    onward.on('error', () => response.destroy());
    response.once('close', () => onward.destroy());
    request.pipe(onward);
  });
  middlebox.on('upgrade', (_request, connection) => {
    connection.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
  });
  middlebox.listen(0, '127.0.0.1');
  await once(middlebox, 'listening');
  onTestFinished(() => {
    middlebox.close();
    middlebox.closeAllConnections();
  });
  return `http://127.0.0.1:${(middlebox.address() as AddressInfo).port}`;
}
