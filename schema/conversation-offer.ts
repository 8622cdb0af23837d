import type { Change } from '../server/domain/change.ts';
import { z } from 'zod';
import { acceptConversation, refuseConversation } from '../server/domain/conversation.ts';
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
    'A conversation that waits for its receiver, who was in no team with its owner. It gives no access, and the receiver sees no more of the conversation than this.',
  fields: (t) => ({
    conversationId: t.id({
      description: 'The id that `acceptConversation` and `refuseConversation` take.',
      resolve: ({ conversationId }) => publicId('Conversation', conversationId),
    }),
    title: t.string({
      description: 'The title of the conversation.',
      select: { conversation: { select: { title: true } } },
      resolve: ({ conversation }) => conversation.title,
    }),
    offeredByName: t.string({
      description: 'The name of the person who started it.',
      select: { offeredBy: { select: { name: true } } },
      resolve: ({ offeredBy }) => offeredBy.name,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was offered.' }),
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
        'Conversations that are offered to this person, newest first. Offers by people they block are left out. Empty for other viewers.',
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
    { description: 'A page of the conversations that are offered to a person.' },
    { description: 'A conversation offer at its place of the list.' },
  ),
);

builder.relayMutationField(
  'acceptConversation',
  {
    description: 'An offered conversation.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Which conversation; see `User.conversationOffers`.' }),
    }),
  },
  {
    description:
      'Makes the viewer a participant of a conversation that is offered to them. Accepting again is harmless.',
    resolve: (_root, { input }, { db, person }) => acceptConversation(db, person, input),
  },
  { description: 'The accepted conversation.', outputFields: conversationPayload },
);

builder.relayMutationField(
  'refuseConversation',
  {
    description: 'An offered conversation.',
    inputFields: (t) => ({
      id: t.id({ required: true, description: 'Which conversation; see `User.conversationOffers`.' }),
    }),
  },
  {
    description: 'Declines a conversation that is offered to the viewer. Refusing again is harmless.',
    resolve: (_root, { input }, { db, person }) => refuseConversation(db, person, input),
  },
  {
    description: 'A refused offer.',
    outputFields: (t: PayloadFields<Change>) => ({
      refusedConversationId: t.id({
        description: 'The id that the viewer can no longer accept.',
        resolve: ({ id }) => publicId('Conversation', id),
      }),
      cursor: t.exposeString('cursor', { description: 'The log’s position after the change.' }),
    }),
  },
);
