import { apiTokenOf } from './api-tokens.ts';
import type { Person, World } from './world.ts';

/** A program with an API token of a person, which may name its run. */
export interface Script {
  tokenId: string;
  headers: Record<string, string>;
  query: <Data>(document: string, variables?: Record<string, unknown>) => Promise<Data>;
  /** @returns the new task's id. */
  createTask: (title: string, details?: object) => Promise<string>;
}

export async function scriptOf(
  world: Pick<World, 'query'>,
  person: Person,
  { run, name = 'Nightly script' }: { run?: string; name?: string } = {},
): Promise<Script> {
  const { id, token } = await apiTokenOf(person, { name, scopes: ['READ', 'WRITE'] });
  const headers: Record<string, string> = { authorization: `Bearer ${token}` };
  if (run !== undefined) headers['taskwire-run'] = run;
  const query: Script['query'] = (document, variables = {}) => world.query(document, variables, headers);
  return {
    tokenId: id,
    headers,
    query,
    async createTask(title, details = {}) {
      const { createTask } = await query<{ createTask: { task: { id: string } } }>(
        'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } } }',
        { input: { title, ...details } },
      );
      return createTask.task.id;
    },
  };
}
