import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Route {
  /** The service's URL through this route. */
  url: string;
  /** Closes open connections and refuses new ones. */
  cut(): Promise<void>;
  /** Keeps connections open, but passes no data. */
  stall(): void;
  restore(): Promise<void>;
}

/** A TCP proxy to a database, a Redis or a server that simulates network failures. */
export async function routeTo(address: string, usualPort: number): Promise<Route> {
  const target = new URL(address);
  const open = new Set<Socket>();
  let isStalled = false;
  const server = createServer((near) => {
    const far = connect(Number(target.port || usualPort), target.hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket);
      socket
        .on('error', () => undefined)
        .once('close', () => {
          open.delete(socket);
          other.destroy();
        });
      if (!isStalled) socket.pipe(other);
    }
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const cut = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of open) socket.destroy();
    await closed;
  };
  const stall = () => {
    isStalled = true;
    for (const socket of open) socket.unpipe().pause();
  };
  const restore = async () => {
    isStalled = false;
    if (!server.listening) await listen(port);
    else for (const socket of open) socket.destroy();
  };

  const url = new URL(address);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return { url: url.href, cut, stall, restore };
}
