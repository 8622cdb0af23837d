import {
  getArgumentValues,
  getNamedType,
  isObjectType,
  Kind,
  type GraphQLResolveInfo,
  type SelectionSetNode,
} from 'graphql';

/**
 * The arguments of each selection of some fields right under the field that is being resolved, so that one statement
 * can fetch what all of them ask for. A selection that is skipped counts too.
 */
export function argumentsBelow(
  info: GraphQLResolveInfo,
  names: readonly string[],
): Record<string, unknown>[] {
  const type = getNamedType(info.returnType);
  if (!isObjectType(type)) throw new TypeError(`${type.name} is not an object`);
  const fields = type.getFields();

  function below(set: SelectionSetNode | undefined): Record<string, unknown>[] {
    return (set?.selections ?? []).flatMap((selection) => {
      if (selection.kind === Kind.INLINE_FRAGMENT) return below(selection.selectionSet);
      if (selection.kind === Kind.FRAGMENT_SPREAD)
        return below(info.fragments[selection.name.value]?.selectionSet);
      const field = names.includes(selection.name.value) && fields[selection.name.value];
      return field ? [getArgumentValues(field, selection, info.variableValues)] : [];
    });
  }
  return info.fieldNodes.flatMap(({ selectionSet }) => below(selectionSet));
}
