import { z } from 'zod';
import { SharePermission, TaskPriority, TaskStatus } from '../../prisma/generated/client/client.ts';
import {
  COMPACT,
  cut,
  FULL,
  NOTE,
  output,
  TASK_FIELDS,
  taskOf,
  taskOutput,
  withoutEmpty,
  type TaskData,
} from './answers.ts';
import { newIdOf } from './input.ts';
import { Refused, type Operations } from './operations.ts';

export interface Tool {
  description: string;
  input: z.ZodObject;
  output: z.ZodObject;
  changes: boolean;
  /** Whether it can overwrite data. */
  isDestructive: boolean;
  /** Whether a repeated call without client-generated ids has no further effect. */
  isIdempotent: boolean;
  call(input: Record<string, unknown>, operations: Operations): Promise<Record<string, unknown>>;
}

type Definition<Input extends z.ZodObject> = Pick<Tool, 'description' | 'output'> & {
  input: Input;
  call(input: z.output<Input>, operations: Operations): Promise<Record<string, unknown>>;
};

const READS = { changes: false, isDestructive: false, isIdempotent: true };
const ADDS = { changes: true, isDestructive: false, isIdempotent: false };
const RESTORES = { changes: true, isDestructive: false, isIdempotent: true };
const OVERWRITES = { changes: true, isDestructive: true, isIdempotent: true };

function tool<Input extends z.ZodObject>(effect: typeof READS, definition: Definition<Input>): Tool {
  return { ...effect, ...definition };
}

const MOST_TASKS = 100;
const LONG = 4_000;
const SHORT = 500;

const Status = z.enum(TaskStatus);
const Priority = z.enum(TaskPriority);
const fields = z.array(z.enum(TASK_FIELDS)).optional().describe('More fields of each task.');

function selectionFor(wanted: readonly string[] | undefined): string {
  return wanted?.length ? FULL : COMPACT;
}

const newTask = z.strictObject({
  id: newIdOf('Task').describe('UUID version 7 that you make. A repeated call with it creates nothing.'),
  title: z.string(),
  description: z.string().optional().describe('Markdown.'),
  status: Status.optional(),
  priority: Priority.optional(),
  dueOn: z.string().optional().describe('YYYY-MM-DD.'),
  labels: z.array(z.string()).optional(),
  assigneeId: z.string().optional(),
  teamId: z.string().optional().describe('Without it, the task is personal.'),
  parentId: z.string().optional(),
});

const editedTask = z.strictObject({
  id: z.string(),
  version: z.number().optional().describe('Refuses the change if the task has another version.'),
  title: z.string().optional(),
  description: z.string().optional(),
  status: Status.optional(),
  priority: Priority.optional(),
  dueOn: z.string().nullish(),
  labels: z.array(z.string()).optional().describe('Replaces all labels.'),
  assigneeId: z.string().nullish(),
  teamId: z.string().nullish(),
  parentId: z.string().nullish(),
});

const changedTasks = output({ tasks: z.array(taskOutput), cursor: z.string() });

interface ChangedTasks {
  changed: { tasks: TaskData[]; cursor: string };
}

async function changeTasks(operations: Operations, field: 'createTasks' | 'updateTasks', tasks: object[]) {
  const type = field === 'createTasks' ? 'CreateTasksInput' : 'UpdateTasksInput';
  const { changed } = await operations.run<ChangedTasks>(
    `mutation ${field === 'createTasks' ? 'McpCreateTasks' : 'McpUpdateTasks'}($input: ${type}!) {
       changed: ${field}(input: $input) { tasks { ${COMPACT} } cursor }
     }`,
    { input: { tasks } },
  );
  return changedTasksOf(changed);
}

function changedTasksOf({ tasks, cursor }: ChangedTasks['changed']) {
  return { tasks: tasks.map((task) => taskOf(task)), cursor, ...NOTE };
}

