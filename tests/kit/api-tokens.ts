import type { Person } from './world.ts';

/** A new read-only API token of a person, valid on every server of the database. */
export async function apiTokenOf(person: Person, input: object = {}): Promise<{ id: string; token: string }> {
  const { createApiToken } = await person.query<{
    createApiToken: { apiToken: { id: string }; token: string };
  }>('mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { apiToken { id } token } }', {
    input: { name: 'a script', scopes: ['READ'], ...input },
  });
  return { id: createApiToken.apiToken.id, token: createApiToken.token };
}
