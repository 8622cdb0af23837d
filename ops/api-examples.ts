import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse, type OperationDefinitionNode } from 'graphql';

export const EXAMPLES = join(import.meta.dirname, '../docs/api/examples');

/** One documented operation. A test runs it and records its answer. */
export interface Example {
  /** The page of the reference: the file's name up to the first dot. */
  page: string;
  /** `CreateTask` for the field `createTask`. */
  name: string;
  kind: OperationDefinitionNode['operation'];
  text: string;
  variables: Record<string, unknown>;
  /** Undefined until the test has run. */
  answer: unknown;
}

/** All examples, in the order of their pages. */
export function readExamples(): Example[] {
  return globSync('*.graphql', { cwd: EXAMPLES })
    .sort()
    .flatMap((file) => {
      const page = basename(file, '.graphql');
      const source = readFileSync(join(EXAMPLES, file), 'utf8');
      const variables = json(`${page}.variables.json`);
      const answers = json(`${page}.answers.json`);
      return parse(source).definitions.flatMap((definition) => {
        if (definition.kind !== 'OperationDefinition' || !definition.name || !definition.loc) return [];
        const name = definition.name.value;
        return {
          page,
          name,
          kind: definition.operation,
          text: source.slice(definition.loc.start, definition.loc.end),
          variables: (variables[name] ?? {}) as Record<string, unknown>,
          answer: answers[name],
        };
      });
    });
}

function json(file: string): Record<string, unknown> {
  const [path] = globSync(file, { cwd: EXAMPLES });
  return path ? (JSON.parse(readFileSync(join(EXAMPLES, path), 'utf8')) as Record<string, unknown>) : {};
}
