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

async function objectAt(uri: string, operations: Operations): Promise<Record<string, unknown>> {
  const id = OBJECT.exec(uri)?.[2];
  if (id === undefined) throw new ResourceNotFoundError(uri, `There is no resource ${uri}.`);
  const { items, ...rest } = await get.call({ ids: [id], offset: 0 }, operations);
  const [item] = items as Record<string, unknown>[];
  if (!item || 'error' in item) throw new ResourceNotFoundError(uri, String(item?.['error']));
  return { ...item, ...rest };
}
