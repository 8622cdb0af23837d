import { getIntrospectionQuery } from 'graphql';
import { openSession } from '../server/database/session.ts';
import { readExamples } from './api-examples.ts';

interface Request {
  query: string;
  variables?: object;
  extensions?: object;
}

export type Ask = (
  request: Request,
  token?: string,
) => Promise<{
  data?: Record<string, unknown> | null;
  errors?: { message: string; extensions: { code: string } }[];
  extensions?: { cost?: { points: number } };
}>;

export interface Operation {
  name: string;
  query: string;
  /** The variables of the nth run, so that each run creates something new. */
  variables?: (n: number) => object;
}

export interface Workspace {
  token: string;
  /** Ids by their prefix. */
  ids: Record<string, string>;
}

const TASKS = 20_000;
const PASSWORD = 'correct horse battery';

/** Creates a person with many tasks, and one object of each type for the examples. */
export async function fillCostWorkspace(ask: Ask, databaseUrl: string): Promise<Workspace> {
  const signUp = async (email: string) => {
    const query = 'mutation ($input: SignUpInput!) { signUp(input: $input) { token viewer { id } } }';
    const { data } = await ask({ query, variables: { input: { name: 'Grace', email, password: PASSWORD } } });
    return data?.['signUp'] as { token: string; viewer: { id: string } };
  };
  const { token } = await signUp('grace@example.com');
  const other = await signUp('alan@example.com');
  const make = async (query: string, variables: object, by = token) => {
    const { data, errors } = await ask({ query, variables }, by);
    if (errors) throw new Error(errors[0]?.message);
    return data as Record<string, Record<string, { id: string }>>;
  };
  const description = 'a a a water the plants in the garden '.repeat(20);
  const labels = ['garden', 'home'];
  const tasks = Array.from({ length: 100 }, (_, n) => ({
    title: `Water the plants ${n}`,
    description,
    labels,
  }));
  await make('mutation ($tasks: [CreateTaskInput!]!) { createTasks(input: { tasks: $tasks }) { cursor } }', {
    tasks,
  });
  const made = await make(
    `mutation {
       task: createTask(input: { title: "Water the plants" }) { task { id } }
       team: createTeam(input: { name: "Garden", slug: "garden" }) { team { id } }
       conversation: createConversation(input: { title: "Beds", participantIds: [] }) { conversation { id } }
       token: createApiToken(input: { name: "Calendar", scopes: [READ] }) { apiToken { id } }
     }`,
    {},
  );
  const idOf = (answer: typeof made, name: string) => Object.values(answer[name] ?? {})[0]?.id ?? '';
  const task = idOf(made, 'task');
  const further = await make(
    `mutation ($task: ID!, $team: ID!) {
       comment: addComment(input: { taskId: $task, body: "From the barrel" }) { comment { id } }
       invitation: inviteMember(input: { teamId: $team, email: "alan@example.com" }) { invitation { id } }
     }`,
    { task, team: idOf(made, 'team') },
  );
  const offered = await make(
    'mutation ($task: ID!) { shared: shareTask(input: { taskId: $task, email: "alan@example.com" }) { link } }',
    { task },
  );
  const accepted = await make(
    'mutation ($secret: String!) { share: acceptShare(input: { secret: $secret }) { share { id } } }',
    { secret: (offered['shared'] as unknown as { link: string }).link.split('#')[1] },
    other.token,
  );
  await copyTasks(databaseUrl);
  const ids = { ...made, ...further, ...accepted };
  return {
    token,
    ids: {
      ...Object.fromEntries(Object.keys(ids).map((name) => [name, idOf(ids, name)])),
      user: other.viewer.id,
    },
  };
}

async function copyTasks(databaseUrl: string): Promise<void> {
  await using client = await openSession(databaseUrl, { application_name: 'taskwire costs' });
  const { rows } = await client.query<{ column_name: string }>(
    `SELECT column_name FROM information_schema.columns
     WHERE table_name = 'tasks' AND table_schema = 'public' AND is_generated = 'NEVER' AND column_name <> 'id'`,
  );
  const columns = rows.map(({ column_name: name }) => `"${name}"`).join(', ');
  await client.query(
    `INSERT INTO tasks (id, ${columns}) SELECT gen_random_uuid(), ${columns} FROM tasks, generate_series(1, $1)`,
    [Math.floor(TASKS / 100)],
  );
  await client.query('ANALYZE');
}

export function costOperations({ ids }: Workspace): Operation[] {
  const documented = readExamples()
    .filter(({ kind, name }) => kind !== 'subscription' && name !== 'SignOut' && name !== 'Performance')
    .map(({ name, text, variables }) => ({
      name,
      query: text,
      variables: (n: number) =>
        JSON.parse(
          JSON.stringify(variables)
            .replaceAll(/"([a-z]+)_[0-9a-z]{26}"/g, (id, type: string) => JSON.stringify(ids[type] ?? id))
            .replaceAll(
              'grace@example.com',
              name === 'SignUp' ? `grace${n}@example.com` : 'grace@example.com',
            ),
        ) as object,
    }));
  return [...documented, ...expensive(ids)].sort((one, other) => Number(isLate(one)) - Number(isLate(other)));
}

