import fc from 'fast-check';
import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
} from 'graphql';
import { expect, test } from 'vitest';
import { schema } from '../../schema/index.ts';
import { startWorld } from '../kit/world.ts';

const world = await startWorld({ LOG_LEVEL: 'silent', RATE_LIMIT_POINTS: '0', SIGN_IN_ATTEMPTS: '0' });
const { ada } = await world.people('Ada');

/** CPU of this process with its server; a plain document of that size takes a tenth. */
const MOST_CPU_MS = 400;
/** Other work of the process can affect one measurement, but not all. */
const TRIES = 4;
/** Work that doubles with each level would take seconds. */
const MOST_LEVELS = 24;

interface Root {
  operation: 'query' | 'mutation' | 'subscription';
  field: GraphQLField<unknown, unknown>;
}

const roots: [string, Root][] = (['query', 'mutation', 'subscription'] as const).flatMap((operation) =>
  Object.values(schema.getRootType(operation as never)?.getFields() ?? {}).map((field): [string, Root] => [
    `${operation} ${field.name}`,
    { operation, field },
  ]),
);

const times = (count: number, text: (n: number) => string) =>
  Array.from({ length: count }, (_, n) => text(n)).join(' ');

interface Part {
  /** The selection of the field. */
  selection: string;
  fragments?: string;
  variables?: string;
}

/** Ways to request a lot with few characters, for an object of a type with this leaf. */
const shapes: Record<string, (type: string, leaf: string, levels: number) => Part> = {
  'a chain that doubles': (type, leaf, levels) => ({
    selection: '...F0',
    fragments: `${times(levels, (n) => `fragment F${n} on ${type} { ...F${n + 1} ...F${n + 1} }`)} fragment F${levels} on ${type} { ${leaf} }`,
  }),
  'a chain of inline fragments and spreads': (type, leaf, levels) => ({
    selection: '... { ...F0 } ...F0',
    fragments: `${times(levels, (n) => `fragment F${n} on ${type} { ${leaf} ... { ...F${n + 1} } ...F${n + 1} }`)} fragment F${levels} on ${type} { ${leaf} }`,
  }),
  diamonds: (type, leaf, levels) => ({
    selection: '...F0',
    fragments: `${times(levels, (n) => `fragment F${n} on ${type} { ...L${n} ...R${n} } fragment L${n} on ${type} { ...F${n + 1} } fragment R${n} on ${type} { ...F${n + 1} }`)} fragment F${levels} on ${type} { ${leaf} }`,
  }),
  'many fragments side by side': (type, leaf, levels) => ({
    selection: times(levels * 4, (n) => `...F${n}`),
    fragments: times(levels * 4, (n) => `fragment F${n} on ${type} { ${leaf} ${leaf} }`),
  }),
  'inline fragments inside one another': (_type, leaf, levels) => ({
    selection: `${'... { '.repeat(levels * 3)}${leaf}${' }'.repeat(levels * 3)}`,
  }),
  'the same field often': (_type, leaf, levels) => ({ selection: times(levels * 2, () => leaf) }),
  'aliases of one field': (_type, leaf, levels) => ({
    selection: times(levels * 8, (n) => `a${n}: ${leaf}`),
  }),
  directives: (_type, leaf, levels) => ({
    selection: times(levels * 2, (n) => `a${n}: ${leaf} @include(if: true) @skip(if: false)`),
  }),
  'variables with defaults': (type, leaf, levels) => ({
    selection: `...F0 ${times(levels * 2, (n) => `a${n}: ${leaf} @include(if: $v${n})`)}`,
    variables: times(levels * 2, (n) => `$v${n}: Boolean! = true`),
    fragments: `${times(levels, (n) => `fragment F${n} on ${type} { ...F${n + 1} @include(if: $v${n}) ...F${n + 1} @skip(if: $v${n}) }`)} fragment F${levels} on ${type} { ${leaf} }`,
  }),
};

