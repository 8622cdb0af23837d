import type { IncomingMessage } from 'node:http';

/** A body's text; null where the connection broke before its end, or it is longer than so many bytes. */
export function textOf(request: IncomingMessage, mostBytes: number): Promise<string | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request
      .on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length <= mostBytes) {
          chunks.push(chunk);
          return;
        }
        // The rest is let pass.
        chunks.length = 0;
        resolve(null);
      })
      .once('end', () => resolve(Buffer.concat(chunks).toString()))
      .once('error', () => resolve(null));
  });
}
