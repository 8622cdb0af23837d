import type { Duplex } from 'node:stream';

/**
 * Refuses a connection that asks to become a WebSocket, and lets go of it.
 * @param answer the status, and headers where there are any, as they are sent.
 */
export function rejectUpgrade(connection: Duplex, answer: string): void {
  // Node has left the connection to us: its faults would end the process, and nobody else would ever close it.
  connection.on('error', () => undefined);
  connection.end(`HTTP/1.1 ${answer}\r\nConnection: close\r\n\r\n`, () => connection.destroy());
}
