import type { Duplex } from 'node:stream';

/** @param answer status, and optional headers, as sent. */
export function rejectUpgrade(connection: Duplex, answer: string): void {
  // Node leaves error handling and closing of the connection to this code.
  connection.on('error', () => undefined);
  connection.end(`HTTP/1.1 ${answer}\r\nConnection: close\r\n\r\n`, () => connection.destroy());
}
