import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** What the drills make happen. */
export const FOLLOWED = '[TASK_CREATED, USER_UPDATED]';
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

interface Message {
  type: string;
  payload?: {
    data?: { events: { cursor: string; event: { id: string } | null } } | null;
    errors?: { extensions: { code: string } }[];
  };
}

/** Somebody who follows what is created, and comes back after their last cursor whenever they are cut off. */
export class Follower {
  /** The events' ids, in the order in which they came. */
  readonly seen: string[] = [];
  /** When each of them came. */
  readonly seenAt: number[] = [];
  /** How long each return took, from the loss of the connection until everything missed was there, in milliseconds. */
  readonly returns: number[] = [];
  /** The codes with which its sockets were closed, and when. */
  readonly farewells: { code: number; at: number }[] = [];
  /** The codes with which its subscriptions were ended. */
  readonly endings: string[] = [];
  readonly #url: string;
  readonly #token: string;
  readonly #query: string;
  #after: string | undefined;
  #lostAt: number | undefined;
  #socket: WebSocket | undefined;
  #isDone = false;

  /** @param selection what it asks of each event; its id must be a part of it. */
  constructor(url: string, token: string, selection = 'id') {
    this.#url = `${url.replace('http', 'ws')}/graphql`;
    this.#token = token;
    this.#query = `subscription ($after: String) {
      events(after: $after, filter: { kinds: ${FOLLOWED} }) { cursor event { ${selection} } }
    }`;
  }

  /** Resolves once it is live for the first time. */
  start(): Promise<void> {
    return new Promise((live) => {
      void this.#follow(live);
    });
  }

  /** Reads nothing more of what is sent to it. */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  stop(): void {
    this.#isDone = true;
    this.#socket?.terminate();
  }

  async #follow(onLive: () => void): Promise<void> {
    for (let tries = 0; !this.#isDone; tries += 1) {
      if (await this.#connection(onLive)) tries = 0;
      this.#lostAt ??= Date.now();
      await sleep(Math.min(FIRST_PAUSE_MS * 2 ** tries, LONGEST_PAUSE_MS) * (0.5 + Math.random()));
    }
  }

  /** @returns whether it ever was live, once it has ended. */
  #connection(onLive: () => void): Promise<boolean> {
    return new Promise((resolve) => {
      let wasLive = false;
      const socket = new WebSocket(this.#url, 'graphql-transport-ws');
      this.#socket = socket;
      const send = (message: object) => {
        socket.send(JSON.stringify(message));
      };
      socket
        .on('error', () => undefined)
        .on('close', (code) => {
          this.farewells.push({ code, at: Date.now() });
          resolve(wasLive);
        })
        .on('open', () => {
          send({ type: 'connection_init', payload: { authorization: `Bearer ${this.#token}` } });
        })
        .on('message', (data: Buffer) => {
          const { type, payload } = JSON.parse(String(data)) as Message;
          if (type === 'connection_ack')
            send({
              id: '1',
              type: 'subscribe',
              payload: { query: this.#query, variables: { after: this.#after } },
            });
          if (type === 'error' || type === 'complete') socket.terminate();
          if (payload?.errors) this.endings.push(...payload.errors.map(({ extensions }) => extensions.code));
          if (!payload?.data) return;
          const { cursor, event } = payload.data.events;
          this.#after = cursor;
          if (event) {
            this.seen.push(event.id);
            this.seenAt.push(Date.now());
            return;
          }
          wasLive = true;
          if (this.#lostAt !== undefined) this.returns.push(Date.now() - this.#lostAt);
          this.#lostAt = undefined;
          onLive();
        });
    });
  }
}
