import {
  getArgumentValues,
  getNamedType,
  isObjectType,
  Kind,
  type FieldNode,
  type GraphQLResolveInfo,
  type SelectionSetNode,
} from 'graphql';

/**
 * Field nodes at the end of a path below the current field. Each fragment is expanded once per level;
 * otherwise nested fragments would take exponential time.
 */
function selectionsAt({ fieldNodes, fragments }: GraphQLResolveInfo, path: readonly string[]): FieldNode[] {
  const found: FieldNode[] = [];
  const seen = Array.from({ length: path.length + 1 }, () => new Set<string>());
  const visit = (selected: SelectionSetNode | undefined, level: number): void => {
    for (const selection of selected?.selections ?? []) {
      if (selection.kind === Kind.INLINE_FRAGMENT) visit(selection.selectionSet, level);
      else if (selection.kind === Kind.FRAGMENT_SPREAD) {
        const name = selection.name.value;
        if (seen[level]?.has(name)) continue;
        seen[level]?.add(name);
        visit(fragments[name]?.selectionSet, level);
      } else if (level === path.length) found.push(selection);
      else if (selection.name.value === path[level]) visit(selection.selectionSet, level + 1);
    }
  };
  for (const { selectionSet } of fieldNodes) visit(selectionSet, 0);
  return found;
}

/**
 * The arguments of all selections of the named fields below the current field, including skipped ones. Used
 * to read all of them in one statement.
 */
export function argumentsBelow(
  info: GraphQLResolveInfo,
  names: readonly string[],
): Record<string, unknown>[] {
  const type = getNamedType(info.returnType);
  if (!isObjectType(type)) throw new TypeError(`${type.name} is not an object`);
  const fields = type.getFields();
  return selectionsAt(info, []).flatMap((node) => {
    const field = names.includes(node.name.value) && fields[node.name.value];
    return field ? [getArgumentValues(field, node, info.variableValues)] : [];
  });
}

/** Whether only columns of the object are selected. */
export function selectsColumns(info: GraphQLResolveInfo): boolean {
  const type = getNamedType(info.returnType);
  const fields = isObjectType(type) ? type.getFields() : {};
  return selectionsAt(info, []).every(
    ({ name: { value } }) =>
      value === 'id' ||
      value === '__typename' ||
      typeof fields[value]?.extensions['pothosExposedField'] === 'string',
  );
}

/** Depth of the selection below a field: 1 if it has only leaves. */
export function depthOf({ fieldNodes, fragments }: GraphQLResolveInfo): number {
  const known = new Map<string, number>();
  const ofFragment = (name: string): number => {
    const depth = known.get(name) ?? below(fragments[name]?.selectionSet);
    known.set(name, depth);
    return depth;
  };
  const below = (selected: SelectionSetNode | undefined): number => {
    let deepest = 0;
    for (const selection of selected?.selections ?? []) {
      const depth =
        selection.kind === Kind.FRAGMENT_SPREAD
          ? ofFragment(selection.name.value)
          : below(selection.selectionSet) + (selection.kind === Kind.FIELD ? 1 : 0);
      deepest = Math.max(deepest, depth);
    }
    return deepest;
  };
  return Math.max(...fieldNodes.map(({ selectionSet }) => below(selectionSet)));
}

/** Paths to the nodes of a connection. */
export const NODES = [['edges', 'node'], ['nodes']];

/** The fields that are selected on the nodes of a connection. */
export function selectedInPage(info: GraphQLResolveInfo) {
  const names = NODES.flatMap((path) => selectionsAt(info, path)).map(({ name }) => name.value);
  return {
    has: (field: string) => names.includes(field),
    /** Whether it is selected more than once, possibly with different arguments. */
    isRepeated: (field: string) => names.indexOf(field) !== names.lastIndexOf(field),
  };
}
