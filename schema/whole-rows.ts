import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from '@pothos/core';
import { defaultFieldResolver, type GraphQLFieldResolver } from 'graphql';
import { isIdType, publicId } from '../server/ids.ts';
import { WholeRow, type OfRow } from '../server/sql/read-page.ts';

/**
 * Of rows that were read with everything that is selected of them, fields resolve at once: the Prisma plugin looks up,
 * for each field of each row, whether its own plan has loaded it.
 */
class WholeRows<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(field: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    const ofRow = readingOf(
      field.kind,
      field.parentType,
      field.name,
      field.extensions?.['pothosExposedField'],
    );
    return ofRow ? { ...field, extensions: { ...field.extensions, ofRow } } : field;
  }

  override wrapResolve(
    resolve: GraphQLFieldResolver<unknown, Types['Context'], object>,
    { kind, extensions, resolve: atOnce = defaultFieldResolver }: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types['Context'], object> {
    if (kind !== 'PrismaObject' || !extensions?.['pothosPrismaSelect']) return resolve;
    return (row, args, context, info) =>
      row instanceof WholeRow ? atOnce(row, args, context, info) : resolve(row, args, context, info);
  }
}

/** How a field is read of a row where that takes nothing else: as a column, or as the row's id. */
function readingOf(kind: string, type: string, name: string, column: unknown): OfRow | undefined {
  if (name === 'id' && isIdType(type)) return (row) => publicId(type, row['id'] as string);
  return kind === 'PrismaObject' && typeof column === 'string' ? (row) => row[column] : undefined;
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
