import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from '@pothos/core';
import { defaultFieldResolver, type GraphQLFieldResolver } from 'graphql';
import { WholeRow } from '../server/sql/read-page.ts';

/**
 * Of rows that were read with everything that is selected of them, fields resolve at once: the Prisma plugin looks up,
 * for each field of each row, whether its own plan has loaded it.
 */
class WholeRows<Types extends SchemaTypes> extends BasePlugin<Types> {
  override wrapResolve(
    resolve: GraphQLFieldResolver<unknown, Types['Context'], object>,
    { kind, extensions, resolve: atOnce = defaultFieldResolver }: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types['Context'], object> {
    if (kind !== 'PrismaObject' || !extensions?.['pothosPrismaSelect']) return resolve;
    return (row, args, context, info) =>
      row instanceof WholeRow ? atOnce(row, args, context, info) : resolve(row, args, context, info);
  }
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- how Pothos knows its plugins
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      wholeRows: WholeRows<Types>;
    }
  }
}

SchemaBuilder.registerPlugin('wholeRows', WholeRows);
