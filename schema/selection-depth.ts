import { Kind, type GraphQLResolveInfo, type SelectionSetNode } from 'graphql';

/** How many levels of fields are selected below a field: 1 where these are all leaves. */
export function depthOf({ fieldNodes, fragments }: GraphQLResolveInfo): number {
  const below = (selected: SelectionSetNode | undefined): number =>
    Math.max(
      0,
      ...(selected?.selections ?? []).map((selection) => {
        if (selection.kind === Kind.FIELD) return 1 + below(selection.selectionSet);
        if (selection.kind === Kind.INLINE_FRAGMENT) return below(selection.selectionSet);
        return below(fragments[selection.name.value]?.selectionSet);
      }),
    );
  return Math.max(...fieldNodes.map(({ selectionSet }) => below(selectionSet)));
}
