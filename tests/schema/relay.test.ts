import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  getNamedType,
  isInterfaceType,
  isIntrospectionType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
} from 'graphql';
import { describe, expect, onTestFinished, test } from 'vitest';
import { schema } from '../../schema/index.ts';
import { printed } from '../../schema/print.ts';

type Field = GraphQLField<unknown, unknown>;

const objects = Object.values(schema.getTypeMap()).filter(
  (type): type is GraphQLObjectType => isObjectType(type) && !isIntrospectionType(type),
);
const connections = objects.filter(({ name }) => name.endsWith('Connection'));
const mutations: Field[] = Object.values(schema.getMutationType()?.getFields() ?? {});

function fieldsOf(type: GraphQLObjectType): Field[] {
  return Object.values(type.getFields());
}

/** Every list of the API with its parent type. */
const lists = objects.flatMap((type) =>
  fieldsOf(type)
    .filter((field) => connections.some(({ name }) => name === getNamedType(field.type).name))
    .map((field) => ({ type, field })),
);

function isNode({ name }: GraphQLObjectType): boolean {
  const node = schema.getType('Node');
  return isInterfaceType(node) && schema.getPossibleTypes(node).some((type) => type.name === name);
}

describe('Relay’s server specification', () => {
  test('an object can be refetched by `node`, and many by `nodes`', () => {
    const { node, nodes } = schema.getQueryType()?.getFields() ?? {};
    expect(signature(node)).toBe('node(id: ID!): Node');
    expect(signature(nodes)).toBe('nodes(ids: [ID!]!): [Node]!');
    const type = schema.getType('Node');
    const fields = isInterfaceType(type) ? Object.values(type.getFields()) : [];
    expect(fields.map(signature)).toEqual(['id: ID!']);
  });

  test('types with an id implement Node, except events, which are identified by their position in the log, and tasks in the trash', () => {
    const identified = objects.filter((type) => type.getFields()['id'] && !isNode(type));
    expect(identified.map(({ name }) => name)).toEqual(['Event', 'TrashedTask']);
  });

  test('a connection has edges and page info', () => {
    expect(connections.length).toBeGreaterThan(10);
    for (const connection of connections) {
      const { edges, pageInfo, nodes, totalCount } = connection.getFields();
      expect(signature(pageInfo), connection.name).toBe('pageInfo: PageInfo!');
      expect(signature(totalCount), connection.name).toBe('totalCount: Int!');
      expect(signature(edges), connection.name).toBe(`edges: [${connection.name}Edge!]!`);
      const edge = schema.getType(`${connection.name}Edge`);
      const { node, cursor } = isObjectType(edge) ? edge.getFields() : {};
      expect(signature(cursor), connection.name).toBe('cursor: String!');
      expect(String(node?.type), connection.name).toMatch(/^\w+!$/);
      expect(String(nodes?.type), connection.name).toBe(`[${String(node?.type)}]!`);
    }
    const pageInfo = schema.getType('PageInfo');
    expect(isObjectType(pageInfo) && fieldsOf(pageInfo).map(signature).sort()).toEqual([
      'endCursor: String',
      'hasNextPage: Boolean!',
      'hasPreviousPage: Boolean!',
      'startCursor: String',
    ]);
  });

  test('a list can be paged from either end', () => {
    for (const { type, field } of lists) {
      const paging = field.args
        .filter(({ name }) => ['first', 'after', 'last', 'before'].includes(name))
        .map(({ name, type: given }) => `${name}: ${String(given)}`);
      expect(paging.sort(), `${type.name}.${field.name}`).toEqual([
        'after: String',
        'before: String',
        'first: Int',
        'last: Int',
      ]);
      expect(String(field.type), `${type.name}.${field.name}`).toMatch(/!$/);
    }
  });

  test('a mutation has one input type, and returns one payload type', () => {
    for (const field of mutations.filter(({ name }) => !WITHOUT_INPUT.has(name))) {
      const name = capitalized(field.name);
      expect(signature(field)).toBe(`${field.name}(input: ${name}Input!): ${name}Payload!`);
    }
  });
});