/** Whether it removes something that other operations need. */
function isLate({ name }: Operation): boolean {
  return /^(Delete|Revoke|Leave|Remove|Transfer)/.test(name);
}

function expensive(ids: Record<string, string>): Operation[] {
  const times = (count: number, text: (n: number) => string) =>
    Array.from({ length: count }, (_, n) => text(n)).join(' ');
  const list = (filter: string, inner: string) => `{ tasks(first: 1, filter: ${filter}) { ${inner} } }`;
  const labels = times(100, (n) => `"label${n}"`);
  const text = 'Water the plants from the barrel. '.repeat(290);
  return [
    {
      name: 'a page of 100 tasks with all they name',
      query:
        '{ tasks(first: 100) { nodes { id title description labels owner { name } assignee { name } team { name } viewerCan { edit } } totalCount } }',
    },
    {
      name: 'a page with comments, shares and subtasks',
      query:
        '{ tasks(first: 100) { nodes { comments(first: 5) { nodes { body } } shares(first: 5) { nodes { id } } subtasks(first: 5) { nodes { title } totalCount } } } }',
    },
    {
      name: 'a page of 100 tasks by words, with highlights, counted',
      query:
        '{ tasks(first: 100, filter: { text: "tas" }) { totalCount nodes { id highlights(query: "tas") { title { text matched } description { text matched } } } } }',
    },
    { name: 'one contains, counted', query: list('{ title: { contains: "zzz" } }', 'totalCount') },
    {
      name: '48 contains',
      query: list(`{ or: [${times(48, (n) => `{ title: { contains: "zz${n}" } }`)}] }`, 'nodes { id }'),
    },
    {
      name: '48 contains, counted',
      query: list(`{ or: [${times(48, (n) => `{ title: { contains: "zz${n}" } }`)}] }`, 'totalCount'),
    },
    {
      name: '10 sets of 100 labels, counted',
      query: list(`{ or: [${times(10, () => `{ labels: { hasSome: [${labels}] } }`)}] }`, 'totalCount'),
    },
    {
      name: '40 conditions, counted',
      query: list(`{ or: [${times(40, () => '{ priority: { eq: HIGH } }')}] }`, 'totalCount'),
    },
    {
      name: '40 parents',
      query: list(`{ or: [${times(40, () => `{ parent: { eq: "${ids['task'] ?? ''}" } }`)}] }`, 'totalCount'),
    },
    {
      name: '40 lists by title',
      query: `{ ${times(40, (n) => `a${n}: tasks(first: 1, orderBy: [{ field: TITLE }]) { nodes { id } }`)} }`,
    },
    { name: '100 counts', query: `{ ${times(100, (n) => `a${n}: tasks(first: 1) { totalCount }`)} }` },
    { name: 'a search', query: '{ search(query: "water garden") { snippet { text } } }' },
    { name: 'a search for a long phrase', query: '{ search(query: "\\"a a a a a\\"", first: 1) { rank } }' },
    {
      name: 'ten searches',
      query: `{ ${times(10, (n) => `a${n}: search(query: "plants ${n}") { rank }`)} }`,
    },
    {
      name: 'a history of a year',
      query:
        '{ dashboard { history(days: 365) { burnUp { total } cumulativeFlow { done } cycleTime { median } leadTime { p85 } throughput { completed } } } }',
    },
    {
      name: 'twenty dashboards',
      query: `{ ${times(20, (n) => `a${n}: dashboard { statistics { total } createdPerDay(days: 365) { count } overdue }`)} }`,
    },
    {
      name: '100 activities',
      query:
        '{ activity(first: 100) { nodes { kind actor { name } task { title } changes { field } } totalCount } }',
    },
    { name: 'introspection', query: getIntrospectionQuery() },
    {
      name: '95 tasks of 10 KB',
      query: 'mutation ($tasks: [CreateTaskInput!]!) { createTasks(input: { tasks: $tasks }) { cursor } }',
      variables: () => ({ tasks: Array.from({ length: 95 }, () => ({ title: 'Tea', description: text })) }),
    },
    {
      name: '500 small tasks',
      query: 'mutation ($tasks: [CreateTaskInput!]!) { createTasks(input: { tasks: $tasks }) { cursor } }',
      variables: () => ({ tasks: Array.from({ length: 500 }, () => ({ title: 'Tea' })) }),
    },
    {
      name: 'a comment of 10 KB',
      query:
        'mutation ($id: ID!, $body: String!) { addComment(input: { taskId: $id, body: $body }) { cursor } }',
      variables: () => ({ id: ids['task'], body: text }),
    },
    {
      name: '40 tasks by aliases',
      query: `mutation { ${times(40, (n) => `a${n}: createTask(input: { title: "Tea" }) { task { id } }`)} }`,
    },
  ];
}
