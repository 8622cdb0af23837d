import SchemaBuilder from '@pothos/core';
import PrismaPlugin from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import './plugins/node-ids.ts';
import './plugins/root-auth.ts';
import './plugins/row-fields.ts';
import { getDatamodel } from '../../prisma/generated/pothos.ts';
import type PrismaTypes from '../../prisma/generated/pothos.ts';
import type { Context } from '../../server/graphql/context.ts';
import { nodesByIds } from './nodes.ts';
import { parseId, publicId, type IdType } from '../../server/ids.ts';

export interface SchemaTypes {
  Context: Context;
  PrismaTypes: PrismaTypes;
  DefaultFieldNullability: false;
  DefaultEdgesNullability: false;
  DefaultNodeNullability: false;
  Scalars: {
    ID: { Input: string; Output: string };
    Date: { Input: Date; Output: Date };
    DateTime: { Input: Date; Output: Date };
    JSON: { Input: unknown; Output: unknown };
  };
  Connection: { totalCount: () => Promise<number> };
}

const pageSize = 'At most 100; 50 when neither `first` nor `last` is given.';

export const builder = new SchemaBuilder<SchemaTypes>({
  // The first plugin's wrapper is the outermost.
  plugins: ['nodeIds', 'rootGuard', 'wholeRows', PrismaPlugin, RelayPlugin],
  defaultFieldNullability: false,
  prisma: {
    client: (context) => context.db,
    dmmf: getDatamodel(),
    exposeDescriptions: false,
    onUnusedQuery: 'error',
  },
  relay: {
    clientMutationId: 'omit',
    cursorType: 'String',
    edgesFieldOptions: { nullable: false, description: 'The page, each object with its own cursor.' },
    nodeFieldOptions: { nullable: false, description: 'The object at this place of the list.' },
    nodesOnConnection: { description: 'The page, without the cursors.' },
    cursorFieldOptions: { description: 'Give it as `after` or `before` to go on from here.' },
    pageInfoFieldOptions: { description: 'Where this page lies in the list.' },
    pageInfoTypeOptions: { description: 'Where a page lies in its list.' },
    hasNextPageFieldOptions: { description: 'Whether the list goes on after this page.' },
    hasPreviousPageFieldOptions: { description: 'Whether the list has anything before this page.' },
    startCursorFieldOptions: { description: 'The first object of the page; null on an empty page.' },
    endCursorFieldOptions: { description: 'The last object of the page; null on an empty page.' },
    firstArgOptions: { description: `Take this many from the start of the list. ${pageSize}` },
    lastArgOptions: { description: `Take this many from the end of the list. ${pageSize}` },
    afterArgOptions: { description: 'Begin behind the object with this cursor.' },
    beforeArgOptions: { description: 'End ahead of the object with this cursor.' },
    idFieldOptions: {
      description: 'Finds the object again; the letters before the underscore name its type.',
    },
    nodeTypeOptions: { description: 'An object that `node` finds again by its id.' },
    nodeQueryOptions: {
      description: 'The object with this id; null where there is none, or the viewer may not see it.',
      args: { id: { description: 'An id as any field gives it, like `task_01jd…`.' } },
    },
    nodesQueryOptions: {
      description: 'The objects with these ids, in their order, null for each one that is not to be seen.',
      args: { ids: { description: 'Ids as any field gives them; at most 100.' } },
      resolve: (_root, { ids }, context, info) => nodesByIds(ids, context, info),
    },
    mutationInputArgOptions: { description: 'What to do, and with what.' },
    encodeGlobalID: (type, id) => publicId(type as IdType, String(id)),
    decodeGlobalID: (id) => {
      const { type, uuid } = parseId(id);
      return { typename: type, id: uuid };
    },
  },
});

/** Builds the fields of a mutation's payload, whose source is what the verb handed back. */
export type PayloadFields<Change> = PothosSchemaTypes.ObjectFieldBuilder<
  typeof builder.$inferSchemaTypes,
  Change
>;

builder.queryType({ description: 'Everything that can be read. Each field asks for a signed-in viewer.' });
builder.mutationType({
  description:
    'Everything that can be changed. Each field but `signUp`, `signIn` and `resetPassword` asks for a signed-in viewer.',
});

builder.subscriptionType({
  description:
    'Everything that can be followed as it happens, over WebSocket (`graphql-transport-ws`) and server-sent events alike. Each payload has a `cursor`; who subscribes again after the last one misses nothing and gets nothing twice. A subscription ends with an error when what it follows is out of the viewer’s sight.',
});

builder.globalConnectionField('totalCount', (t) =>
  t.int({
    description: 'How many objects the whole list has that the viewer may see.',
    resolve: (connection) => connection.totalCount(),
  }),
);