/** Fields without arguments. */
const WITHOUT_INPUT = new Set(['signOut', 'endOtherSessions', 'openAssistantConversation']);

/**
 * Lists that are not connections, with their limit: a number that the server enforces, or a consequence of what is
 * counted.
 */
const BOUNDED: Record<string, string> = {
  'ApiToken.scopes': 'there are two',
  'ApiToken.teams': 'a limit has at most 50',
  'Approval.people': 'as many as a conversation begins with, at most 50',
  'Approval.tasks': 'as many as were to be deleted, at most 100',
  'Approval.trashedTasks': 'as many as were to be purged, at most 100',
  'Assistant.commands': 'there are six',
  'AssistantCommand.aliases': 'there is one',
  'AssistantReply.calls': 'at most 30',
  'AuthorizationRequest.scopes': 'there are two',
  'ConnectedApplication.scopes': 'there are two',
  'ConnectedApplication.teams': 'a limit has at most 50',
  'CreateTasksPayload.tasks': 'as many as were asked for, at most 500',
  'CustomDashboard.widgets': 'at most 24',
  'Dashboard.breakdown': 'one for each status',
  'Dashboard.completedPerDay': 'one for each of at most 365 days',
  'Dashboard.createdPerDay': 'one for each of at most 365 days',
  'Dashboard.priorities': 'one for each priority',
  'DashboardHistory.burnUp': 'one for each of at most 365 days',
  'DashboardHistory.cumulativeFlow': 'one for each of at most 365 days',
  'DashboardHistory.throughput': 'one for each week that 365 days touch',
  'DeleteTasksPayload.deletedTaskIds': 'as many as were asked for, at most 100',
  'Event.changes': 'at most 10',
  'Message.calls': 'at most 30',
  'ParsedTaskFilter.errors': 'at most ten',
  'Performance.errors': 'one for each code',
  'Performance.fields': 'at most 100',
  'Performance.operations': 'at most 100',
  'Performance.slowest': 'at most 20',
  'Performance.statements': 'at most 100',
  'PurgeTasksPayload.purgedTaskIds': 'as many as were asked for, at most 100',
  'Query.customDashboards': 'at most 100 of a person or a team',
  'Query.labels': '`first`, at most 100',
  'Query.nodes': 'as many as were asked for, at most 100',
  'Query.search': '`first`, at most 50',
  'Query.sessions': 'at most 100',
  'Query.taskGroups': '`first`, at most 50',
  'Query.undoPreview': 'one for each of at most 500 changes',
  'Query.views': 'at most 100 of a person or a team',
  'RestoreTasksPayload.tasks': 'as many as were asked for, at most 100',
  'SearchResult.snippet': 'two passages of at most 24 words',
  'Task.labels': 'at most 20',
  'TaskGroup.firstTasks': '`first`, at most 50',
  'TaskHighlights.description': 'two passages of at most 24 words',
  'TaskHighlights.title': 'parts of a title of at most 200 characters',
  'TeamRights.grantRoles': 'at most three',
  'ToolCall.tasks': 'at most 100',
  'UndoStep.fields': 'one for each field of a task',
  'UpdateTasksPayload.tasks': 'as many as were asked for, at most 500',
  'View.filterErrors': 'at most ten',
  'View.limits': 'at most 50',
  'Webhook.kinds': 'one for each kind',
  'WidgetData.series': 'at most 50',
  'WidgetSeries.points': 'at most 365',
};

test('every list has a limit', () => {
  const plain = objects
    .filter((type) => !connections.includes(type))
    .flatMap((type) => fieldsOf(type).map((field) => ({ type, field })))
    .filter(({ field }) => isList(field.type))
    .map(({ type, field }) => `${type.name}.${field.name}`);
  expect(plain.sort()).toEqual(Object.keys(BOUNDED));
  for (const { type, field } of lists) {
    for (const size of field.args.filter(({ name }) => name === 'first' || name === 'last'))
      expect(size.description, `${type.name}.${field.name}`).toContain('At most 100');
  }
});

