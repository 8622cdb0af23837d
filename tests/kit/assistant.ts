import { expect } from 'vitest';
import type { Person } from './world.ts';

export interface ShownCall {
  name: string;
  arguments: Record<string, unknown>;
  state: string;
  summary: string;
  tasks: { id: string; title: string }[];
  approval: { id: string; status: string; verb: string } | null;
}

export interface ShownReply {
  state: string;
  content: string;
  replyId: string;
  fault: { code: string; message: string } | null;
  calls: ShownCall[];
}

const CALLS = 'calls { name arguments state summary tasks { id: taskId title } approval { id status verb } }';
const SEND = `mutation ($conversationId: ID!, $content: String!) {
  sendMessage(input: { conversationId: $conversationId, content: $content }) { message { id } }
}`;
const REPLY = `query ($id: ID!) {
  node(id: $id) { ... on Message { reply { state content replyId fault { code message } ${CALLS} } } }
}`;
const MESSAGE = `query ($id: ID!) { node(id: $id) { ... on Message { content role author { id } ${CALLS} } } }`;

/** A person's conversation with the assistant. */
export class Talk {
  readonly person: Person;
  readonly conversationId: string;

  constructor(person: Person, conversationId: string) {
    this.person = person;
    this.conversationId = conversationId;
  }

  /** @returns the id of the message. */
  async send(content: string): Promise<string> {
    const { sendMessage } = await this.person.query<{ sendMessage: { message: { id: string } } }>(SEND, {
      conversationId: this.conversationId,
      content,
    });
    return sendMessage.message.id;
  }

  async replyTo(id: string): Promise<ShownReply> {
    const { node } = await this.person.query<{ node: { reply: ShownReply } }>(REPLY, { id });
    return node.reply;
  }

  /** The reply once it is in one of the states. */
  async replyIn(id: string, states: readonly string[], timeout = 10_000): Promise<ShownReply> {
    await expect
      .poll(async () => (await this.replyTo(id)).state, { timeout, interval: 25 })
      .toSatisfy((state: string) => states.includes(state));
    return this.replyTo(id);
  }

  /** Sends a message. @returns the assistant's message. */
  async say(content: string): Promise<{ id: string; asked: string; content: string; calls: ShownCall[] }> {
    const asked = await this.send(content);
    const { replyId, state, fault } = await this.replyIn(asked, ['DONE', 'FAILED', 'STOPPED']);
    expect({ state, fault }).toEqual({ state: 'DONE', fault: null });
    return { id: replyId, asked, ...(await this.message(replyId)) };
  }

  async message(id: string): Promise<{ content: string; calls: ShownCall[] }> {
    const { node } = await this.person.query<{ node: { content: string; calls: ShownCall[] } }>(MESSAGE, {
      id,
    });
    return { content: node.content, calls: node.calls };
  }

  /** Every message, oldest first, as `ROLE content`. */
  async messages(): Promise<string[]> {
    const { conversation } = await this.person.query<{
      conversation: { messages: { nodes: { role: string; content: string }[] } };
    }>('query ($id: ID!) { conversation(id: $id) { messages(last: 100) { nodes { role content } } } }', {
      id: this.conversationId,
    });
    return conversation.messages.nodes.map(({ role, content }) => `${role} ${content}`);
  }
}

export async function talkOf(person: Person): Promise<Talk> {
  const { openAssistantConversation } = await person.query<{
    openAssistantConversation: { conversation: { id: string } };
  }>('mutation { openAssistantConversation { conversation { id } } }');
  return new Talk(person, openAssistantConversation.conversation.id);
}
