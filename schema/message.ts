import type { MessageRole as Role } from '../prisma/generated/client/client.ts';
import { sendMessage } from '../server/domain/message.ts';
import { NotFound } from '../server/errors.ts';
import { visible } from '../server/policy.ts';
import { builder } from './machinery/builder.ts';
import { moment } from './machinery/connection.ts';
import { Conversation } from './conversation.ts';
import { pagedRelation } from './machinery/paged-relation.ts';
import { User } from './user.ts';

const MessageRole = builder.enumType('MessageRole', {
  description: 'Kind of author of a message.',
  values: {
    USER: { description: 'Written by a person. `sendMessage` creates these.' },
    ASSISTANT: { description: 'Written by the assistant in reply to a person.' },
    SYSTEM: { description: 'Written by Taskwire.' },
    TOOL: { description: 'The result of a tool that the assistant called.' },
  } satisfies Record<Role, object>,
});

export const Message = builder.prismaNode('Message', {
  description: 'A message in a conversation. Visible to all participants. Messages cannot be edited.',
  id: { field: 'id', description: 'Starts with `message_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.message(viewer) }),
  select: { id: true },
  fields: (t) => ({
    conversation: t.relation('conversation', {
      type: Conversation,
      description: 'The conversation it belongs to.',
    }),
    author: t.relation('author', {
      type: User,
      nullable: true,
      description: 'The person who wrote it. Null for other kinds of authors.',
    }),
    role: t.expose('role', { type: MessageRole, description: 'Kind of author.' }),
    content: t.exposeString('content', { description: 'Markdown, at most 10,000 characters.' }),
    toolCalls: t.expose('toolCalls', {
      type: 'JSON',
      nullable: true,
      description:
        'Tools that the assistant called for this message, as JSON. Null if it called none. `calls` has the same with types.',
    }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      description: 'When the message was sent. Unique within a conversation.',
    }),
  }),
});

builder.prismaObjectField(Conversation, 'messages', (t) =>
  pagedRelation(t, 'messages', {
    type: Message,
    description:
      'Messages, oldest first. Use `last` to get the latest ones. New messages are always added at the end.',
    where: () => ({}),
    order: () => [{ field: 'createdAt', direction: 'asc', value: moment }],
    page: 'A page of messages.',
    edge: 'An edge in a page of messages.',
  }),
);

builder.relayMutationField(
  'sendMessage',
  {
    description: 'Properties of the new message.',
    inputFields: (t) => ({
      id: t.id({
        description:
          'Client-generated id (`message_` and a UUID version 7). Makes retries safe: the same id sends one message.',
      }),
      conversationId: t.id({ required: true, description: 'The conversation to send to.' }),
      content: t.string({ required: true, description: 'Markdown, 1 to 10,000 characters.' }),
    }),
  },
  {
    description:
      'Sends a message in a conversation the viewer participates in. In the conversation with the assistant, the message gets a reply, unless a program sends it; fails with RATE_LIMITED after 60 messages a minute.',
    resolve: async (_root, { input }, { db, person, assistant }) => {
      const sent = await sendMessage(db, person, input);
      assistant.wake();
      return sent;
    },
  },
  {
    description: 'The new message.',
    outputFields: (t) => ({
      message: t.prismaField({
        type: Message,
        description: 'The sent message.',
        resolve: async (query, { id }, _args, { db, viewer }) => {
          const where = { id, AND: visible.message(viewer) };
          const message = await db.message.findFirst({ ...query, where, relationLoadStrategy: 'join' });
          if (!message) throw new NotFound('message');
          return message;
        },
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);