/** Where a connection has objects: fields of their fragments are executed for each. */
function documentOf({ operation, field }: Root, shape: string, levels: number): string {
  const type = getNamedType(field.type);
  const call = `${field.name}${argumentsOf(field)}`;
  if (isLeafType(type)) {
    const many = times(Math.min(levels * 2, 45), (n) => `...R${n} ...R${n}`);
    const fragments = times(
      Math.min(levels * 2, 45),
      (n) => `fragment R${n} on ${schema.getRootType(operation)?.name ?? ''} { ${call} }`,
    );
    return `${operation} { ${operation === 'subscription' ? call : many} } ${fragments}`;
  }
  const nodes = isObjectType(type) ? type.getFields()['nodes'] : undefined;
  const object = nodes ? getNamedType(nodes.type) : type;
  const make = shapes[shape] as (typeof shapes)[string];
  const { selection, fragments = '', variables = '' } = make(object.name, leafOf(object), levels);
  const inner = nodes ? `nodes { ${selection} } edges { node { ${selection} } }` : selection;
  return `${operation} ${variables && `(${variables})`} { ${call} { ${inner} } } ${fragments}`;
}

function leafOf(type: GraphQLNamedType): string {
  if (!isObjectType(type) && !isInterfaceType(type)) return '__typename';
  const leaf = Object.values(type.getFields()).find(
    (field) => isLeafType(getNamedType(field.type)) && !field.args.some(isRequiredArgument),
  );
  return leaf?.name ?? '__typename';
}

function argumentsOf({ args }: GraphQLField<unknown, unknown>): string {
  const required = args.filter(isRequiredArgument).map(({ name, type }) => `${name}: ${valueOf(type)}`);
  return required.length > 0 ? `(${required.join(', ')})` : '';
}

function valueOf(type: GraphQLInputType): string {
  if (isNonNullType(type)) return valueOf(type.ofType);
  if (isListType(type)) return `[${valueOf(type.ofType)}]`;
  if (isEnumType(type)) return type.getValues()[0]?.name ?? '';
  if (isInputObjectType(type)) {
    const required = Object.values(type.getFields()).filter(isRequiredInputField);
    return `{ ${required.map((field) => `${field.name}: ${valueOf(field.type)}`).join(', ')} }`;
  }
  const values: Record<string, string> = {
    Int: '1',
    Float: '1',
    Boolean: 'true',
    Date: '"2030-05-17"',
    DateTime: '"2030-05-17T09:30:00Z"',
  };
  return values[type.name] ?? '"x"';
}

/** Sends it as Ada, or as a visitor if it would end her session. @returns the first answer. */
async function send({ operation, field }: Root, query: string): Promise<string> {
  const stop = new AbortController();
  const response = await fetch(`${world.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: operation === 'subscription' ? 'text/event-stream' : 'application/json',
      ...(field.name === 'signOut' ? {} : { authorization: `Bearer ${ada.token}` }),
    },
    body: JSON.stringify({ query }),
    signal: stop.signal,
  });
  if (operation !== 'subscription') return response.text();
  const { value } = (await response.body?.getReader().read()) ?? {};
  stop.abort();
  return new TextDecoder().decode(value);
}

async function leastCpuOf(root: Root, query: string): Promise<number> {
  let least = Infinity;
  for (let attempt = 0; attempt < TRIES && least > MOST_CPU_MS; attempt += 1) {
    const before = process.cpuUsage();
    await send(root, `${query} # ${attempt}`);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

test.each(roots)(
  '%s takes time that is at most linear in the size of its document (C1, M6)',
  async (_name, root) => {
    const documents = fc.record({
      shape: fc.constantFrom(...Object.keys(shapes)),
      levels: fc.integer({ min: 1, max: MOST_LEVELS }),
    });
    const isFast = fc.asyncProperty(documents, async ({ shape, levels }) => {
      expect(await leastCpuOf(root, documentOf(root, shape, levels))).toBeLessThan(MOST_CPU_MS);
    });
    const worst = Object.keys(shapes).map((shape): [{ shape: string; levels: number }] => [
      { shape, levels: MOST_LEVELS },
    ]);
    await fc.assert(isFast, { numRuns: worst.length + 3, examples: worst, endOnFailure: true });
  },
  60_000,
);

test('the documents above are valid or too large, for every root field (C1)', async () => {
  const codes = new Set<string>();
  for (const [, root] of roots) {
    if (root.operation === 'subscription') continue;
    for (const shape of Object.keys(shapes)) {
      const answer = await send(root, documentOf(root, shape, 5));
      const [error] =
        (JSON.parse(answer) as { errors?: { extensions: { code: string }; message: string }[] }).errors ?? [];
      if (error) codes.add(error.extensions.code);
      expect(error?.extensions.code ?? '', `${shape}: ${error?.message ?? ''}`).not.toMatch(
        /GRAPHQL|INTERNAL|BAD_USER_INPUT/,
      );
    }
  }
  expect(codes).toContain('VALIDATION_FAILED');
}, 60_000);
