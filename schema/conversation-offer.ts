import type { Change } from '../server/domain/change.ts';
import { z } from 'zod';
import {
  acceptConversation,
  addParticipants,
  refuseConversation,
} from '../server/domain/conversation-joining.ts';
import { MOST_PARTICIPANTS } from '../server/domain/conversation-people.ts';
import { publicId } from '../server/ids.ts';
import { visible } from '../server/policy.ts';
import { builder, type PayloadFields } from './machinery/builder.ts';
import { page, type OrderBy } from './machinery/connection.ts';
import { conversationPayload } from './conversation.ts';
import { ownList } from './machinery/own-list.ts';
import { User } from './user.ts';

const ConversationOffer = builder.prismaObject('ConversationOffer', {
  select: { conversationId: true },
  description:
    'A pending invitation to a conversation, for a person who was in no team with its owner. It gives no access; the receiver sees only these fields.',
  fields: (t) => ({
    conversationId: t.id({
      description: 'Id to pass to `acceptConversation` or `refuseConversation`.',
      resolve: ({ conversationId }) => publicId('Conversation', conversationId),
    }),
    title: t.string({
      description: 'Title of the conversation.',
      select: { conversation: { select: { title: true } } },
      resolve: ({ conversation }) => conversation.title,
    }),
    offeredByName: t.string({
      description: 'Name of the person who started the conversation.',
      select: { offeredBy: { select: { name: true } } },
      resolve: ({ offeredBy }) => offeredBy.name,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the conversation was offered.' }),
  }),
});

const NEWEST_FIRST: readonly OrderBy<'conversationId'>[] = [
  { field: 'conversationId', value: z.uuid(), unique: true, direction: 'desc' },
];

builder.prismaObjectField(User, 'conversationOffers', (t) =>
  t.connection(
    {
      type: ConversationOffer,
      description:
        'Conversations offered to this person, newest first. Offers from blocked people are left out. Empty for other viewers.',
      select: { id: true },
      resolve: ({ id }, args, context, info) => {
        const { db, viewer } = context;
        const where = visible.conversationOffer(viewer);
        const offers = page(args, NEWEST_FIRST);
        return ownList(context, info, id, offers, {
          rows: (selection) =>
            db.conversationOffer.findMany({
              ...offers.withCursor(selection),
              where: { AND: [where, offers.where] },
              orderBy: offers.orderBy,
              take: offers.take,
            }),
          count: () => db.conversationOffer.count({ where }),
        });
      },
    },
    { description: 'A page of conversation offers.' },
    { description: 'An edge in a page of conversation offers.' },
  ),
);

builder.relayMutationField(
  'addParticipants',
  {
    description: `People to add to a conversation: at least one, and at most ${MOST_PARTICIPANTS}.`,
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Conversation id.' }),
      participantIds: t.idList({ description: 'People the viewer can see.' }),
      emails: t.stringList({
        description:
          'Addresses of people. An address without a verified account is ignored, and the response does not tell.',
      }),
    }),
  },
  {
    description:
      'Adds people to a conversation. Only its owner can do this, since added people can read all messages. People in a team with the viewer participate at once. Other people get an offer and participate once they accept it. Fails with CONFLICT if the conversation would have too many participants, or a person named by id has 100 open offers from the viewer. Idempotent.',
    resolve: (_root, { input }, { db, person }) => addParticipants(db, person, input),
  },
  { description: 'The conversation with the added people.', outputFields: conversationPayload },
);

builder.relayMutationField(
  'acceptConversation',
  {
    description: 'The offered conversation to accept.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Conversation id, from `User.conversationOffers`.' }),
    }),
  },
  {
    description:
      'Accepts an offered conversation: the viewer becomes a participant. Fails with CONFLICT if the conversation is full. Idempotent.',
    resolve: (_root, { input }, { db, person }) => acceptConversation(db, person, input),
  },
  { description: 'The accepted conversation.', outputFields: conversationPayload },
);

builder.relayMutationField(
  'refuseConversation',
  {
    description: 'The offered conversation to decline.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Conversation id, from `User.conversationOffers`.' }),
    }),
  },
  {
    description: 'Declines an offered conversation. Idempotent.',
    resolve: (_root, { input }, { db, person }) => refuseConversation(db, person, input),
  },
  {
    description: 'The result of declining a conversation.',
    outputFields: (t: PayloadFields<Change>) => ({
      refusedConversationId: t.id({
        description: 'Id of the declined conversation. The viewer can no longer accept it.',
        resolve: ({ id }) => publicId('Conversation', id),
      }),
      cursor: t.exposeString('cursor', { description: 'Log cursor after this change.' }),
    }),
  },
);
