import type { Person } from './world.ts';

/** Starts a conversation with people in a common team. @returns its id. */
export async function converse(
  owner: Person,
  others: readonly Person[],
  title = 'The party',
): Promise<string> {
  const { createConversation } = await owner.query<{ createConversation: { conversation: { id: string } } }>(
    `mutation ($input: CreateConversationInput!) {
       createConversation(input: $input) { conversation { id } }
     }`,
    { input: { title, participantIds: others.map(({ id }) => id) } },
  );
  return createConversation.conversation.id;
}

/** @returns the message's id. */
export async function say(person: Person, conversationId: string, content: string): Promise<string> {
  const { sendMessage } = await person.query<{ sendMessage: { message: { id: string } } }>(
    'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }',
    { input: { conversationId, content } },
  );
  return sendMessage.message.id;
}
