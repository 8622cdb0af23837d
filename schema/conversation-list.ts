import { queryFromInfo } from '@pothos/plugin-prisma';
import { z } from 'zod';
import type { Prisma } from '../prisma/generated/client/client.ts';
import { uuidOf } from '../server/ids.ts';
import { visible, type Viewer } from '../server/policy.ts';
import { readPage } from '../server/sql/read-page.ts';
import { conversations as table } from '../server/sql/tables.ts';
import { builder } from './machinery/builder.ts';
import { moment, page, type Column } from './machinery/connection.ts';
import { Conversation } from './conversation.ts';
import {
  DateTimeFilter,
  filterType,
  IdFilter,
  matching,
  onColumn,
  onReference,
  TextFilter,
} from './machinery/filters.ts';
import { NODES, selectedInPage } from './machinery/selection.ts';
import { OrderDirection } from './task-list.ts';

const ConversationFilter = filterType('ConversationFilter', 'Which conversations', (t) => ({
  title: t.field({ type: TextFilter, description: 'By their titles.' }),
  owner: t.field({ type: IdFilter, description: 'By who began them.' }),
  participant: t.id({ description: 'Those that this person takes part in.' }),
  createdAt: t.field({ type: DateTimeFilter, description: 'By when they were begun.' }),
  updatedAt: t.field({
    type: DateTimeFilter,
    description: 'By when their latest message was sent, or their title changed.',
  }),
}));

/** What Prisma must look for to find the conversations that a viewer takes part in and a filter describes. */
function wantedConversations(
  viewer: Viewer,
  filter: typeof ConversationFilter.$inferInput | null | undefined,
): Prisma.ConversationWhereInput {
  const wanted = matching(filter, {
    title: onColumn('title'),
    owner: onReference('ownerId', 'User'),
    participant: (id, path) => [{ participants: { some: { userId: uuidOf('User', id, path) } } }],
    createdAt: onColumn('createdAt'),
    updatedAt: onColumn('updatedAt'),
  });
  return { AND: [visible.conversation(viewer), wanted] };
}

const ConversationOrderField = builder.enumType('ConversationOrderField', {
  description: 'What a list of conversations can be ordered by.',
  values: {
    UPDATED_AT: {
      value: 'updatedAt',
      description: 'When their latest message was sent, or their title changed.',
    },
    CREATED_AT: { value: 'createdAt', description: 'When they were begun.' },
    TITLE: { value: 'title', description: 'Their titles, as the database sorts text.' },
  } as const,
});

const columns: { [Field in typeof ConversationOrderField.$inferType]: Column<Field> } = {
  updatedAt: { field: 'updatedAt', value: moment },
  createdAt: { field: 'createdAt', value: moment },
  title: { field: 'title', value: z.string() },
};

const ConversationOrder = builder.inputType('ConversationOrder', {
  description: 'The order of a list of conversations. Where two are equal, their ids decide.',
  fields: (t) => ({
    field: t.field({ type: ConversationOrderField, required: true, description: 'By what.' }),
    direction: t.field({
      type: OrderDirection,
      required: true,
      defaultValue: 'desc',
      description: 'Which way.',
    }),
  }),
});

builder.queryField('conversations', (t) =>
  t.connection(
    {
      type: Conversation,
      description:
        'The conversations that the viewer takes part in, the latest active first unless `orderBy` says otherwise.',
      args: {
        filter: t.arg({ type: ConversationFilter, description: 'Only these.' }),
        orderBy: t.arg({ type: ConversationOrder, description: 'In this order.' }),
      },
      resolve: async (_root, { filter, orderBy, ...args }, context, info) => {
        const { db, viewer } = context;
        const { field, direction } = orderBy ?? { field: 'updatedAt', direction: 'desc' };
        const wanted = wantedConversations(viewer, filter);
        const conversations = page(args, [{ ...columns[field], direction }]);
        const query = {
          ...conversations.withCursor(queryFromInfo({ context, info, paths: NODES })),
          where: { AND: [wanted, conversations.where] },
          orderBy: conversations.orderBy,
          take: conversations.take,
        };
        const rows =
          (await readPage(db, table, query, selectedInPage(info))) ??
          (await db.conversation.findMany({ ...query, relationLoadStrategy: 'join' }));
        return {
          ...conversations.connection(rows),
          totalCount: () => db.conversation.count({ where: wanted }),
        };
      },
    },
    { description: 'A page of conversations.' },
    { description: 'A conversation at its place of a list.' },
  ),
);
