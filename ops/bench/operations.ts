// The measured operations in the form of each contender, and the comparison of answers.
import { toUUID, fromString } from 'typeid-js';
import { publicId } from '../../server/ids.ts';

export type Contender =
  'raw' | 'PostGraphile 5' | 'PostGraphile 5 with rights' | 'Apollo + Prisma' | 'Taskwire';

/** The form of the request, which PostGraphile has once. */
export type Form = Exclude<Contender, 'PostGraphile 5 with rights'>;

export interface Operation {
  title: string;
  /** The owner of the requested data. */
  owner: 'viewer' | 'busy' | 'huge' | 'writer' | 'receiver' | 'member';
  /** Taskwire's goal, as a multiple of raw's rate. */
  goal: number | null;
  /** Slow for other contenders: measured with one caller, or with few callers for longer. */
  heavy?: 'alone' | 'few';
  /** The request body for each contender. */
  bodies: Record<Form, (owner: string) => object>;
  /** Whether every call creates a row, so that ids differ. */
  writes?: boolean;
}

const person = '{ id name }';

const taskwireDashboard =
  '{ dashboard { breakdown { status count } priorities { priority count } overdue createdPerDay(days: 30) { day count } completedPerDay(days: 30) { day count } } }';

function dashboardOf(
  owner: Operation['owner'],
  title: string,
  load: Pick<Operation, 'goal' | 'heavy'>,
): Operation {
  return {
    title,
    owner,
    ...load,
    bodies: {
      raw: (id) => ({ operation: 'Q2', owner: id }),
      'PostGraphile 5': (id) => ({
        query: 'query ($owner: UUID!) { dashboard: benchDashboard(owner: $owner) }',
        variables: { owner: id },
      }),
      'Apollo + Prisma': (id) => ({
        query: `query ($owner: ID!) ${taskwireDashboard.replace('dashboard', 'dashboard(owner: $owner)').replaceAll('(days: 30)', '')}`,
        variables: { owner: id },
      }),
      Taskwire: () => ({ query: taskwireDashboard }),
    },
  };
}