const search = tool(READS, {
  description:
    'Full-text search in tasks, comments and messages. Finds all words, best match first; the last word may be incomplete.',
  input: z.strictObject({
    query: z.string(),
    types: z.array(z.enum(['TASK', 'COMMENT', 'MESSAGE'])).optional(),
    limit: z.int().min(1).max(50).default(10),
  }),
  output: output({ results: z.array(z.looseObject({ type: z.string(), id: z.string() })) }),
  async call({ query, types, limit }, operations) {
    const data = await operations.run<{
      search: { node: TaskData & { __typename: string }; snippet: { text: string }[] }[];
    }>(
      `query McpSearch($query: String!, $types: [SearchType!], $first: Int!) {
         search(query: $query, types: $types, first: $first) {
           node {
             __typename
             ... on Task { ${COMPACT} }
             ... on Comment { id task { id title } author { name } }
             ... on Message { id conversation { id title } sender: author { name } }
           }
           snippet { text }
         }
       }`,
      { query, types, first: limit },
    );
    const results = data.search.map(({ node: { __typename: type, ...node }, snippet }) => ({
      type,
      ...(type === 'Task' ? taskOf(node) : withoutEmpty({ ...node })),
      snippet: snippet.map(({ text }) => text).join(''),
    }));
    return { results, ...NOTE };
  },
});

// Comments always have an author, messages do not; one name for both would be a conflict.
const COMMENT = 'id createdAt author { name } body';
const MESSAGE = 'id createdAt sender: author { name } content';

const DETAILS = `query McpGet($ids: [ID!]!) {
  nodes(ids: $ids) {
    __typename
    ... on Task {
      ${FULL}
      subtasks(first: 20) { nodes { id title status } pageInfo { hasNextPage } }
      comments(last: 10) { nodes { ${COMMENT} } pageInfo { hasPreviousPage } }
    }
    ... on Team { id name description viewerRole members(first: 50) { nodes { role user { id name } } pageInfo { hasNextPage } } }
    ... on Conversation {
      id title
      participants(first: 20) { nodes { id name } pageInfo { hasNextPage } }
      messages(last: 20) { nodes { ${MESSAGE} } pageInfo { hasPreviousPage } }
    }
    ... on Comment { ${COMMENT} task { id title } }
    ... on Message { ${MESSAGE} conversation { id title } }
    ... on User { id name timezone }
  }
}`;

const ID = /[a-z]+_[0-9a-hjkmnp-tv-z]{26}/;

interface Page {
  nodes: Record<string, unknown>[];
  pageInfo: { hasNextPage?: boolean; hasPreviousPage?: boolean };
}

/** An object with its lists as arrays, and its texts cut. */
function detailsOf({ __typename: type, ...node }: Record<string, unknown>, offset: number) {
  const shown: Record<string, unknown> = { type };
  for (const [name, value] of Object.entries(node)) {
    if (!isPage(value)) {
      shown[name] = cut(value, ['description', 'body', 'content'].includes(name) ? offset : 0, LONG);
      continue;
    }
    shown[name] = value.nodes.map((each) =>
      withoutEmpty(Object.fromEntries(Object.entries(each).map(([key, text]) => [key, cut(text, 0, SHORT)]))),
    );
    const { hasNextPage, hasPreviousPage } = value.pageInfo;
    if (hasNextPage ?? hasPreviousPage) shown[`${name}More`] = 'There are more: use the tool `query`.';
  }
  return withoutEmpty(shown);
}

function isPage(value: unknown): value is Page {
  return typeof value === 'object' && value !== null && 'pageInfo' in value;
}

export const get = tool(READS, {
  description:
    'Tasks, teams, people, conversations, comments or messages by id or link, with details: a task with its newest comments, a team with its members, a conversation with its newest messages. Long texts are cut; `offset` continues them.',
  input: z.strictObject({
    ids: z.array(z.string()).min(1).max(20),
    offset: z.int().min(0).max(20_000).default(0).describe('Characters of the text to skip.'),
  }),
  output: output({ items: z.array(z.looseObject({ id: z.string() })) }),
  async call({ ids: given, offset }, operations) {
    const ids = given.map((id) => ID.exec(id)?.[0] ?? id);
    const { nodes } = await operations.run<{ nodes: (Record<string, unknown> | null)[] }>(DETAILS, { ids });
    const items = nodes.map((node, index) =>
      node
        ? detailsOf(node, offset)
        : { id: ids[index], error: 'NOT_FOUND: This does not exist, or you do not have access to it.' },
    );
    return { items, ...NOTE };
  },
});

