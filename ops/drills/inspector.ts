import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { ServerProcess } from './server-process.ts';

/** What a process of the server holds, garbage not counted. */
export interface Holdings {
  /** Bytes of its objects, and of all of it in memory. */
  heap: number;
  resident: number;
  /** What keeps it alive, by the names that Node has for that, with how often. */
  resources: Record<string, number>;
}

/** The settings under which a server can be looked into. */
export const OPEN_TO_SIGHT = { NODE_OPTIONS: '--inspect=127.0.0.1:0 --expose-gc' };

const HOLDINGS = `gc(), JSON.stringify({
  memory: process.memoryUsage(),
  resources: process.getActiveResourcesInfo(),
})`;

/** Looks into a server of one process by Node's inspector. */
export class Inside {
  readonly #socket: WebSocket;
  #commands = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  static async of(server: ServerProcess): Promise<Inside> {
    const address = /^Debugger listening on (ws:\S+)$/m.exec(server.output())?.[1];
    if (!address) throw new Error('the server was not started OPEN_TO_SIGHT');
    const socket = new WebSocket(address);
    await once(socket, 'open');
    return new Inside(socket);
  }

  /** Has the garbage collected first. */
  async look(): Promise<Holdings> {
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
      const hear = (data: Buffer) => {
        const answer = JSON.parse(String(data)) as { id?: number; result?: unknown };
        if (answer.id !== id) return;
        this.#socket.off('message', hear);
        resolve(answer.result);
      };
      this.#socket.on('message', hear);
    });
  }
}
