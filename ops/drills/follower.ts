import { setTimeout as sleep } from 'node:timers/promises';
import { overWebSocket, type Subscribe, type Subscription, type Payload } from './subscription-client.ts';

/** The kinds of events that the drills cause. */
export const FOLLOWED = '[TASK_CREATED, USER_UPDATED]';
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

export interface Topic {
  /** A subscription; its variable `after` is the last cursor. */
  query: string;
  variables?: object;
  /** Reads a payload: the id of an event (null once the follower is up to date), or a state. */
  read(data: Record<string, unknown>): { cursor?: string; id: string | null; state?: string };
}

/** @param selection the selected fields of each event, including its id. */
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

export interface FollowerOptions {
  topic?: Topic;
  subscribe?: Subscribe;
}

/** Follows a subscription, and resumes from its last cursor after a disconnect. */
export class Follower {
  readonly received: string[] = [];
  readonly receivedAt: number[] = [];
  /** Milliseconds of each reconnect, from the disconnect until all missed events had arrived. */
  readonly returns: number[] = [];
  readonly closeCodes: { code: number; at: number }[] = [];
  /** The error codes that ended its subscriptions. */
  readonly endings: string[] = [];
  state: string | undefined;
  heartbeats = 0;
  readonly #url: string;
  readonly #token: string;
  readonly #topic: Topic;
  readonly #subscribe: Subscribe;
  #after: string | undefined;
  #lostAt: number | undefined;
  #subscription: Subscription | undefined;
  #isDone = false;

  constructor(
    url: string,
    token: string,
    { topic = creations(), subscribe = overWebSocket }: FollowerOptions = {},
  ) {
    this.#url = url;
    this.#token = token;
    this.#topic = topic;
    this.#subscribe = subscribe;
  }

  /** Resolves once it is live for the first time. */
  start(): Promise<void> {
    return new Promise((live) => {
      void this.#follow(live);
    });
  }

  pause(): void {
    this.#subscription?.pause();
  }

  resume(): void {
    this.#subscription?.resume();
  }

  stop(): void {
    this.#isDone = true;
    this.#subscription?.cut();
  }

  async #follow(onLive: () => void): Promise<void> {
    for (let tries = 0; !this.#isDone; tries += 1) {
      if (await this.#connection(onLive)) tries = 0;
      this.#lostAt ??= Date.now();
      await sleep(Math.min(FIRST_PAUSE_MS * 2 ** tries, LONGEST_PAUSE_MS) * (0.5 + Math.random()));
    }
  }

  /** @returns whether the connection was live, once it has closed. */
  #connection(onLive: () => void): Promise<boolean> {
    return new Promise((resolve) => {
      let wasLive = false;
      const { query, variables } = this.#topic;
      this.#subscription = this.#subscribe(
        this.#url,
        this.#token,
        () => ({ query, variables: { ...variables, after: this.#after } }),
        {
          onHeartbeat: () => (this.heartbeats += 1),
          onEnd: (code) => {
            if (!this.#isDone) this.closeCodes.push({ code, at: Date.now() });
            resolve(wasLive);
          },
          onPayload: (payload) => {
            if (!this.#receive(payload)) return;
            wasLive = true;
            if (this.#lostAt !== undefined) this.returns.push(Date.now() - this.#lostAt);
            this.#lostAt = undefined;
            onLive();
          },
        },
      );
    });
  }

  /** @returns whether the follower is up to date. */
  #receive({ data, errors = [] }: Payload): boolean {
    this.endings.push(...errors.map(({ extensions }) => extensions.code));
    if (!data) return false;
    const { cursor, id, state } = this.#topic.read(data);
    this.#after = cursor;
    this.state = state;
    if (id === null) return true;
    this.received.push(id);
    this.receivedAt.push(Date.now());
    return false;
  }
}