const ORDERS = [
  'POSITION',
  'DUE_ON',
  'PRIORITY',
  'STATUS',
  'TITLE',
  'CREATED_AT',
  'UPDATED_AT',
  'COMPLETED_AT',
] as const;

const list_tasks = tool(READS, {
  description: 'Tasks that match all given conditions, by page. Empty fields are left out.',
  input: z.strictObject({
    filter: z
      .string()
      .optional()
      .describe('Any conditions, such as: due:<today -label:waiting (assignee:me or team:web)'),
    text: z.string().optional().describe('Words of the title or description.'),
    status: z.array(Status).optional().describe('Open tasks are TODO and IN_PROGRESS.'),
    priority: z.array(Priority).optional(),
    assignee: z.string().optional().describe('Id of a person, "me" or "none".'),
    owner: z.string().optional().describe('Id of a person, or "me".'),
    team: z.string().optional().describe('Id of a team, or "none" for personal tasks.'),
    parent: z.string().optional(),
    label: z.string().optional(),
    dueBefore: z.string().optional().describe('YYYY-MM-DD, exclusive.'),
    dueAfter: z.string().optional().describe('Exclusive.'),
    hasDueDate: z.boolean().optional(),
    archived: z.boolean().optional(),
    order: z.enum(ORDERS).optional(),
    descending: z.boolean().default(false),
    limit: z.int().min(1).max(MOST_TASKS).default(25),
    cursor: z.string().optional().describe('`nextCursor` of the page before.'),
    fields,
  }),
  output: output({ tasks: z.array(taskOutput), nextCursor: z.string().optional() }),
  async call(
    { filter: filterText, order, descending, limit, cursor, fields: wanted, ...conditions },
    operations,
  ) {
    const { text, status, priority, label, dueBefore, dueAfter, hasDueDate, archived } = conditions;
    const reference = (id: string | undefined) => {
      if (id === undefined) return undefined;
      return id === 'none' ? { isNull: true } : { eq: id === 'me' ? operations.viewerId : id };
    };
    const isNull = hasDueDate === undefined ? undefined : !hasDueDate;
    const due = withoutEmpty({ before: dueBefore, after: dueAfter, isNull });
    const filter = withoutEmpty({
      text,
      archived,
      status: status && { in: status },
      priority: priority && { in: priority },
      assignee: reference(conditions.assignee),
      owner: reference(conditions.owner),
      team: reference(conditions.team),
      parent: reference(conditions.parent),
      labels: label === undefined ? undefined : { has: label },
      dueOn: Object.keys(due).length > 0 ? due : undefined,
    });
    const { tasks } = await operations.run<{
      tasks: { nodes: TaskData[]; pageInfo: { endCursor: string | null; hasNextPage: boolean } };
    }>(
      `query McpListTasks($filter: TaskFilter, $filterText: String, $orderBy: [TaskOrder!], $first: Int!, $after: String) {
         tasks(filter: $filter, filterText: $filterText, orderBy: $orderBy, first: $first, after: $after) {
           nodes { ${selectionFor(wanted)} }
           pageInfo { endCursor hasNextPage }
         }
       }`,
      {
        filter,
        ...(filterText === undefined ? {} : { filterText }),
        first: limit,
        ...(order === undefined
          ? {}
          : { orderBy: [{ field: order, direction: descending ? 'DESC' : 'ASC' }] }),
        ...(cursor === undefined ? {} : { after: cursor }),
      },
    );
    const { endCursor, hasNextPage } = tasks.pageInfo;
    return {
      tasks: tasks.nodes.map((task) => taskOf(task, wanted)),
      ...(hasNextPage && endCursor !== null ? { nextCursor: endCursor } : {}),
      ...NOTE,
    };
  },
});

