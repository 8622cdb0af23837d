import { setTimeout as sleep } from 'node:timers/promises';
import { Crowd } from './crowd.ts';
import { creations, type Follower, type Topic } from './follower.ts';
import { overServerSentEvents, overWebSocket, type Subscribe } from './subscription-client.ts';
import type { SignedInUser } from './workspace.ts';

/** A person with a task and a conversation, which all followers subscribe to with that person's account. */
export interface Fixture {
  author: SignedInUser;
  taskId: string;
  conversationId: string;
}

interface Followers {
  events: Crowd;
  messages: Crowd;
  states: Crowd;
}

/** The server's interval for comments in event streams. */
const STREAM_HEARTBEAT_SECONDS = 12;
/** Tolerance: the server spreads its pings. */
const LATE = 1.1;
const SETTLE_WITHIN_MS = 10_000;
const NOW = 'query ($id: ID!) { task(id: $id) { title } dashboard { statistics { total } } }';

/** Followers of all subscriptions, half over WebSocket and half over server-sent events. */
export class Audience {
  readonly #overSockets: Followers;
  readonly #overStreams: Followers;

  private constructor(overSockets: Followers, overStreams: Followers) {
    this.#overSockets = overSockets;
    this.#overStreams = overStreams;
  }

  /** @param many the number of followers of events; every other subscription has two. */
  static async gather(
    url: string,
    { author, taskId, conversationId }: Fixture,
    many: number,
  ): Promise<Audience> {
    const over = async (subscribe: Subscribe): Promise<Followers> => {
      const gather = (topic: Topic, some = 1) => Crowd.gather(url, author, some, { topic, subscribe });
      return {
        events: await gather(creations(), many / 2),
        messages: await gather(messagesOf(conversationId)),
        states: Crowd.of(await gather(stateOf(taskId)), await gather(numbers)),
      };
    };
    return new Audience(await over(overWebSocket), await over(overServerSentEvents));
  }

  get events(): Crowd {
    return Crowd.of(this.#overSockets.events, this.#overStreams.events);
  }

  get messages(): Crowd {
    return Crowd.of(this.#overSockets.messages, this.#overStreams.messages);
  }

  get followers(): readonly Follower[] {
    return [this.#overSockets, this.#overStreams].flatMap((some) => followersIn(some));
  }

  stop(): void {
    for (const follower of this.followers) follower.stop();
  }

  /** @returns the number of followers that got too few heartbeats in this time. */
  missedHeartbeats(seconds: number, heartbeatSeconds: number): number {
    const rarely = (some: Followers, every: number) =>
      followersIn(some).filter(({ heartbeats }) => heartbeats < Math.floor(seconds / (every * LATE)) - 1)
        .length;
    return rarely(this.#overSockets, heartbeatSeconds) + rarely(this.#overStreams, STREAM_HEARTBEAT_SECONDS);
  }

  /** @returns the number of followers with an outdated task or outdated statistics. */
  async outdated({ author, taskId }: Fixture): Promise<number> {
    const { task, dashboard } = await author.query<{
      task: { title: string };
      dashboard: { statistics: { total: number } };
    }>(NOW, { id: taskId });
    const now = new Set([task.title, String(dashboard.statistics.total)]);
    const states = Crowd.of(this.#overSockets.states, this.#overStreams.states);
    const outdated = () => states.followers.filter(({ state }) => !now.has(state ?? '')).length;
    const deadline = Date.now() + SETTLE_WITHIN_MS;
    while (outdated() > 0 && Date.now() < deadline) await sleep(100);
    return outdated();
  }
}

function followersIn({ events, messages, states }: Followers): readonly Follower[] {
  return Crowd.of(events, messages, states).followers;
}

function messagesOf(conversationId: string): Topic {
  return {
    query: `subscription ($conversationId: ID!, $after: String) {
      messages(conversationId: $conversationId, after: $after) { cursor message { id } }
    }`,
    variables: { conversationId },
    read(data) {
      const { cursor, message } = data['messages'] as { cursor: string; message: { id: string } | null };
      return { cursor, id: message?.id ?? null };
    },
  };
}

function stateOf(id: string): Topic {
  return {
    query: 'subscription ($id: ID!) { task(id: $id) { task { title } } }',
    variables: { id },
    read: (data) => ({ id: null, state: (data['task'] as { task: { title: string } }).task.title }),
  };
}

const numbers: Topic = {
  query: 'subscription { dashboard { statistics { total } } }',
  read: (data) => ({
    id: null,
    state: String((data['dashboard'] as { statistics: { total: number } }).statistics.total),
  }),
};
