import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { ServerProcess } from './server-process.ts';

/** Memory and resources of a server process, after garbage collection. */
export interface Holdings {
  /** Bytes of live objects, and the resident set size. */
  heap: number;
  resident: number;
  /** Active resources, by Node's names. */
  resources: Record<string, number>;
}

/** Environment of a server that can be inspected. */
export const INSPECTABLE = { NODE_OPTIONS: '--inspect=127.0.0.1:0 --expose-gc' };

const HOLDINGS = `gc(), JSON.stringify({
  memory: process.memoryUsage(),
  resources: process.getActiveResourcesInfo(),
})`;

export class Inspector {
  readonly #socket: WebSocket;
  #commands = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  static async of(server: ServerProcess): Promise<Inspector> {
    const address = /^Debugger listening on (ws:\S+)$/m.exec(server.output())?.[1];
    if (!address) throw new Error('The server was not started with INSPECTABLE.');
    const socket = new WebSocket(address);
    await once(socket, 'open');
    return new Inspector(socket);
  }

  /** Collects garbage first. */
  async measure(): Promise<Holdings> {
    const { result } = (await this.#ask('Runtime.evaluate', { expression: HOLDINGS })) as {
      result: { value: string };
    };
    const { memory, resources } = JSON.parse(result.value) as {
      memory: NodeJS.MemoryUsage;
      resources: string[];
    };
    const counts = Map.groupBy(resources, (name) => name).entries();
    return {
      heap: memory.heapUsed + memory.external,
      resident: memory.rss,
      resources: Object.fromEntries(counts.map(([name, all]) => [name, all.length])),
    };
  }

  close(): void {
    this.#socket.terminate();
  }

  #ask(method: string, params: object = {}): Promise<unknown> {
    const id = (this.#commands += 1);
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve) => {
      const receive = (data: Buffer) => {
        const answer = JSON.parse(String(data)) as { id?: number; result?: unknown };
        if (answer.id !== id) return;
        this.#socket.off('message', receive);
        resolve(answer.result);
      };
      this.#socket.on('message', receive);
    });
  }
}