const create_tasks = tool(ADDS, {
  description: 'Creates 1 to 100 tasks, all or none.',
  input: z.strictObject({ tasks: z.array(newTask).min(1).max(MOST_TASKS) }),
  output: changedTasks,
  call: ({ tasks }, operations) => changeTasks(operations, 'createTasks', tasks),
});

const update_tasks = tool(OVERWRITES, {
  description:
    'Changes 1 to 100 tasks, all or none. Omitted fields stay as they are; null clears dueOn, assigneeId, teamId and parentId. Status DONE completes a task.',
  input: z.strictObject({ tasks: z.array(editedTask).min(1).max(MOST_TASKS) }),
  output: changedTasks,
  call: ({ tasks }, operations) => changeTasks(operations, 'updateTasks', tasks),
});

const CONFIRMED =
  'Needs the person: the error CONFIRMATION_REQUIRED has the address where they approve it. Afterwards repeat the call unchanged.';

const delete_tasks = tool(OVERWRITES, {
  description: `Moves 1 to 100 tasks to the trash, all or none. They can be restored for 30 days. ${CONFIRMED}`,
  input: z.strictObject({ ids: z.array(z.string()).min(1).max(MOST_TASKS) }),
  output: output({ deletedTaskIds: z.array(z.string()), cursor: z.string() }),
  async call({ ids }, operations) {
    const { deleteTasks } = await operations.run<{ deleteTasks: Record<string, unknown> }>(
      'mutation McpDeleteTasks($input: DeleteTasksInput!) { deleteTasks(input: $input) { deletedTaskIds cursor } }',
      { input: { tasks: ids.map((id) => ({ id })) } },
    );
    return deleteTasks;
  },
});

const restore_tasks = tool(RESTORES, {
  description:
    'Restores 1 to 100 deleted tasks from the trash as they were, all or none. To list them, `query`: { trash { nodes { id title deletedAt } } }.',
  input: z.strictObject({ ids: z.array(z.string()).min(1).max(MOST_TASKS) }),
  output: changedTasks,
  async call({ ids }, operations) {
    const { changed } = await operations.run<ChangedTasks>(
      `mutation McpRestoreTasks($input: RestoreTasksInput!) {
         changed: restoreTasks(input: $input) { tasks { ${COMPACT} } cursor }
       }`,
      { input: { tasks: ids.map((id) => ({ id })) } },
    );
    return changedTasksOf(changed);
  },
});

const share_task = tool(OVERWRITES, {
  description: `Shares a task with a person, by userId or email. ${CONFIRMED}`,
  input: z.strictObject({
    taskId: z.string(),
    userId: z.string().optional(),
    email: z.string().optional(),
    permission: z.enum(SharePermission).optional().describe('Default: VIEW.'),
    expiresAt: z.string().optional().describe('ISO 8601.'),
  }),
  output: output({ cursor: z.string() }),
  async call(input, operations) {
    const { shareTask } = await operations.run<{
      shareTask: { share: { id: string } | null; offer: { id: string } | null; cursor: string };
    }>(
      'mutation McpShareTask($input: ShareTaskInput!) { shareTask(input: $input) { share { id } offer { id } cursor } }',
      { input },
    );
    const { share, offer, cursor } = shareTask;
    return { ...withoutEmpty({ shareId: share?.id, offerId: offer?.id }), cursor };
  },
});

const added = output({ id: z.string(), cursor: z.string() });

const comment = tool(ADDS, {
  description: 'Adds a comment to a task.',
  input: z.strictObject({
    taskId: z.string(),
    body: z.string().describe('Markdown.'),
    id: newIdOf('Comment').describe('UUID version 7 that you make, for safe repetition.'),
  }),
  output: added,
  async call(input, operations) {
    const { addComment } = await operations.run<{ addComment: { comment: { id: string }; cursor: string } }>(
      'mutation McpComment($input: AddCommentInput!) { addComment(input: $input) { comment { id } cursor } }',
      { input },
    );
    return { id: addComment.comment.id, cursor: addComment.cursor };
  },
});

