import { setTimeout as sleep } from 'node:timers/promises';
import { overWebSocket, type Dial, type Line, type Payload } from './line.ts';

/** What the drills make happen. */
export const FOLLOWED = '[TASK_CREATED, USER_UPDATED]';
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/** What somebody follows. */
export interface Topic {
  /** A subscription; its variable `after` is the last cursor. */
  query: string;
  variables?: object;
  /** What one payload tells: a thing by its id, null once all that was missed has been told; or a state. */
  read(data: Record<string, unknown>): { cursor?: string; id: string | null; state?: string };
}

/** @param selection what is asked of each event; its id must be a part of it. */
export function creations(selection = 'id'): Topic {
  return {
    query: `subscription ($after: String) {
      events(after: $after, filter: { kinds: ${FOLLOWED} }) { cursor event { ${selection} } }
    }`,
    read(data) {
      const { cursor, event } = data['events'] as { cursor: string; event: { id: string } | null };
      return { cursor, id: event?.id ?? null };
    },
  };
}

/** What is followed, and how. */
export interface Manner {
  topic?: Topic;
  dial?: Dial;
}

/** Somebody who follows what happens, and comes back after their last cursor whenever they are cut off. */
export class Follower {
  /** The ids of what was told, in the order in which it came. */
  readonly seen: string[] = [];
  /** When each of them came. */
  readonly seenAt: number[] = [];
  /** How long each return took, from the loss of the connection until everything missed was there, in milliseconds. */
  readonly returns: number[] = [];
  /** The codes with which its connections were closed, and when. */
  readonly farewells: { code: number; at: number }[] = [];
  /** The codes with which its subscriptions were ended. */
  readonly endings: string[] = [];
  /** The latest state that it was told. */
  state: string | undefined;
  /** How often the server looked whether it is still there. */
  heartbeats = 0;
  readonly #url: string;
  readonly #token: string;
  readonly #topic: Topic;
  readonly #dial: Dial;
  #after: string | undefined;
  #lostAt: number | undefined;
  #line: Line | undefined;
  #isDone = false;

  constructor(url: string, token: string, { topic = creations(), dial = overWebSocket }: Manner = {}) {
    this.#url = url;
    this.#token = token;
    this.#topic = topic;
    this.#dial = dial;
  }

  /** Resolves once it is live for the first time. */
  start(): Promise<void> {
    return new Promise((live) => {
      void this.#follow(live);
    });
  }

  /** Reads nothing more of what is sent to it. */
  pause(): void {
    this.#line?.pause();
  }

  resume(): void {
    this.#line?.resume();
  }

  stop(): void {
    this.#isDone = true;
    this.#line?.cut();
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
      const { query, variables } = this.#topic;
      this.#line = this.#dial(
        this.#url,
        this.#token,
        () => ({ query, variables: { ...variables, after: this.#after } }),
        {
          onHeartbeat: () => (this.heartbeats += 1),
          onEnd: (code) => {
            if (!this.#isDone) this.farewells.push({ code, at: Date.now() });
            resolve(wasLive);
          },
          onPayload: (payload) => {
            if (!this.#hear(payload)) return;
            wasLive = true;
            if (this.#lostAt !== undefined) this.returns.push(Date.now() - this.#lostAt);
            this.#lostAt = undefined;
            onLive();
          },
        },
      );
    });
  }

  /** @returns whether all that was missed has been told. */
  #hear({ data, errors = [] }: Payload): boolean {
    this.endings.push(...errors.map(({ extensions }) => extensions.code));
    if (!data) return false;
    const { cursor, id, state } = this.#topic.read(data);
    this.#after = cursor;
    this.state = state;
    if (id === null) return true;
    this.seen.push(id);
    this.seenAt.push(Date.now());
    return false;
  }
}
