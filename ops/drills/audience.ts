import { setTimeout as sleep } from 'node:timers/promises';
import { Crowd } from './crowd.ts';
import { creations, type Topic } from './follower.ts';
import { overServerSentEvents, overWebSocket } from './line.ts';
import type { Somebody } from './workspace.ts';

/** One person's work, which others follow by that person's account. */
export interface Stage {
  author: Somebody;
  taskId: string;
  conversationId: string;
}

const SETTLE_WITHIN_MS = 10_000;
const NOW = 'query ($id: ID!) { task(id: $id) { title } dashboard { statistics { total } } }';

/** People who follow all that there is to follow, half of them over WebSocket and half over server-sent events. */
export class Audience {
  readonly events: Crowd;
  readonly messages: Crowd;
  readonly states: Crowd;
  readonly everybody: Crowd;

  private constructor(events: Crowd, messages: Crowd, states: Crowd) {
    this.events = events;
    this.messages = messages;
    this.states = states;
    this.everybody = Crowd.of(events, messages, states);
  }

  /** @param many how many follow the events; two follow each other thing. */
  static async gather(url: string, stage: Stage, many: number): Promise<Audience> {
    const { author, taskId, conversationId } = stage;
    const gather = async (topic: Topic, followers: number) =>
      Crowd.of(
        await Crowd.gather(url, author, followers / 2, { topic, dial: overWebSocket }),
        await Crowd.gather(url, author, followers / 2, { topic, dial: overServerSentEvents }),
      );
    return new Audience(
      await gather(creations(), many),
      await gather(messagesOf(conversationId), 2),
      Crowd.of(await gather(stateOf(taskId), 2), await gather(numbers, 2)),
    );
  }

  /** @returns how many were told something last, of a task or of numbers, that is not so. */
  async outdated({ author, taskId }: Stage): Promise<number> {
    const { task, dashboard } = await author.query<{
      task: { title: string };
      dashboard: { statistics: { total: number } };
    }>(NOW, { id: taskId });
    const now = new Set([task.title, String(dashboard.statistics.total)]);
    const outdated = () => this.states.followers.filter(({ state }) => !now.has(state ?? '')).length;
    const deadline = Date.now() + SETTLE_WITHIN_MS;
    while (outdated() > 0 && Date.now() < deadline) await sleep(100);
    return outdated();
  }
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
