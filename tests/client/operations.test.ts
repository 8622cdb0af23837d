import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, type DocumentNode, parse, visit } from 'graphql';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const schema = buildSchema(readFileSync(join(ROOT, 'schema/schema.graphql'), 'utf8'));

/** The operations of the API that the page does without, with the reason. */
const UNUSED: Record<string, string> = {
  'mutation purgeTasks': 'The page deletes one task in the trash at a time.',
  'query approval': 'For agents that wait for a decision. The page lists `viewer.approvals`.',
  'query nodes': 'For clients such as Relay that read objects again by id.',
  'query rateLimit': 'For programs that pace their requests.',
  'subscription dashboard': 'The page follows `events`, and runs its queries again.',
  'subscription task': 'The page follows `events`, and runs its queries again.',
};

/** The documents in the code of the page. */
function documents(): DocumentNode[] {
  const files = globSync('client/src/{lib,routes}/**/*.{ts,svelte}', { cwd: ROOT });
  return files.flatMap((file) => {
    const found = readFileSync(join(ROOT, file), 'utf8').matchAll(/\bgraphql\(\s*`([^`]*)`/g);
    return Array.from(found, ([, document = '']) => parse(document));
  });
}

function fieldsOfRoots(): Set<string> {
  const used = new Set<string>();
  for (const document of documents())
    for (const definition of document.definitions) {
      const root =
        definition.kind === 'OperationDefinition'
          ? definition.operation
          : definition.kind === 'FragmentDefinition' && definition.typeCondition.name.value === 'Query'
            ? 'query'
            : undefined;
      if (root === undefined || !('selectionSet' in definition)) continue;
      visit(definition.selectionSet, {
        Field(node) {
          used.add(`${root} ${node.name.value}`);
          return false;
        },
      });
    }
  return used;
}

test('the page uses each operation of the API, or there is a reason why not', () => {
  const roots = {
    query: schema.getQueryType(),
    mutation: schema.getMutationType(),
    subscription: schema.getSubscriptionType(),
  };
  const all = Object.entries(roots).flatMap(([root, type]) =>
    Object.keys(type?.getFields() ?? {}).map((field) => `${root} ${field}`),
  );
  const used = fieldsOfRoots();
  const unused = all.filter((operation) => !used.has(operation));
  expect(unused.sort()).toEqual(Object.keys(UNUSED).sort());
});