const send_message = tool(ADDS, {
  description: 'Sends a message to a conversation, in the name of the person.',
  input: z.strictObject({
    conversationId: z.string(),
    content: z.string().describe('Markdown.'),
    id: newIdOf('Message').describe('UUID version 7 that you make, for safe repetition.'),
  }),
  output: added,
  async call(input, operations) {
    const { sendMessage } = await operations.run<{
      sendMessage: { message: { id: string }; cursor: string };
    }>(
      'mutation McpSendMessage($input: SendMessageInput!) { sendMessage(input: $input) { message { id } cursor } }',
      { input },
    );
    return { id: sendMessage.message.id, cursor: sendMessage.cursor };
  },
});

const NUMBERS = `statistics { total pending completed shared } overdue dueToday dueThisWeek
  breakdown { status count } priorities { priority count }
  activity { createdToday createdThisWeek completedToday completedThisWeek completionRate }
  cursor`;
const AROUND = `viewer { id name timezone } teams(first: 20) { nodes { id name viewerRole } }
  conversations(first: 10) { nodes { id title } }`;

interface DashboardData {
  viewer: object;
  teams: { nodes: object[] };
  conversations: { nodes: object[] };
  dashboard: Record<string, unknown> & {
    breakdown: { status: string; count: number }[];
    priorities: { priority: string; count: number }[];
  };
}

export const dashboard = tool(READS, {
  description:
    'The person, their teams and newest conversations, and the numbers of their tasks or of a team: totals, overdue, due, by status and priority. With `days`, also the history up to `asOf`.',
  input: z.strictObject({
    teamId: z.string().optional().describe('Numbers of this team instead of the person.'),
    days: z.int().min(1).max(366).optional().describe('Length of the history.'),
    asOf: z.string().optional().describe('Last day of the history, YYYY-MM-DD. Default: today.'),
  }),
  output: output({ viewer: z.looseObject({}), dashboard: z.looseObject({}) }),
  async call({ teamId, days, asOf }, operations) {
    // The teams, from which the agent can choose.
    if (operations.isLimited && teamId === undefined) {
      const { viewer, teams } = await operations.run<Pick<DashboardData, 'viewer' | 'teams'>>(
        'query McpTeams { viewer { id name timezone } teams(first: 100) { nodes { id name viewerRole } } }',
      );
      return { viewer, teams: teams.nodes, limitedToTeams: true, dashboard: {}, ...NOTE };
    }
    const withHistory = days !== undefined || asOf !== undefined;
    const history = `history(days: $days, asOf: $asOf) {
      burnUp { day total completed } throughput { week completed } cycleTime { median p85 } leadTime { median p85 }
    }`;
    const data = await operations.run<DashboardData>(
      withHistory
        ? `query McpDashboardHistory($scope: DashboardScope, $days: Int! = 30, $asOf: Date) {
             ${AROUND} dashboard(scope: $scope) { ${NUMBERS} ${history} }
           }`
        : `query McpDashboard($scope: DashboardScope) { ${AROUND} dashboard(scope: $scope) { ${NUMBERS} } }`,
      withoutEmpty({ scope: teamId === undefined ? undefined : { teamId }, days, asOf }),
    );
    const { viewer, teams, conversations } = data;
    const { breakdown, priorities, ...numbers } = data.dashboard;
    return {
      viewer,
      teams: teams.nodes,
      conversations: conversations.nodes,
      dashboard: {
        ...numbers,
        byStatus: Object.fromEntries(breakdown.map(({ status, count }) => [status, count])),
        byPriority: Object.fromEntries(priorities.map(({ priority, count }) => [priority, count])),
      },
      ...NOTE,
    };
  },
});

