import {
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isAbstractType,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';

/** Introspection reads from memory: twenty objects cost a point. */
export const OF_INTROSPECTION = 0.05;

/** List length assumed for a type chosen by name; among the longest in the schema. */
const OF_CHOSEN_TYPE = 30;

export function isIntrospection(type: GraphQLNamedType): boolean {
  return isIntrospectionType(type);
}

/** For lists of all types it is the average, so that the whole schema has its real size. */
export function introspectionLength(schema: GraphQLSchema, field: string, isOfAllTypes: boolean): number {
  const lengths = lengthsOf(schema);
  if (field === 'types' || field === 'directives' || field === 'args') return lengths[field];
  if (field === 'locations') return 5;
  return isOfAllTypes && field in lengths ? lengths[field as keyof Lengths] : OF_CHOSEN_TYPE;
}

interface Lengths {
  types: number;
  directives: number;
  fields: number;
  inputFields: number;
  enumValues: number;
  interfaces: number;
  possibleTypes: number;
  args: number;
}

const known = new WeakMap<GraphQLSchema, Lengths>();

function lengthsOf(schema: GraphQLSchema): Lengths {
  const before = known.get(schema);
  if (before) return before;
  const types = Object.values(schema.getTypeMap());
  const count = { fields: 0, inputFields: 0, enumValues: 0, interfaces: 0, possibleTypes: 0, args: 0 };
  for (const type of types) {
    if (isObjectType(type) || isInterfaceType(type)) {
      const fields = Object.values(type.getFields());
      count.fields += fields.length;
      count.interfaces += type.getInterfaces().length;
      for (const { args } of fields) count.args += args.length;
    }
    if (isInputObjectType(type)) count.inputFields += Object.keys(type.getFields()).length;
    if (isEnumType(type)) count.enumValues += type.getValues().length;
    if (isAbstractType(type)) count.possibleTypes += schema.getPossibleTypes(type).length;
  }
  const average = (sum: number) => sum / types.length;
  const lengths = {
    types: types.length,
    directives: schema.getDirectives().length,
    fields: average(count.fields),
    inputFields: average(count.inputFields),
    enumValues: average(count.enumValues),
    interfaces: average(count.interfaces),
    possibleTypes: average(count.possibleTypes),
    args: count.args / Math.max(1, count.fields),
  };
  known.set(schema, lengths);
  return lengths;
}