export const operations = {
  Q0: {
    title: '`{ __typename }`',
    owner: 'viewer',
    goal: 0.4,
    bodies: {
      raw: () => ({ operation: 'Q0' }),
      'PostGraphile 5': () => ({ query: '{ __typename }' }),
      'Apollo + Prisma': () => ({ query: '{ __typename }' }),
      Taskwire: () => ({ query: '{ __typename }' }),
    },
  },
  Q1: {
    title:
      '50 tasks by `updatedAt` with a status filter, each with owner, assignee, team, first 5 shares with their users',
    owner: 'viewer',
    goal: 0.75,
    bodies: {
      raw: (id) => ({ operation: 'Q1', owner: id }),
      'PostGraphile 5': (id) => ({
        query: `query ($owner: UUID!) {
          tasks: allTasks(first: 50, condition: { ownerId: $owner, status: TODO }, orderBy: [UPDATED_AT_DESC, PRIMARY_KEY_DESC]) { nodes {
            id: rowId title status priority dueOn updatedAt
            owner: userByOwnerId { id: rowId name } assignee: userByAssigneeId { id: rowId name } team: teamByTeamId { id: rowId name }
            shares: taskSharesByTaskId(first: 5, orderBy: PRIMARY_KEY_ASC) { nodes { id: rowId permission sharedWith: userBySharedWithId { id: rowId name } } }
          } } }`,
        variables: { owner: id },
      }),
      'Apollo + Prisma': (id) => ({
        query: `query ($owner: ID!) { tasks(owner: $owner, status: "TODO", first: 50) {
          id title status priority dueOn updatedAt owner ${person} assignee ${person} team ${person}
          shares(first: 5) { id permission sharedWith ${person} } } }`,
        variables: { owner: id },
      }),
      Taskwire: (id) => ({
        query: `query ($owner: ID!) {
          tasks(first: 50, filter: { owner: { eq: $owner }, status: { eq: TODO } }, orderBy: [{ field: UPDATED_AT }]) { nodes {
            id title status priority dueOn updatedAt owner ${person} assignee ${person} team ${person}
            shares(first: 5) { nodes { id permission sharedWith ${person} } }
          } } }`,
        variables: { owner: publicId('User', id) },
      }),
    },
  },
  Q2: dashboardOf(
    'viewer',
    'dashboard of 1,000 tasks: by status, by priority, overdue, created and completed per day for 30 days',
    { goal: 0.95 },
  ),
  Q2h: dashboardOf('busy', 'the same for the owner of a tenth of all tasks', { goal: 40, heavy: 'few' }),
  Q2m: dashboardOf('huge', 'the same for the owner of half of all tasks', {
    goal: null,
    heavy: 'alone',
  }),
  Q3: {
    title: '20 conversations with their last 20 messages each',
    owner: 'viewer',
    goal: 1.05,
    bodies: {
      raw: (id) => ({ operation: 'Q3', owner: id }),
      'PostGraphile 5': (id) => ({
        query: `query ($owner: UUID!) {
          conversations: allConversations(first: 20, condition: { ownerId: $owner }, orderBy: [UPDATED_AT_DESC, PRIMARY_KEY_DESC]) { nodes {
            id: rowId title updatedAt
            messages: messagesByConversationId(last: 20, orderBy: [CREATED_AT_ASC, PRIMARY_KEY_ASC]) { nodes { id: rowId role content createdAt } }
          } } }`,
        variables: { owner: id },
      }),
      'Apollo + Prisma': (id) => ({
        query:
          'query ($owner: ID!) { conversations(owner: $owner, first: 20) { id title updatedAt messages(last: 20) { id role content createdAt } } }',
        variables: { owner: id },
      }),
      Taskwire: (id) => ({
        query: `query ($owner: ID!) { conversations(first: 20, filter: { owner: { eq: $owner } }) { nodes {
          id title updatedAt messages(last: 20) { nodes { id role content createdAt } } } } }`,
        variables: { owner: publicId('User', id) },
      }),
    },
  },
  Q4: {
    title: 'create a task, committed; Taskwire with its event',
    owner: 'writer',
    goal: 0.54,
    writes: true,
    bodies: {
      raw: (id) => ({ operation: 'Q4', owner: id }),
      'PostGraphile 5': (id) => ({
        query: `mutation ($owner: UUID!) {
          createTask(input: { task: { ownerId: $owner, title: "Water the plants", priority: HIGH } }) { task { id: rowId title status version } } }`,
        variables: { owner: id },
      }),
      'Apollo + Prisma': (id) => ({
        query:
          'mutation ($owner: ID!) { task: createTask(owner: $owner, title: "Water the plants", priority: "HIGH") { id title status version } }',
        variables: { owner: id },
      }),
      Taskwire: () => ({
        query:
          'mutation { createTask(input: { title: "Water the plants", priority: HIGH }) { task { id title status version } } }',
      }),
    },
  },
} satisfies Record<string, Operation>;

const TYPE_ID = /^[a-z]+_[0-9a-hjkmnp-tv-z]{26}$/;
const MOMENT = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)$/;

/** Removes differences between contenders: envelopes, formats of ids and times, order of keys; without `ids` also ids. */
export function normalised(value: unknown, ids: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => normalised(item, ids));
  if (typeof value === 'string') {
    if (TYPE_ID.test(value)) return toUUID(fromString(value));
    return MOMENT.test(value) ? new Date(value).toISOString() : value;
  }
  if (value === null || typeof value !== 'object') return value;
  const { data, nodes, createTask, ...rest } = value as Record<string, unknown>;
  const envelope = data ?? nodes ?? createTask;
  if (envelope !== undefined) return normalised(envelope, ids);
  return Object.fromEntries(
    Object.entries(rest)
      .filter(([key]) => ids || key !== 'id')
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, normalised(inner, ids)]),
  );
}
