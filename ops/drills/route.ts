import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Route {
  /** The service's address by this route. */
  url: string;
  /** Nothing passes any more: what is open breaks, what is new is refused. */
  cut(): Promise<void>;
  /** What is open and what is new stays open, and nobody says a word. */
  hush(): void;
  mend(): Promise<void>;
}

/** A way to a database, a Redis or a server that can be cut, as a network or a machine that goes away does it. */
export async function routeTo(address: string, usualPort: number): Promise<Route> {
  const target = new URL(address);
  const open = new Set<Socket>();
  let isHushed = false;
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
      if (!isHushed) socket.pipe(other);
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
  const hush = () => {
    isHushed = true;
    for (const socket of open) socket.unpipe().pause();
  };
  const mend = async () => {
    isHushed = false;
    if (!server.listening) await listen(port);
    else for (const socket of open) socket.destroy();
  };

  const url = new URL(address);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return { url: url.href, cut, hush, mend };
}
