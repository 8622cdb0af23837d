import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from '@pothos/core';
import type { GraphQLFieldResolver } from 'graphql';
import { isIdType, publicId } from '../../../server/ids.ts';

/** Encodes ids synchronously. The Relay plugin creates a promise per id, which is slow for long lists. */
class NodeIds<Types extends SchemaTypes> extends BasePlugin<Types> {
  override wrapResolve(
    resolve: GraphQLFieldResolver<unknown, Types['Context'], object>,
    { name, parentType }: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types['Context'], object> {
    if (name !== 'id' || !isIdType(parentType)) return resolve;
    return (row) => publicId(parentType, (row as { id: string }).id);
  }
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- how Pothos knows its plugins
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      nodeIds: NodeIds<Types>;
    }
  }
}

SchemaBuilder.registerPlugin('nodeIds', NodeIds);
