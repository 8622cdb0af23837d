// npm run docs
// Generates docs/api from the schema's descriptions and the tested examples. `npm run check` compares with --check.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  buildSchema,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  isUnionType,
  print,
  specifiedScalarTypes,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLNamedType,
  type GraphQLOutputType,
} from 'graphql';
import { format, resolveConfig } from 'prettier';
import { readExamples, type Example } from './api-examples.ts';

const ROOT = join(import.meta.dirname, '..');
const FOLDER = join(ROOT, 'docs/api');

/** The pages in the order of the index, named like their examples. */
const pages: Record<string, { title: string; about: string }> = {
  account: {
    title: 'Accounts and credentials',
    about: 'Accounts, sessions, passwords and API tokens.',
  },
  tasks: {
    title: 'Tasks',
    about:
      'A task belongs to its creator and, optionally, to a team. Lists have pages of at most 100; pass `endCursor` as `after` to read the next page.',
  },
  views: {
    title: 'Views',
    about:
      'Kept selections of tasks, of a person or a team. [Filters as text](../filters.md) describes their language.',
  },
  dashboards: {
    title: 'Dashboards of one’s own',
    about:
      'Widgets with numbers of a scope or a filter, of a person or a team. [The guide](../dashboards.md) says what each number means.',
  },
  sharing: {
    title: 'Shares and comments',
    about: 'Share a task with another person, to view or to edit, and comment on it.',
  },
  teams: {
    title: 'Teams',
    about:
      'Each team has one OWNER. ADMINs manage the team, MEMBERs create tasks and change their own, VIEWERs read. Rights add up: a VIEWER who owns a task of the team, or has an EDIT share of it, keeps the rights of the ownership or the share.',
  },
  conversations: {
    title: 'Conversations',
    about: 'Messages between people. Only participants can see a conversation.',
  },
  assistant: {
    title: 'Assistant',
    about:
      'A conversation in which an assistant replies, with the rights of the person. [The guide](../agents.md#the-assistant) describes it.',
  },
  webhooks: {
    title: 'Webhooks',
    about:
      'Events as signed HTTP requests to a URL. [The guide](../webhooks.md) describes the requests, their order, and how to verify them.',
  },
  overview: {
    title: 'Dashboard, activity and search',
    about: 'Statistics, events, and full-text search.',
  },
  live: {
    title: 'Subscriptions',
    about:
      'Live updates. [The guide](README.md#live-updates) explains how to subscribe, and how to resume after a disconnect.',
  },
  service: {
    title: 'Service',
    about: 'Rate limits and performance figures.',
  },
};

const schema = buildSchema(await readFile(join(ROOT, 'schema/schema.graphql'), 'utf8'));
const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
const operations = {
  query: schema.getQueryType()?.getFields(),
  mutation: schema.getMutationType()?.getFields(),
  subscription: schema.getSubscriptionType()?.getFields(),
};
const examples = readExamples();

const outdated: string[] = [];
const check = process.argv.includes('--check');
for (const page of Object.keys(pages)) await keep(`${page}.md`, operationsPage(page));
await keep('types.md', typesPage());
await keep('README.md', await guide());
if (outdated.length > 0) {
  console.error(`Outdated: ${outdated.join(', ')}. Run \`npm run docs\`.`);
  process.exitCode = 1;
}

async function keep(file: string, text: string): Promise<void> {
  const path = join(FOLDER, file);
  const wanted = await format(text, { ...(await resolveConfig(path)), parser: 'markdown' });
  if ((await readFile(path, 'utf8').catch(() => '')) === wanted) return;
  if (check) outdated.push(`docs/api/${file}`);
  else await writeFile(path, wanted);
}

/** Replaces the generated parts of the guide, which are between markers. */
async function guide(): Promise<string> {
  const written = await readFile(join(FOLDER, 'README.md'), 'utf8');
  const parts = /(<!-- generated: (\S+) -->)[\s\S]*?(<!-- end -->)/g;
  const generated = new Map<string, string>([['operations', index()]]);
  for (const [, , name = ''] of written.matchAll(parts)) {
    if (!generated.has(name)) generated.set(name, await quickStart(name));
  }
  return written.replaceAll(parts, (_all, begin: string, name: string, end: string) =>
    [begin, generated.get(name), end].join('\n\n'),
  );
}

async function quickStart(file: string): Promise<string> {
  const languages: Record<string, string> = { sh: 'sh', py: 'python', mjs: 'js', tsx: 'tsx' };
  const text = await readFile(join(FOLDER, 'quick-start', file), 'utf8');
  return fenced(languages[file.split('.').at(-1) ?? ''] ?? '', text);
}

