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

const ConversationFilter = filterType('ConversationFilter', 'Filters conversations', (t) => ({
  title: t.field({ type: TextFilter, description: 'By title.' }),
  owner: t.field({ type: IdFilter, description: 'By owner.' }),
  participant: t.id({ description: 'By participant.' }),
  createdAt: t.field({ type: DateTimeFilter, description: 'By creation time.' }),
  updatedAt: t.field({
    type: DateTimeFilter,
    description: 'By time of the latest message or title change.',
  }),
}));

/** The viewer's conversations that match a filter, as a Prisma condition. */
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
  description: 'Fields by which conversations can be sorted.',
  values: {
    UPDATED_AT: {
      value: 'updatedAt',
      description: 'Time of the latest message or title change.',
    },
    CREATED_AT: { value: 'createdAt', description: 'Creation time.' },
    TITLE: { value: 'title', description: 'Title, in the collation of the database.' },
  } as const,
});

const columns: { [Field in typeof ConversationOrderField.$inferType]: Column<Field> } = {
  updatedAt: { field: 'updatedAt', value: moment },
  createdAt: { field: 'createdAt', value: moment },
  title: { field: 'title', value: z.string() },
};

const ConversationOrder = builder.inputType('ConversationOrder', {
  description: 'Sort order of conversations. Ties are broken by id.',
  fields: (t) => ({
    field: t.field({ type: ConversationOrderField, required: true, description: 'Field to sort by.' }),
    direction: t.field({
      type: OrderDirection,
      required: true,
      defaultValue: 'desc',
      description: 'Sort direction.',
    }),
  }),
});

builder.queryField('conversations', (t) =>
  t.connection(
    {
      type: Conversation,
      description:
        'Conversations the viewer participates in. By default the most recently active come first.',
      args: {
        filter: t.arg({ type: ConversationFilter, description: 'Filter conditions.' }),
        orderBy: t.arg({ type: ConversationOrder, description: 'Sort order.' }),
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
    { description: 'An edge in a page of conversations.' },
  ),
);