interface EventData {
  cursor: string;
  event: {
    at: string;
    kind: string;
    actor: { name: string } | null;
    through: { name: string | null; run: string | null } | null;
    task: object | null;
    subject: { id: string } | null;
    team: { name: string } | null;
    changes: { field: string; before: string | null; after: string | null }[];
  } | null;
}

const changes_since = tool(READS, {
  description:
    'Events after a cursor, oldest first, each once. Without a cursor, returns the current one: keep it and ask later. `more` tells that further events wait after the new cursor.',
  input: z.strictObject({
    cursor: z.string().optional().describe('From this tool, `dashboard` or a change.'),
    limit: z.int().min(1).max(200).default(50),
  }),
  output: output({
    changes: z.array(z.looseObject({ kind: z.string() })),
    cursor: z.string(),
    more: z.boolean(),
  }),
  async call({ cursor, limit }, operations) {
    if (cursor === undefined) {
      const now = await operations.run<{ cursor: string }>('query McpCursor { cursor }');
      return { changes: [], cursor: now.cursor, more: false };
    }
    const events = operations.follow<{ events: EventData }>(
      `subscription McpChangesSince($after: String!) {
         events(after: $after) {
           cursor
           event {
             at kind actor { name } through { name run } task { id title } subject { id } team { name } changes { field before after }
           }
         }
       }`,
      { after: cursor },
    );
    const changes: object[] = [];
    for await (const { events: update } of events) {
      // Sent once all missed events are delivered.
      if (!update.event) return { changes, cursor: update.cursor, more: false, ...NOTE };
      const { at, kind, actor, through, task, subject, team, changes: values } = update.event;
      const subjectId = task === null ? subject?.id : undefined;
      const changed = values.map(
        ({ field, before, after }) => `${field}: ${before ?? '–'} → ${after ?? '–'}`,
      );
      changes.push({
        at,
        kind,
        ...withoutEmpty({
          actor: actor?.name,
          through: through && (through.name ?? 'an API token'),
          run: through?.run,
          task,
          subjectId,
          team: team?.name,
          changed,
        }),
      });
      if (changes.length === limit) return { changes, cursor: update.cursor, more: true, ...NOTE };
    }
    return { changes, cursor, more: true, ...NOTE };
  },
});

const LONGEST_ANSWER = 100_000;

const query = tool(READS, {
  description:
    'Runs a GraphQL query that reads, for what the other tools do not offer. Its cost is checked before it runs; `dryRun` only returns the cost. Explore the schema with introspection, such as { __type(name: "Task") { fields { name } } }.',
  input: z.strictObject({
    query: z.string(),
    variables: z.record(z.string(), z.unknown()).optional(),
    operationName: z.string().optional(),
    dryRun: z.boolean().default(false),
  }),
  output: output({ data: z.unknown(), errors: z.array(z.looseObject({})).optional() }),
  async call({ query: document, variables = {}, operationName = null, dryRun }, operations) {
    const extensions = dryRun ? { cost: 'dry-run' } : null;
    const answer = await operations.read({ query: document, variables, operationName, extensions });
    const { data = null, errors } = answer;
    if (data === null && errors[0]) throw errors[0];
    const { length } = JSON.stringify(data);
    if (length > LONGEST_ANSWER)
      throw new Refused({
        message: `The answer has ${length} characters; the limit is ${LONGEST_ANSWER}. Request smaller pages or fewer fields.`,
        extensions: { code: 'QUERY_TOO_COMPLEX' },
      });
    const faults = errors.map(({ code, message, details }) => ({ code, message, ...details }));
    return { data, ...withoutEmpty({ errors: faults }), ...NOTE };
  },
});

export const tools: ReadonlyMap<string, Tool> = new Map(
  Object.entries({
    dashboard,
    search,
    get,
    list_tasks,
    create_tasks,
    update_tasks,
    delete_tasks,
    restore_tasks,
    share_task,
    comment,
    send_message,
    changes_since,
    query,
  }),
);
