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
  description: 'In which part something was said.',
  values: {
    USER: { description: 'By a person; what `sendMessage` sends.' },
    ASSISTANT: { description: 'By the assistant, in answer to a person.' },
    SYSTEM: { description: 'By Taskwire itself.' },
    TOOL: { description: 'The result of a tool that the assistant called.' },
  } satisfies Record<Role, object>,
});

export const Message = builder.prismaNode('Message', {
  description: 'Something said in a conversation. Every participant reads it; nobody changes it.',
  id: { field: 'id', description: 'Starts with `message_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.message(viewer) }),
  select: { id: true },
  fields: (t) => ({
    conversation: t.relation('conversation', { type: Conversation, description: 'Where it was said.' }),
    author: t.relation('author', {
      type: User,
      nullable: true,
      description: 'Who said it; null where no person did.',
    }),
    role: t.expose('role', { type: MessageRole, description: 'In which part it was said.' }),
    content: t.exposeString('content', { description: 'Markdown, at most 10,000 characters.' }),
    toolCalls: t.expose('toolCalls', {
      type: 'JSON',
      nullable: true,
      description: 'Which tools the assistant called for it, and with what; null where it called none.',
    }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      description: 'When it was said; no two messages of a conversation have the same moment.',
    }),
  }),
});

builder.prismaObjectField(Conversation, 'messages', (t) =>
  pagedRelation(t, 'messages', {
    type: Message,
    description:
      'What was said in it, the oldest first; `last` takes the latest. A new message always comes after those that were there.',
    where: () => ({}),
    order: () => [{ field: 'createdAt', direction: 'asc', value: moment }],
    page: 'A page of a conversation’s messages.',
    edge: 'A message at its place of the conversation.',
  }),
);

builder.relayMutationField(
  'sendMessage',
  {
    description: 'A new message.',
    inputFields: (t) => ({
      id: t.id({
        description:
          'An id of the client’s own making (`message_` and a UUID of version 7), so that sending it twice says it once.',
      }),
      conversationId: t.id({ required: true, description: 'Where to say it.' }),
      content: t.string({ required: true, description: 'Markdown, 1 to 10,000 characters.' }),
    }),
  },
  {
    description: 'Says something in a conversation that the viewer takes part in.',
    resolve: (_root, { input }, { db, person }) => sendMessage(db, person, input),
  },
  {
    description: 'The new message.',
    outputFields: (t) => ({
      message: t.prismaField({
        type: Message,
        description: 'The message as it was sent.',
        resolve: async (query, { id }, _args, { db, viewer }) => {
          const where = { id, AND: visible.message(viewer) };
          const message = await db.message.findUnique({ ...query, where, relationLoadStrategy: 'join' });
          if (!message) throw new NotFound('message');
          return message;
        },
      }),
      cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
    }),
  },
);
