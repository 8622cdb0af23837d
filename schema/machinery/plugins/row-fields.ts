import SchemaBuilder, { BasePlugin, type PothosOutputFieldConfig, type SchemaTypes } from '@pothos/core';
import { defaultFieldResolver, type GraphQLFieldResolver } from 'graphql';
import { isIdType, publicId } from '../../../server/ids.ts';
import { RawRow, type FromRow } from '../../../server/sql/raw-row.ts';

const COLUMNS_ONLY = Symbol('columns only');

/** Marks a complete row of which only columns are selected. */
export function columnsOnly<Row extends object>(row: Row): Row {
  return { ...row, [COLUMNS_ONLY]: true };
}

function isComplete(row: unknown): boolean {
  return row instanceof RawRow || (row as { [COLUMNS_ONLY]?: boolean })[COLUMNS_ONLY] === true;
}

/**
 * Resolves the fields of fully loaded rows directly. The Prisma plugin would check for each field of each row
 * whether it is loaded.
 */
class RowFields<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(field: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    const fromRow = readingOf(field);
    return fromRow ? { ...field, extensions: { ...field.extensions, fromRow } } : field;
  }

  override wrapResolve(
    resolve: GraphQLFieldResolver<unknown, Types['Context'], object>,
    { kind, extensions, resolve: atOnce = defaultFieldResolver }: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types['Context'], object> {
    if (kind !== 'PrismaObject' || !extensions?.['pothosPrismaSelect']) return resolve;
    return (row, args, context, info) =>
      isComplete(row) ? atOnce(row, args, context, info) : resolve(row, args, context, info);
  }
}

/**
 * How to serialize a field directly from a row: an id, a column or a to-one relation. Undefined for other
 * fields.
 */
function readingOf({ kind, parentType, name, extensions }: Field): FromRow | undefined {
  if (name === 'id' && isIdType(parentType)) {
    return (row) => {
      const { id } = row;
      return typeof id === 'string' ? `"${publicId(parentType, id)}"` : undefined;
    };
  }
  if (kind !== 'PrismaObject') return undefined;
  const relation = extensions?.['pothosPrismaRelationField'] as { name: string; isList: boolean } | undefined;
  if (relation) return relation.isList ? undefined : (row) => row[relation.name] as RawRow | null | undefined;
  const column = extensions?.['pothosExposedField'];
  return typeof column === 'string' ? (row) => RawRow.json(row, column) : undefined;
}

type Field = Pick<PothosOutputFieldConfig<SchemaTypes>, 'kind' | 'parentType' | 'name' | 'extensions'>;

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- how Pothos knows its plugins
  export namespace PothosSchemaTypes {
    export interface Plugins<Types extends SchemaTypes> {
      rowFields: RowFields<Types>;
    }
  }
}

SchemaBuilder.registerPlugin('rowFields', RowFields);