function index(): string {
  return Object.entries(pages)
    .map(([page, { title }]) => {
      const names = examples.filter((example) => example.page === page).map(fieldOf);
      return `- [${title}](${page}.md): ${names.map((name) => `[\`${name}\`](${page}.md#${name.toLowerCase()})`).join(', ')}`;
    })
    .join('\n');
}

function operationsPage(page: string): string {
  const { title = '', about = '' } = pages[page] ?? {};
  const mine = examples.filter((example) => example.page === page);
  return [`# ${title}`, about, '[API reference](README.md)', ...mine.map(operationSection)].join('\n\n');
}

function operationSection(example: Example): string {
  const field = operations[example.kind]?.[fieldOf(example)];
  if (!field) throw new Error(`The example ${example.name} has no operation in the schema.`);
  const { variables, answer } = example;
  return [
    `## ${field.name}`,
    `${field.description ?? ''} (${example.kind})`,
    argumentsOf(field),
    resultOf(field.type),
    fenced('graphql', example.text),
    ...(hasAny(variables) ? ['Variables:', fenced('json', JSON.stringify(variables))] : []),
    ...(answer === undefined ? [] : [answerHeading(example), fenced('json', JSON.stringify(answer))]),
  ]
    .filter(Boolean)
    .join('\n\n');
}

function answerHeading({ kind }: Example): string {
  return kind === 'subscription' ? 'Messages:' : 'Answer:';
}

/** The arguments; for a mutation, the fields of its `input`. */
function argumentsOf({ args }: GraphQLField<unknown, unknown>): string {
  const [only] = args;
  const type = only && getNamedType(only.type);
  const fields = only?.name === 'input' && isInputObjectType(type) ? Object.values(type.getFields()) : args;
  if (fields.length === 0) return '';
  return table(only?.name === 'input' ? 'Input' : 'Argument', fields.map(inputRow));
}

function inputRow(input: GraphQLArgument | GraphQLInputField): [string, string, string] {
  const standard = input.astNode?.defaultValue;
  const byDefault = standard ? ` Default: \`${print(standard)}\`.` : '';
  return [input.name, typeLink(input.type.toString()), `${input.description ?? ''}${byDefault}`];
}

function resultOf(type: GraphQLOutputType): string {
  const named = getNamedType(type);
  if (!named.name.endsWith('Payload') || !isObjectType(named)) return `Returns ${typeLink(type.toString())}.`;
  return table(
    'Payload',
    Object.values(named.getFields()).map((field) => [
      field.name,
      typeLink(field.type.toString()),
      field.description ?? '',
    ]),
  );
}

function typesPage(): string {
  const shown = Object.values(schema.getTypeMap())
    .filter(isDescribedHere)
    .sort((one, other) => one.name.localeCompare(other.name, 'en'));
  return [
    '# Types',
    'All types of the schema, except inputs and payloads, which are described with their mutation.',
    '[API reference](README.md)',
    ...shown.map(typeSection),
  ].join('\n\n');
}

/** Inputs and payloads are described with their mutation. */
function isDescribedHere(type: GraphQLNamedType): boolean {
  const { name } = type;
  if (isIntrospectionType(type) || isSpecifiedScalarType(type) || roots.some((root) => root?.name === name))
    return false;
  const operation = fieldOf({ name: name.replace(/Input$/, '') });
  if (name.endsWith('Input') && operations.mutation?.[operation]) return false;
  return !name.endsWith('Payload');
}

function typeSection(type: GraphQLNamedType): string {
  return [`## ${type.name}`, type.description ?? '', ...bodyOf(type)].join('\n\n');
}

function bodyOf(type: GraphQLNamedType): string[] {
  if (isEnumType(type))
    return [
      table(
        'Value',
        type.getValues().map(({ name, description }) => [name, description ?? '']),
      ),
    ];
  if (isUnionType(type))
    return [
      `One of ${type
        .getTypes()
        .map(({ name }) => typeLink(name))
        .join(', ')}.`,
    ];
  if (isScalarType(type)) return [];
  if (isInputObjectType(type)) return [table('Field', Object.values(type.getFields()).map(inputRow))];
  const kin = isInterfaceType(type) ? schema.getPossibleTypes(type) : [];
  return [
    table(
      'Field',
      Object.values(type.getFields()).map((field) => [
        field.name,
        typeLink(field.type.toString()),
        withArguments(field),
      ]),
    ),
    ...(kin.length > 0 ? [`Implemented by ${kin.map(({ name }) => typeLink(name)).join(', ')}.`] : []),
  ];
}

function withArguments({ description, args }: GraphQLField<unknown, unknown>): string {
  const names = args.map(({ name }) => `\`${name}\``);
  return names.length > 0 ? `${description ?? ''} Arguments: ${names.join(', ')}.` : (description ?? '');
}

function typeLink(type: string): string {
  const name = type.replaceAll(/[[\]!]/g, '');
  const operation = fieldOf({ name: name.replace(/Input$/, '') });
  const example = name.endsWith('Input') ? examples.find((one) => fieldOf(one) === operation) : undefined;
  if (example) return `[\`${type}\`](${example.page}.md#${operation.toLowerCase()})`;
  return specifiedScalarTypes.some((scalar) => scalar.name === name)
    ? `\`${type}\``
    : `[\`${type}\`](types.md#${name.toLowerCase()})`;
}

function table(first: string, rows: readonly (readonly string[])[]): string {
  const heads = rows[0]?.length === 2 ? [first, 'Description'] : [first, 'Type', 'Description'];
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    line(heads),
    line(heads.map(() => '---')),
    ...rows.map(([name = '', ...rest]) => line([`\`${name}\``, ...rest])),
  ].join('\n');
}

function fieldOf({ name }: Pick<Example, 'name'>): string {
  return name.replace(/^./, (letter) => letter.toLowerCase());
}

function hasAny(variables: unknown): boolean {
  return typeof variables === 'object' && variables !== null && Object.keys(variables).length > 0;
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}
