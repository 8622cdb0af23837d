import { getOperationAST, Kind, OperationTypeNode, type DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { BOUNDS, keep } from '../bounds.ts';
import { SerializedData } from './execution/execute-query.ts';
import type { Execute } from './execution/execute.ts';

/** Caches introspection results, which depend only on the document. */
export function withIntrospectionCache(execute: Execute): Execute {
  const answers = new LRUCache<DocumentNode, SerializedData>({
    maxSize: BOUNDS['introspection answers'].most,
    sizeCalculation: ({ text }) => text.length + 1,
  });
  keep('introspection answers', answers, ({ calculatedSize }) => calculatedSize);
  return async (args) => {
    const { document, operationName } = args;
    if (!isIntrospection(document) || !getOperationAST(document, operationName)) return execute(args);
    const kept = answers.get(document);
    if (kept) return { data: kept } as never;
    const result = await execute(args);
    if (result.data instanceof SerializedData && !result.errors) answers.set(document, result.data);
    return result;
  };
}

function isIntrospection({ definitions }: DocumentNode): boolean {
  const [operation, ...others] = definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  return (
    operation?.kind === Kind.OPERATION_DEFINITION &&
    others.length === 0 &&
    operation.operation === OperationTypeNode.QUERY &&
    (operation.variableDefinitions ?? []).length === 0 &&
    operation.selectionSet.selections.every(
      ({ kind, ...selection }) =>
        kind === Kind.FIELD && 'name' in selection && selection.name.value.startsWith('__'),
    )
  );
}
