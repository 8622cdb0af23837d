import { Kind, type FieldNode, type GraphQLResolveInfo, type SelectionSetNode } from 'graphql';
import type { Selected } from '../server/sql/read-page.ts';

/** What is selected at the end of any of these paths below a field, in whatever fragments. */
function selectionsAt(
  { fieldNodes, fragments }: GraphQLResolveInfo,
  paths: readonly (readonly string[])[],
): FieldNode[] {
  const found: FieldNode[] = [];
  const visit = (selected: SelectionSetNode | undefined, path: readonly string[]): void => {
    for (const selection of selected?.selections ?? []) {
      if (selection.kind === Kind.INLINE_FRAGMENT) visit(selection.selectionSet, path);
      else if (selection.kind === Kind.FRAGMENT_SPREAD)
        visit(fragments[selection.name.value]?.selectionSet, path);
      else if (path.length === 0) found.push(selection);
      else if (selection.name.value === path[0]) visit(selection.selectionSet, path.slice(1));
    }
  };
  for (const path of paths) for (const { selectionSet } of fieldNodes) visit(selectionSet, path);
  return found;
}

/** Where the objects of a connection's page are selected. */
export const NODES = [['edges', 'node'], ['nodes']];

/** What is selected of the objects of a connection's page. */
export function selectedInPage(info: GraphQLResolveInfo): Selected {
  const names = (paths: readonly (readonly string[])[]) =>
    selectionsAt(info, paths).map(({ name }) => name.value);
  const placesOf = (list: string | undefined) =>
    list === undefined ? NODES : NODES.flatMap((path) => NODES.map((further) => [...path, list, ...further]));
  const ofObjects = names(NODES);
  return {
    fields: (list) => new Set(list === undefined ? ofObjects : names(placesOf(list))),
    ofNamed: (relation, list) => new Set(names(placesOf(list).map((path) => [...path, relation]))),
    isRepeated: (list) => ofObjects.indexOf(list) !== ofObjects.lastIndexOf(list),
  };
}
