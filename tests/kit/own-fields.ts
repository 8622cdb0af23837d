import { getNamedType, isLeafType, type GraphQLObjectType } from 'graphql';
import { schema } from '../../schema/index.ts';

/** The fields of a type that need no selection, as the API lists them. */
export function ownFieldsOf(type: string): string[] {
  return Object.values((schema.getType(type) as GraphQLObjectType).getFields())
    .filter((field) => isLeafType(getNamedType(field.type)))
    .map(({ name }) => name);
}
