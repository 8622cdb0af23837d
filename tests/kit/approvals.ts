import { vi } from 'vitest';
import { agentOf } from './agent.ts';
import { browserOf } from './browser-session.ts';
import { connected } from './oauth.ts';
import type { Person, World } from './world.ts';

const MINUTE_MS = 60_000;

/** The server runs in the process of the tests, so it has the same clock. Undone by `vi.useRealTimers`. */
export function waitMinutes(minutes: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + minutes * MINUTE_MS });
}

export const DELETE = 'mutation ($input: DeleteTaskInput!) { deleteTask(input: $input) { deletedTaskId } }';
export const APPROVE =
  'mutation ($id: ID!) { approve(input: { id: $id }) { approval { status result } link cursor } }';
export const REFUSE = 'mutation ($id: ID!) { refuse(input: { id: $id }) { approval { status } } }';
export const STATE = 'query ($id: ID!) { approval(id: $id) { status result } }';
export const PENDING = `{ viewer { approvals { totalCount nodes {
  id verb arguments tasks { id title } apiToken { name } connectedApplication { name }
} } } }`;
export const GRANT = `mutation ($input: SetDeletionGrantInput!) {
  setDeletionGrant(input: $input) { holder { id } cursor }
}`;

export interface Waiting {
  viewer: { approvals: { totalCount: number; nodes: Record<string, unknown>[] } };
}

/** A program with the access token of a connected application for the API. */
export async function programOf(world: World, person: Person) {
  const { token } = await connected(world, person, { path: '/graphql' });
  const headers = { authorization: `Bearer ${token}` };
  return {
    token,
    query: <Data>(document: string, variables = {}) => world.query<Data>(document, variables, headers),
  };
}

export function failure(
  call: Promise<unknown>,
): Promise<{ code: string; approvalId: string; message: string }> {
  return call.then(
    () => {
      throw new Error('This should have been refused');
    },
    (error: unknown) => {
      const { code, message } = error as { code: string; message: string };
      const { extensions, details } = error as { extensions?: object; details?: object };
      return { approvalId: '', ...extensions, ...details, code, message };
    },
  );
}

export async function exists(id: string, { query }: Pick<Person, 'query'>): Promise<boolean> {
  const { nodes } = await query<{ nodes: unknown[] }>('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', {
    ids: [id],
  });
  return nodes[0] !== null;
}

/** Ada, her browser, an agent and a task that it asked to delete. */
export async function asked(world: World) {
  const { ada } = await world.people('Ada');
  const browser = await browserOf(world, ada);
  const id = await ada.createTask('Water the plants');
  const agent = await agentOf(ada, world.url);
  const { code, approvalId } = await failure(agent.call('delete_tasks', { ids: [id] }));
  if (code !== 'CONFIRMATION_REQUIRED') throw new Error(`The request ended with ${code}`);
  return { ada, browser, id, agent, approvalId };
}
