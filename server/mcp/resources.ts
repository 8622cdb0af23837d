import { ResourceNotFoundError, type ReadResourceResult } from '@modelcontextprotocol/server';
import type { Operations } from './operations.ts';
import { dashboard, get } from './tools.ts';

const JSON_TYPE = 'application/json';
const DASHBOARD = 'taskwire://dashboard';

export const resources = [
  {
    uri: DASHBOARD,
    name: 'dashboard',
    description: 'The person, their teams and conversations, and the numbers of their tasks.',
    mimeType: JSON_TYPE,
  },
];

export const resourceTemplates = [
  ['task', 'A task with its newest comments.'],
  ['team', 'A team with its members.'],
  ['conversation', 'A conversation with its newest messages.'],
].map(([name = '', description]) => ({
  uriTemplate: `taskwire://${name}/{id}`,
  name,
  description,
  mimeType: JSON_TYPE,
}));

const OBJECT = /^taskwire:\/\/(task|team|conversation)\/(\1_[0-9a-z]{26})$/;

/** @throws ResourceNotFoundError for what the person cannot see. */
export async function readResource(uri: string, operations: Operations): Promise<ReadResourceResult> {
  const data = uri === DASHBOARD ? await dashboard.call({}, operations) : await objectAt(uri, operations);
  return { contents: [{ uri, mimeType: JSON_TYPE, text: JSON.stringify(data) }] };
}

/** @throws ResourceNotFoundError if there is no such resource, or the person cannot see one of them. */
export async function requireReadable(uris: readonly string[], operations: Operations): Promise<void> {
  const objects = uris.filter((uri) => uri !== DASHBOARD).map((uri) => ({ uri, id: idIn(uri) }));
  if (objects.length === 0) return;
  const { nodes } = await operations.run<{ nodes: (object | null)[] }>(
    'query McpReadable($ids: [ID!]!) { nodes(ids: $ids) { id } }',
    { ids: objects.map(({ id }) => id) },
  );
  const missing = objects.find((_, index) => !nodes[index]);
  if (missing)
    throw new ResourceNotFoundError(missing.uri, 'This does not exist, or you do not have access to it.');
}

const OF_TEAMS = [
  'TEAM_UPDATED',
  'TEAM_DELETED',
  'TEAM_MEMBER_JOINED',
  'TEAM_MEMBER_LEFT',
  'TEAM_MEMBER_REMOVED',
  'TEAM_ROLE_CHANGED',
  'TEAM_OWNERSHIP_TRANSFERRED',
];

/** The events after which a resource may have changed. */
export function subscriptionFor(uri: string): { query: string; variables: Record<string, unknown> } {
  const query = 'subscription McpListen($filter: EventsFilter) { events(filter: $filter) { event { id } } }';
  if (uri === DASHBOARD) return { query, variables: {} };
  const id = idIn(uri);
  if (id.startsWith('team_')) return { query, variables: { filter: { teamId: id, kinds: OF_TEAMS } } };
  const filter = id.startsWith('task_') ? { taskId: id } : { conversationId: id };
  return { query, variables: { filter } };
}

function idIn(uri: string): string {
  const id = OBJECT.exec(uri)?.[2];
  if (id === undefined) throw new ResourceNotFoundError(uri, `There is no resource ${uri}.`);
  return id;
}

async function objectAt(uri: string, operations: Operations): Promise<Record<string, unknown>> {
  const { items, ...rest } = await get.call({ ids: [idIn(uri)], offset: 0 }, operations);
  const [item] = items as Record<string, unknown>[];
  if (!item || 'error' in item) throw new ResourceNotFoundError(uri, String(item?.['error']));
  return { ...item, ...rest };
}