function isList(type: GraphQLOutputType): boolean {
  return isListType(type) || (isNonNullType(type) && isListType(type.ofType));
}

function signature(field: Field | undefined): string {
  if (!field) return 'nothing';
  const given = field.args.map(({ name, type }) => `${name}: ${String(type)}`).join(', ');
  return `${field.name}${given === '' ? '' : `(${given})`}: ${String(field.type)}`;
}

function capitalized(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

test('Relay’s compiler accepts the schema, with a page of each list, a refetch of each object, and each mutation', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'taskwire-relay-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'src'));
  await writeFile(join(folder, 'schema.graphql'), printed);
  const documents = Object.entries(relayDocuments());
  for (const [module, text] of documents) {
    const source = `import { graphql } from 'relay-runtime';\nexport default graphql\`${text}\`;\n`;
    await writeFile(join(folder, 'src', `${module}.ts`), source);
  }
  const config = {
    src: './src',
    schema: './schema.graphql',
    artifactDirectory: './made',
    language: 'typescript',
    noSourceControl: true,
    schemaConfig: { nodeInterfaceIdField: 'id' },
  };
  await mkdir(join(folder, 'made'));
  await writeFile(join(folder, 'relay.config.json'), JSON.stringify(config));

  const compiler = join(import.meta.dirname, '../../node_modules/relay-compiler/cli.js');
  const run = promisify(execFile)(process.execPath, [compiler, 'relay.config.json'], { cwd: folder });
  const said = await run.catch((error: unknown) => error as Awaited<typeof run>);
  expect(`${said.stdout}${said.stderr}`).not.toMatch(/error|✖/i);
  const made = await readdir(join(folder, 'made'));
  expect(made.length).toBeGreaterThanOrEqual(documents.length);
}, 60_000);

/** Documents like those of a Relay client, one per module; a name has to start with the module's name. */
function relayDocuments(): Record<string, string> {
  const pages = lists
    .filter(({ type }) => isNode(type) || type === schema.getQueryType())
    .map(({ type, field }) => {
      const module = `page${type.name}${capitalized(field.name)}`;
      const text = `
        fragment ${module}_list on ${type.name}
        @refetchable(queryName: "${module}Query")
        @argumentDefinitions(count: { type: "Int", defaultValue: 10 }, cursor: { type: "String" }) {
          ${field.name}(first: $count, after: $cursor) @connection(key: "${module}_${field.name}") {
            edges { node { __typename } }
          }
        }`;
      return [module, text] as const;
    });
  const again = objects.filter(isNode).map(({ name }) => {
    const module = `again${name}`;
    return [
      module,
      `fragment ${module}_it on ${name} @refetchable(queryName: "${module}Query") { __typename }`,
    ] as const;
  });
  const changes = mutations
    .filter(({ args }) => args.length > 0)
    .map(({ name, type }) => {
      const module = `change${capitalized(name)}`;
      const payload = getNamedType(type);
      const gone = isObjectType(payload)
        ? fieldsOf(payload).filter(
            (field) => String(field.type) === 'ID!' && /^(deleted|revoked|removed)/.test(field.name),
          )
        : [];
      const selection = gone
        .map((field) => `${field.name} @deleteRecord @deleteEdge(connections: $lists)`)
        .join(' ');
      const given = gone.length > 0 ? ', $lists: [ID!]!' : '';
      return [
        module,
        `mutation ${module}Mutation($input: ${capitalized(name)}Input!${given}) {
          ${name}(input: $input) { __typename ${selection} }
        }`,
      ] as const;
    });
  return Object.fromEntries([...pages, ...again, ...changes]);
}
