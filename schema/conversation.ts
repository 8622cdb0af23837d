import type { Change } from '../server/domain/change.ts';
import { queryFromInfo } from '@pothos/plugin-prisma';
import {
  createConversation,
  deleteConversation,
  leaveConversation,
  MOST_PARTICIPANTS,
  renameConversation,
} from '../server/domain/conversation.ts';
import type { Database } from '../server/database/client.ts';
import { NotFound } from '../server/errors.ts';
import { publicId, uuidOf } from '../server/ids.ts';
import { can, visible, type ConversationAction, type Viewer } from '../server/policy.ts';
import { batched } from './machinery/loaders.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import type { Context } from '../server/graphql/context.ts';
import { page, type PageArguments } from './machinery/connection.ts';
import { NODES } from './machinery/selection.ts';
import { User } from './user.ts';

const ConversationRights = builder
  .objectRef<(action: ConversationAction) => boolean>('ConversationRights')
  .implement({
    description: 'What the viewer may do with a conversation.',
    fields: (t) => ({
      rename: t.boolean({
        description: 'Give it another title.',
        resolve: (may) => may('conversation.manage'),
      }),
      delete: t.boolean({
        description: 'Delete it for everybody.',
        resolve: (may) => may('conversation.manage'),
      }),
      leave: t.boolean({
        description: 'Stop taking part; its messages stay.',
        resolve: (may) => may('conversation.leave'),
      }),
      send: t.boolean({ description: 'Say something in it.', resolve: (may) => may('conversation.send') }),
    }),
  });

export const Conversation = builder.prismaNode('Conversation', {
  description: 'What some people say to each other. Only they see it.',
  id: { field: 'id', description: 'Starts with `conversation_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.conversation(viewer) }),
  select: { id: true },
  fields: (t) => ({
    title: t.exposeString('title', { description: '1 to 200 characters on one line.' }),
    owner: t.relation('owner', { type: User, description: 'Who began it.' }),
    participants: t.connection(
      {
        type: User,
        description: `Who reads it and writes in it, its owner included; at most ${MOST_PARTICIPANTS + 1}, in the order of their signing up.`,
        select: { id: true },
        resolve: async ({ id }, args, context, info) => {
          const selection = queryFromInfo({ context, info, paths: NODES });
          const people = await batched(context, info, id, (ids) =>
            participantsOf(context, ids, args, selection),
          );
          if (!people) throw new NotFound('conversation');
          return people;
        },
      },
      { description: 'A page of participants.' },
      { description: 'A participant at their place of the list.' },
    ),
    viewerCan: t.field({
      type: ConversationRights,
      description: 'What the viewer may do with it.',
      select: { ownerId: true },
      resolve:
        (conversation, _args, { viewer }) =>
        (action: ConversationAction) =>
          can(viewer, action, conversation),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was begun.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'When its latest message was sent, or its title changed.',
    }),
  }),
});

/** The same page of each conversation's participants, in one statement. */
async function participantsOf(
  { db, viewer }: Context,
  ids: readonly string[],
  args: PageArguments,
  selection: object,
) {
  const people = page(args, []);
  const conversations = await db.conversation.findMany({
    relationLoadStrategy: 'join',
    where: { id: { in: [...ids] }, AND: visible.conversation(viewer) },
    select: {
      id: true,
      participants: {
        where: { user: people.where },
        orderBy: people.orderBy.map((order) => ({ user: order })),
        take: people.take,
        select: { user: selection },
      },
      _count: { select: { participants: true } },
    },
  });
  return new Map(
    conversations.map(({ id, participants, _count }) => [
      id,
      {
        ...people.connection(participants.map(({ user }) => user)),
        totalCount: () => Promise.resolve(_count.participants),
      },
    ]),
  );
}

builder.queryField('conversation', (t) =>
  t.prismaField({
    type: Conversation,
    nullable: true,
    description: 'One conversation; NOT_FOUND where there is none that the viewer takes part in.',
    args: { id: t.arg.id({ required: true, description: 'Like `conversation_01jd…`.' }) },
    resolve: (query, _root, { id }, { db, viewer }) =>
      conversationOf(db, viewer, uuidOf('Conversation', id), query),
  }),
);

/** @throws NotFound where there is no such conversation that the viewer takes part in, also since a moment ago. */
async function conversationOf(db: Database, viewer: Viewer, id: string, query: object) {
  const conversation = await db.conversation.findUnique({
    ...query,
    relationLoadStrategy: 'join',
    where: { id, AND: visible.conversation(viewer) },
  });
  if (!conversation) throw new NotFound('conversation');
  return conversation;
}

/** The conversation after a change, re-read with the client’s selection. */
export function conversationPayload(t: PayloadFields<Change>) {
  return {
    conversation: t.prismaField({
      type: Conversation,
      description: 'The conversation as it is now.',
      resolve: (query, { id }, _args, { db, viewer }) => conversationOf(db, viewer, id, query),
    }),
    cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
  };
}

builder.relayMutationField(
  'createConversation',
  {
    description: 'A new conversation.',
    inputFields: (t) => ({
      id: t.id({
        description:
          'An id of the client’s own making (`conversation_` and a UUID of version 7), so that sending it twice begins one.',
      }),
      title: t.string({ required: true, description: '1 to 200 characters on one line.' }),
      participantIds: t.idList({
        description: `At most ${MOST_PARTICIPANTS} people that the viewer may see. The viewer takes part in any case.`,
      }),
    }),
  },
  {
    description:
      'Starts a conversation that the viewer owns. People in a team with the viewer take part at once. To others it is offered, and they take part once they accept; CONFLICT when one of them has 100 open offers of the viewer. A person that the viewer may not see gives NOT_FOUND.',
    resolve: (_root, { input }, { db, person }) => createConversation(db, person, input),
  },
  { description: 'The new conversation.', outputFields: conversationPayload },
);

builder.relayMutationField(
  'renameConversation',
  {
    description: 'Another title for a conversation.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Which conversation.' }),
      title: t.string({ required: true, description: '1 to 200 characters on one line.' }),
    }),
  },
  {
    description: 'Gives a conversation another title; for its owner.',
    resolve: (_root, { input }, { db, person }) => renameConversation(db, person, input),
  },
  { description: 'The renamed conversation.', outputFields: conversationPayload },
);

builder.relayMutationField(
  'deleteConversation',
  {
    description: 'Which conversation goes.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'Which conversation.' }) }),
  },
  {
    description:
      'Deletes a conversation with its messages for everybody; for its owner. Deleting it again is harmless.',
    resolve: (_root, { input }, { db, person }) => deleteConversation(db, person, input),
  },
  {
    description: 'What is left of a deleted conversation.',
    outputFields: (t) => ({
      deletedConversationId: t.id({
        description: 'The id that no longer leads anywhere.',
        resolve: ({ id }) => publicId('Conversation', id),
      }),
      cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
    }),
  },
);

builder.relayMutationField(
  'leaveConversation',
  {
    description: 'A conversation to take no further part in.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'Which conversation.' }) }),
  },
  {
    description:
      'Takes the viewer out of a conversation; their messages stay. An owner hands it over to the participant who has been in it the longest, and its open offers end. The last participant deletes it. Leaving again is harmless.',
    resolve: (_root, { input }, { db, person }) => leaveConversation(db, person, input),
  },
  {
    description: 'The conversation that the viewer has left.',
    outputFields: (t) => ({
      leftConversationId: t.id({
        description: 'Its id; the viewer no longer finds it.',
        resolve: ({ id }) => publicId('Conversation', id),
      }),
      cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
    }),
  },
);
