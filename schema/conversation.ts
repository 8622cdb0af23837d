import type { Change } from '../server/domain/change.ts';
import { queryFromInfo } from '@pothos/plugin-prisma';
import {
  createConversation,
  deleteConversation,
  leaveConversation,
  renameConversation,
} from '../server/domain/conversation.ts';
import { MOST_PARTICIPANTS } from '../server/domain/conversation-people.ts';
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
        description: 'Change its title.',
        resolve: (may) => may('conversation.manage'),
      }),
      addParticipants: t.boolean({
        description:
          'Add people, who can then read all messages. Never to a conversation with the assistant.',
        resolve: (may) => may('conversation.addPeople'),
      }),
      delete: t.boolean({
        description: 'Delete it for all participants.',
        resolve: (may) => may('conversation.manage'),
      }),
      leave: t.boolean({
        description: 'Leave it. The viewer’s messages remain.',
        resolve: (may) => may('conversation.leave'),
      }),
      send: t.boolean({ description: 'Send messages in it.', resolve: (may) => may('conversation.send') }),
    }),
  });

export const Conversation = builder.prismaNode('Conversation', {
  description: 'A conversation. Visible only to its participants.',
  id: { field: 'id', description: 'Starts with `conversation_`.' },
  nullable: true,
  findUnique: (id, { viewer }) => ({ id, AND: visible.conversation(viewer) }),
  select: { id: true },
  fields: (t) => ({
    title: t.exposeString('title', { description: '1 to 200 characters on one line.' }),
    owner: t.relation('owner', {
      type: User,
      description: 'The owner: the person who started the conversation or took it over.',
    }),
    participants: t.connection(
      {
        type: User,
        description: `Participants, including the owner, in the order in which they signed up. At most ${MOST_PARTICIPANTS + 1}.`,
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
      { description: 'An edge in a page of participants.' },
    ),
    viewerCan: t.field({
      type: ConversationRights,
      description: 'What the viewer may do with the conversation.',
      select: { ownerId: true, assistantOfId: true },
      resolve:
        (conversation, _args, { viewer }) =>
        (action: ConversationAction) =>
          can(viewer, action, conversation),
    }),
    isWithAssistant: t.boolean({
      description:
        'Whether it is the viewer’s conversation with the assistant, which replies to their messages. No one else takes part.',
      select: { assistantOfId: true },
      resolve: ({ assistantOfId }) => assistantOfId !== null,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'Creation time.' }),
    updatedAt: t.expose('updatedAt', {
      type: 'DateTime',
      description: 'Time of the latest message or title change.',
    }),
  }),
});

/** Reads the same page of participants for all conversations in one statement. */
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
    description: 'A conversation by id. Fails with NOT_FOUND if the viewer is not a participant.',
    args: { id: t.arg.id({ required: true, description: 'For example `conversation_01jd…`.' }) },
    resolve: (query, _root, { id }, { db, viewer }) =>
      conversationOf(db, viewer, uuidOf('Conversation', id), query),
  }),
);

/** @throws NotFound if the viewer is not a participant. */
async function conversationOf(db: Database, viewer: Viewer, id: string, query: object) {
  const conversation = await db.conversation.findFirst({
    ...query,
    relationLoadStrategy: 'join',
    where: { id, AND: visible.conversation(viewer) },
  });
  if (!conversation) throw new NotFound('conversation');
  return conversation;
}

/** Payload of a change to a conversation, read with the client's selection. */
export function conversationPayload(t: PayloadFields<Change>) {
  return {
    conversation: t.prismaField({
      type: Conversation,
      description: 'The conversation after the change.',
      resolve: (query, { id }, _args, { db, viewer }) => conversationOf(db, viewer, id, query),
    }),
    cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
  };
}

builder.relayMutationField(
  'createConversation',
  {
    description: 'Properties of the new conversation.',
    inputFields: (t) => ({
      id: t.id({
        description:
          'Client-generated id (`conversation_` and a UUID version 7). Makes retries safe: the same id creates one conversation.',
      }),
      title: t.string({ required: true, description: '1 to 200 characters on one line.' }),
      participantIds: t.idList({
        description: `At most ${MOST_PARTICIPANTS} people the viewer can see. The viewer always participates.`,
      }),
      emails: t.stringList({
        description: `Addresses of further people; at most ${MOST_PARTICIPANTS} people in total. An address without a verified account is ignored, and the response does not tell.`,
      }),
    }),
  },
  {
    description:
      'Creates a conversation owned by the viewer. People in a team with the viewer participate at once. Other people get an offer and participate once they accept it. Fails with NOT_FOUND for a person the viewer cannot see, and with CONFLICT if one of them has 100 open offers from the viewer.',
    resolve: (_root, { input }, { db, person }) => createConversation(db, person, input),
  },
  { description: 'The new conversation.', outputFields: conversationPayload },
);

builder.relayMutationField(
  'renameConversation',
  {
    description: 'A new title for a conversation.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Conversation id.' }),
      title: t.string({ required: true, description: '1 to 200 characters on one line.' }),
    }),
  },
  {
    description: 'Changes the title of a conversation. Only its owner can do this.',
    resolve: (_root, { input }, { db, person }) => renameConversation(db, person, input),
  },
  { description: 'The renamed conversation.', outputFields: conversationPayload },
);

builder.relayMutationField(
  'deleteConversation',
  {
    description: 'Identifies the conversation to delete.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'Conversation id.' }) }),
  },
  {
    description:
      'Deletes a conversation with its messages for all participants. Only its owner can do this. Idempotent.',
    resolve: (_root, { input }, { db, person }) => deleteConversation(db, person, input),
  },
  {
    description: 'The result of deleting a conversation.',
    outputFields: (t) => ({
      deletedConversationId: t.id({
        description: 'Id of the conversation, which no longer exists.',
        resolve: ({ id }) => publicId('Conversation', id),
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);

builder.relayMutationField(
  'leaveConversation',
  {
    description: 'Identifies the conversation to leave.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'Conversation id.' }) }),
  },
  {
    description:
      'Removes the viewer from a conversation. Their messages remain. When the owner leaves, the longest-standing participant becomes the owner, and open offers end. When the last participant leaves, the conversation is deleted. Idempotent.',
    resolve: (_root, { input }, { db, person }) => leaveConversation(db, person, input),
  },
  {
    description: 'The result of leaving a conversation.',
    outputFields: (t) => ({
      leftConversationId: t.id({
        description: 'Id of the conversation. The viewer can no longer read it.',
        resolve: ({ id }) => publicId('Conversation', id),
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);
