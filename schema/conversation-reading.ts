import { markConversationRead } from '../server/domain/conversation-reading.ts';
import type { Context } from '../server/graphql/context.ts';
import { NotFound } from '../server/errors.ts';
import { countUnreadConversations, MOST_UNREAD, readStates, type ReadState } from '../server/sql/unread.ts';
import { conversationPayload, Conversation } from './conversation.ts';
import { builder } from './machinery/builder.ts';
import { batched } from './machinery/loaders.ts';
import type { GraphQLResolveInfo } from 'graphql';
import { User } from './user.ts';

async function readStateOf(id: string, context: Context, info: GraphQLResolveInfo): Promise<ReadState> {
  const { db, viewer } = context;
  const state = await batched(context, info, id, (ids) => readStates(db, viewer, ids));
  if (!state) throw new NotFound('conversation');
  return state;
}

builder.prismaObjectFields(Conversation, (t) => ({
  unreadCount: t.int({
    description: `Messages that the viewer has not read. Counts at most ${MOST_UNREAD}: that number means as many or more.`,
    select: { id: true },
    resolve: async ({ id }, _args, context, info) => (await readStateOf(id, context, info)).unreadCount,
  }),
  readTo: t.field({
    type: 'DateTime',
    description:
      'The viewer has read the messages up to this time. At first the time when they joined. Advanced by `markConversationRead`, and by sending a message.',
    select: { id: true },
    resolve: async ({ id }, _args, context, info) => (await readStateOf(id, context, info)).readTo,
  }),
}));

builder.prismaObjectField(User, 'unreadConversationCount', (t) =>
  t.int({
    nullable: true,
    description: `The viewer’s conversations with unread messages. Counts at most ${MOST_UNREAD}. Null for other people.`,
    select: { id: true },
    resolve: ({ id }, _args, { db, viewer }) =>
      id === viewer.ownId ? countUnreadConversations(db, viewer) : null,
  }),
);

builder.relayMutationField(
  'markConversationRead',
  {
    description: 'The part of a conversation that the viewer has read.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Conversation id.' }),
      messageId: t.id({ description: 'The latest message that was read. By default the latest one.' }),
    }),
  },
  {
    description:
      'Marks the messages of a conversation as read, up to a message. Never marks messages as unread. Only the viewer can see how far they have read. Idempotent.',
    resolve: (_root, { input }, { db, person }) => markConversationRead(db, person, input),
  },
  { description: 'The conversation after reading.', outputFields: conversationPayload },
);
