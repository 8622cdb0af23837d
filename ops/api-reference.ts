// npm run docs
// Writes docs/api from the schema's descriptions and the examples that a test runs; `npm run check` compares with --check.
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

/** The pages of operations, in the order of the index; each is named like its examples. */
const pages: Record<string, { title: string; about: string }> = {
  account: {
    title: 'Accounts and credentials',
    about: 'Who somebody is, how they sign in and out, and the tokens that they give to programs.',
  },
  tasks: {
    title: 'Tasks',
    about:
      'A task belongs to whoever created it, and, where it has one, to its team. Lists come in pages of at most 100; give `endCursor` as `after` to go on.',
  },
  sharing: {
    title: 'Shares and comments',
    about: 'Showing a task to somebody else, to read or to edit, and talking about it.',
  },
  teams: {
    title: 'Teams',
    about:
      'Each team has one OWNER. ADMINs lead it too, MEMBERs create tasks and change those that are theirs, VIEWERs read. Rights add up: a VIEWER who owns a task of the team, or has an EDIT share of it, keeps what ownership or the share allows.',
  },
  conversations: {
    title: 'Conversations',
    about: 'What some people say to each other; nobody else sees it.',
  },
  overview: {
    title: 'Dashboard, activity and search',
    about: 'Tasks in numbers, what happened, and finding things again.',
  },
  live: {
    title: 'Live',
    about:
      'What happens, as it happens; [the guide](README.md#live) says how to subscribe, and how to go on after a break.',
  },
  service: {
    title: 'The service itself',
    about: 'What whoever runs Taskwire wants to know of it.',
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
  console.error(`Not what the schema and the examples say: ${outdated.join(', ')}; run \`npm run docs\`.`);
  process.exitCode = 1;
}

async function keep(file: string, text: string): Promise<void> {
  const path = join(FOLDER, file);
  const wanted = await format(text, { ...(await resolveConfig(path)), parser: 'markdown' });
  if ((await readFile(path, 'utf8').catch(() => '')) === wanted) return;
  if (check) outdated.push(`docs/api/${file}`);
  else await writeFile(path, wanted);
}

/** The guide keeps its words; what stands between its marks is made. */
async function guide(): Promise<string> {
  const written = await readFile(join(FOLDER, 'README.md'), 'utf8');
  const parts = /(<!-- made: (\S+) -->)[\s\S]*?(<!-- end -->)/g;
  const made = new Map<string, string>([['operations', index()]]);
  for (const [, , name = ''] of written.matchAll(parts)) {
    if (!made.has(name)) made.set(name, await quickStart(name));
  }
  return written.replaceAll(parts, (_all, begin: string, name: string, end: string) =>
    [begin, made.get(name), end].join('\n\n'),
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
  return [`# ${title}`, about, '[All of the reference](README.md)', ...mine.map(operationSection)].join(
    '\n\n',
  );
}

function operationSection(example: Example): string {
  const field = operations[example.kind]?.[fieldOf(example)];
  if (!field) throw new Error(`The example ${example.name} is of no operation.`);
  const { variables, answer } = example;
  return [
    `## ${field.name}`,
    `${field.description ?? ''} (${example.kind})`,
    takes(field),
    gives(field.type),
    fenced('graphql', example.text),
    ...(hasAny(variables) ? ['With the variables', fenced('json', JSON.stringify(variables))] : []),
    ...(answer === undefined ? [] : [answersHow(example), fenced('json', JSON.stringify(answer))]),
  ]
    .filter(Boolean)
    .join('\n\n');
}

function answersHow({ kind, variables }: Example): string {
  if (kind === 'subscription') return 'it tells, one after the other, what happens:';
  return hasAny(variables) ? 'it answers' : 'It answers';
}

/** The arguments; of the one `input` that a mutation takes, what is in it. */
function takes({ args }: GraphQLField<unknown, unknown>): string {
  const [only] = args;
  const type = only && getNamedType(only.type);
  const fields = only?.name === 'input' && isInputObjectType(type) ? Object.values(type.getFields()) : args;
  if (fields.length === 0) return '';
  return table(only?.name === 'input' ? 'Input' : 'Argument', fields.map(inputRow));
}

function inputRow(input: GraphQLArgument | GraphQLInputField): [string, string, string] {
  const standard = input.astNode?.defaultValue;
  const usually = standard ? ` \`${print(standard)}\` when left out.` : '';
  return [input.name, typeLink(input.type.toString()), `${input.description ?? ''}${usually}`];
}

function gives(type: GraphQLOutputType): string {
  const named = getNamedType(type);
  if (!named.name.endsWith('Payload') || !isObjectType(named)) return `Gives ${typeLink(type.toString())}.`;
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
    'What the operations take and give, by name.',
    '[All of the reference](README.md)',
    ...shown.map(typeSection),
  ].join('\n\n');
}

/** Inputs and payloads of one mutation stand beside it. */
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
    ...(kin.length > 0 ? [`Every ${kin.map(({ name }) => typeLink(name)).join(', ')} is one.`] : []),
  ];
}

function withArguments({ description, args }: GraphQLField<unknown, unknown>): string {
  const names = args.map(({ name }) => `\`${name}\``);
  return names.length > 0 ? `${description ?? ''} Takes ${names.join(', ')}.` : (description ?? '');
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
  const heads = rows[0]?.length === 2 ? [first, 'What it says'] : [first, 'Type', 'What it says'];
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    line(heads),
    line(heads.map(() => '---')),
    ...rows.map(([name = '', ...rest]) => line([`\`${name}\``, ...rest])),
  ].join('\n');
}

/** The root field that an example is of. */
function fieldOf({ name }: Pick<Example, 'name'>): string {
  return name.replace(/^./, (letter) => letter.toLowerCase());
}

function hasAny(variables: unknown): boolean {
  return typeof variables === 'object' && variables !== null && Object.keys(variables).length > 0;
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}
