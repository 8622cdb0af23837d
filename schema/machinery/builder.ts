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
  Connection: {
    totalCount: () => Promise<number>;
    /** Default: true. */
    isTotalCountExact?: () => Promise<boolean>;
  };
}

const pageSize = 'At most 100; default: 50.';

export const builder = new SchemaBuilder<SchemaTypes>({
  // The first plugin's wrapper is the outermost.
  plugins: ['nodeIds', 'rootGuard', 'rowFields', PrismaPlugin, RelayPlugin],
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
    edgesFieldOptions: { nullable: false, description: 'The objects of the page, each with its cursor.' },
    nodeFieldOptions: { nullable: false, description: 'The object.' },
    nodesOnConnection: { description: 'The objects of the page, without cursors.' },
    cursorFieldOptions: { description: 'Cursor of the object, for `after` and `before`.' },
    pageInfoFieldOptions: { description: 'Position of the page in the list.' },
    pageInfoTypeOptions: { description: 'Position of a page in its list.' },
    hasNextPageFieldOptions: { description: 'Whether more objects follow this page.' },
    hasPreviousPageFieldOptions: { description: 'Whether objects precede this page.' },
    startCursorFieldOptions: { description: 'Cursor of the first object. Null for an empty page.' },
    endCursorFieldOptions: { description: 'Cursor of the last object. Null for an empty page.' },
    firstArgOptions: { description: `Number of objects from the start of the list. ${pageSize}` },
    lastArgOptions: { description: `Number of objects from the end of the list. ${pageSize}` },
    afterArgOptions: { description: 'Return objects after this cursor.' },
    beforeArgOptions: { description: 'Return objects before this cursor.' },
    idFieldOptions: {
      description: 'Globally unique id. The prefix before the underscore is the type.',
    },
    nodeTypeOptions: { description: 'An object with a globally unique id, which `node` can fetch.' },
    nodeQueryOptions: {
      description: 'An object by id. Null if it does not exist or the viewer cannot see it.',
      args: { id: { description: 'Id of the object, such as `task_01jd…`.' } },
    },
    nodesQueryOptions: {
      description:
        'Objects by id, in the given order. Null for each object that does not exist or that the viewer cannot see.',
      args: { ids: { description: 'Ids of the objects, at most 100.' } },
      resolve: (_root, { ids }, context, info) => nodesByIds(ids, context, info),
    },
    mutationInputArgOptions: { description: 'Input of the mutation.' },
    encodeGlobalID: (type, id) => publicId(type as IdType, String(id)),
    decodeGlobalID: (id) => {
      const { type, uuid } = parseId(id);
      return { typename: type, id: uuid };
    },
  },
});

/** Field builder for a mutation's payload; the source is the result of the domain function. */
export type PayloadFields<Change> = PothosSchemaTypes.ObjectFieldBuilder<
  typeof builder.$inferSchemaTypes,
  Change
>;

builder.queryType({ description: 'Queries. All except `signUpRules` require a signed-in viewer.' });
builder.mutationType({
  description: 'Mutations. All except `signUp`, `signIn` and `resetPassword` require a signed-in viewer.',
});

builder.subscriptionType({
  description:
    'Subscriptions, over WebSocket (`graphql-transport-ws`) or server-sent events. Each payload has a `cursor`. To resume without missing or repeating events, subscribe again with `after` set to the last cursor. A subscription ends with an error when its object is no longer visible to the viewer.',
});

builder.globalConnectionField('totalCount', (t) =>
  t.int({
    description:
      'Number of objects in the whole list that the viewer can see. Long lists are not always counted to the end; see `isTotalCountExact`.',
    resolve: (connection) => connection.totalCount(),
  }),
);

builder.globalConnectionField('isTotalCountExact', (t) =>
  t.boolean({
    description: 'Whether `totalCount` is the exact number. If not, the list has more objects.',
    resolve: (connection) => connection.isTotalCountExact?.() ?? true,
  }),
);
