import { expect, test } from 'vitest';
import { watch, type Watch } from '../kit/live.ts';
import { teamOf } from '../kit/team.ts';
import { startWorld, type Person } from '../kit/world.ts';

const world = await startWorld();
const { ada, bob, eve } = await world.people('Ada', 'Bob', 'Eve');
await teamOf(ada, [[bob, 'MEMBER']]);

interface Told {
  messages: { cursor: string; message: { content: string; author: { name: string } } | null };
}

const MESSAGES = `subscription ($conversationId: ID!, $after: String) {
  messages(conversationId: $conversationId, after: $after) { cursor message { content author { name } } }
}`;

async function converse(): Promise<string> {
  const { createConversation } = await ada.query<{ createConversation: { conversation: { id: string } } }>(
    'mutation ($input: CreateConversationInput!) { createConversation(input: $input) { conversation { id } } }',
    { input: { title: 'The garden', participantIds: [bob.id] } },
  );
  return createConversation.conversation.id;
}

const say = (person: Person, conversationId: string, content: string) =>
  person.query('mutation ($input: SendMessageInput!) { sendMessage(input: $input) { cursor } }', {
    input: { conversationId, content },
  });

const listen = async (person: Person, conversationId: string, after?: string) => {
  const messages = await watch<Told>(world, person, MESSAGES, { conversationId, after });
  await Promise.race([messages.until(({ messages: { message } }) => message === null), messages.end]);
  return messages;
};

const words = ({ told }: Watch<Told>) => told.flatMap(({ messages }) => messages.message?.content ?? []);

test('[FR-021] messages of a conversation are delivered to all participants, in order', async () => {
  const conversation = await converse();
  const listening = await Promise.all([ada, bob].map((person) => listen(person, conversation)));
  await say(ada, conversation, 'one');
  await say(bob, conversation, 'two');
  await say(ada, conversation, 'three');
  for (const messages of listening) {
    const last = await messages.until(({ messages: { message } }) => message?.content === 'three');
    expect(last.messages.message?.author.name).toBe('Ada');
    expect(words(messages)).toEqual(['one', 'two', 'three']);
  }
});

test('[FR-017] a subscriber that reconnects gets missed messages once', async () => {
  const conversation = await converse();
  const first = await listen(bob, conversation);
  await say(ada, conversation, 'heard');
  const { messages } = await first.until(({ messages: { message } }) => message?.content === 'heard');
  first.wire.socket.terminate();
  await say(ada, conversation, 'missed');
  const second = await listen(bob, conversation, messages.cursor);
  await say(ada, conversation, 'live');
  await second.until(({ messages: { message } }) => message?.content === 'live');
  expect(words(second)).toEqual(['missed', 'live']);
});

test('[FR-027] only participants get messages, and none after the deletion', async () => {
  const conversation = await converse();
  expect(await (await listen(eve, conversation)).end).toBe('NOT_FOUND');
  const ofBob = await listen(bob, conversation);
  await ada.query(`mutation { deleteConversation(input: { id: "${conversation}" }) { cursor } }`);
  expect(await ofBob.end).toBe('NOT_FOUND');
});
