import { setTimeout as sleep } from 'node:timers/promises';
import {
  buildSchema,
  execute,
  isObjectType,
  parse,
  type ExecutionResult,
  type GraphQLFieldResolver,
} from 'graphql';
import { describe, expect, test } from 'vitest';
import { isMeasured } from '../../../../server/graphql/plugins/use-tracing.ts';
import { usePlans, SerializedData } from '../../../../server/graphql/execution/execute-query.ts';
import { RawRow, type FromRow } from '../../../../server/sql/raw-row.ts';

const schema = buildSchema(`
  interface Named { name: String! }
  type Person implements Named { name: String!  nick: String  age: Int!  friends: [Person!]!  pets: [Pet]  boss: Person! }
  type Pet implements Named { name: String!  owner: Person  tags: [String!] }
  union Being = Person | Pet
  input Range { from: Int! = 1  to: Int }
  enum Mood { GLAD SAD }
  type Query {
    person: Person  must: Person!  beings: [Being]  named(stray: Boolean): Named
    echo(text: String = "nothing", range: Range, list: [Int!]): String
    later(ms: Int): Person  broken: Person  moments: [Int!]  absent: [Person!]  hopeless: [Person!]  notList: [Int]  rows: [Person]
    texts: [String]  numbers: [Float]  ids: [ID!]  flags: [Boolean]  moods: [Mood]  grid: [[Int!]]
  }
  type Mutation { person: Person }
`);

interface Being {
  __typename: string;
  name: string | null | Error;
  [field: string]: unknown;
}

const ada: Being = { __typename: 'Person', name: 'Ada', nick: null, age: 36, friends: [], pets: null };
const bob: Being = {
  __typename: 'Person',
  name: 'Bob',
  nick: Promise.resolve('B'),
  age: () => 7,
  friends: [ada, Promise.resolve(ada)],
  boss: ada,
};
const rex: Being = { __typename: 'Pet', name: 'Rex', owner: ada, tags: ['good', 'dog'] };
/** Any access fails. */
const eve: Being = {
  __typename: 'Person',
  name: new Error('no name'),
  nick: Promise.reject(new Error('no nick')),
  age: 'old',
  friends: [ada, null],
  pets: [rex, { ...rex, name: null }, null, { ...rex, tags: ['a', null] }],
};
(eve['nick'] as Promise<unknown>).catch(() => undefined);
Object.assign(ada, { friends: [bob, eve], boss: bob });

const row = (values: object) =>
  Object.assign(new RawRow({}, new Map(), []), { __typename: 'Person', friends: [] }, values);
const zoe = row({ name: 'Zoë "Z"', nick: null, age: 40 });
/** Two fields of it fail. */
const odd = row({ name: 'Odd', nick: {}, age: 1.5 });
const nameless = row({ name: null, nick: '\\', age: 1, boss: zoe });

const root: Record<string, GraphQLFieldResolver<unknown, unknown> | object> = {
  person: () => Promise.resolve(ada),
  must: () => null,
  beings: () => [ada, rex, null, Promise.resolve(bob), { __typename: 'Stone' }, eve],
  named: ({ stray }: { stray?: boolean }) => (stray ? { name: 'Who' } : rex),
  echo: (args: object) => JSON.stringify(args),
  // Like Prisma's promises.
  later: () => ({ then: (tell: (person: Being) => void) => setTimeout(tell, 1, bob) }),
  broken: () => {
    throw new TypeError('broken');
  },
  moments: () => [1, Promise.resolve(2), Promise.reject(new Error('too late'))],
  absent: () => [ada, Promise.resolve(null)],
  // The first rejects after the second has ended the answer.
  hopeless: () => [sleep(5).then(() => Promise.reject(new Error('much too late'))), null],
  notList: () => 'text',
  rows: () => [
    row({ name: 'Ann', age: 1, boss: zoe, friends: [zoe, odd, nameless] }),
    row({ name: 'Ben', nick: 'B', age: 2, boss: zoe }),
    row({ name: 'Cat', nick: 'C', age: 3, boss: odd }),
    row({ name: 'Dan', nick: 'D', age: 4, boss: odd }),
    nameless,
  ],
  texts: () => [
    '',
    '“Ünï”',
    '"',
    '\\',
    '\n\u0000\u001f\u007f',
    '\u2028',
    '😀',
    '\ud800 alone',
    7,
    true,
    {},
    null,
  ],
  numbers: () => [1, -0, 1e21, 0.1, '2', NaN, Infinity, true],
  ids: () => ['a"b', 7],
  flags: () => [true, 0, 'yes'],
  moods: () => ['GLAD', 'SAD', 'ANGRY', null],
  grid: () => [[1, 2], [], null, [3, null], [Promise.resolve(4)]],
};

const people = schema.getType('Person');
if (!isObjectType(people)) throw new Error('people are objects');
for (const field of ['name', 'nick', 'age', 'boss']) {
  const told = people.getFields()[field];
  const fromRow: FromRow = ({ [field]: value }) => {
    if (value === undefined || value === null || value instanceof RawRow) return value;
    return typeof value === 'string' || Number.isInteger(value) ? JSON.stringify(value) : undefined;
  };
  if (told) told.extensions = { fromRow };
}

const byPlansOnly = usePlans(() => {
  throw new Error('was left to another executor');
}, isMeasured);

/** Such messages are only logged. */
const MISTAKE =
  /^(?:Abstract type|Runtime Object type|Named must be|Being must be|Expected Iterable|Expected a list).*/;

const plain = (result: ExecutionResult) => ({
  data: result.data instanceof SerializedData ? result.data.text : JSON.stringify(result.data),
  errors: (result.errors ?? [])
    .map(({ message, path, locations }) =>
      JSON.stringify({ message: message.replace(MISTAKE, 'a mistake of a resolver'), path, locations }),
    )
    .sort(),
});

describe('a query with a plan has the same answer as in graphql-js', () => {
  test.each<[string, Record<string, unknown>?]>([
    ['{ person { name nick age friends { name friends { name age } } } }'],
    ['{ a: person { name } b: person { n: name } __typename }'],
    [
      '{ person { ...A ...B } } fragment A on Person { boss { name } } fragment B on Named { ... on Person { boss { age } name } }',
    ],
    ['{ person { ... on Named { ... on Pet { owner { name } } name } } }'],
    [
      '{ person { ...A } } fragment A on Person { name boss { ...B } } fragment B on Person { name ... { age } }',
    ],
    ['{ beings { __typename ... on Named { name } ... on Pet { tags owner { boss { nick } } } } }'],
    ['{ named { name ... on Pet { tags } } }'],
    ['{ named(stray: true) { name } }'],
    ['{ person { friends { name nick age friends { name } pets { name tags } } } }'],
    ['{ person { friends { pets { name } } } other: person { friends { pets { tags } } } }'],
    ['{ must { name } person { name } }'],
    ['{ broken { name } later { name nick friends { name } } }'],
    ['{ later { boss { name boss { nick boss { boss { name } } } } } }'],
    ['{ moments absent { name } notList }'],
    ['{ hopeless { name } later { name } }'],
    ['{ texts }'],
    ['{ numbers ids flags moods grid }'],
    ['{ named { name } again: named { ... on Pet { __typename } } named { ... on Pet { owner { age } } } }'],
    [
      '{ later { name } person { name later: nick } after: later { ...A ...A name } } fragment A on Person { nick name }',
    ],
    ['{ beings { ... on Pet { name } } }'],
    ['{ rows { name nick age boss { name nick } } }'],
    ['{ rows { boss { name } also: boss { age name } } }'],
    [
      '{ rows { n: name boss { ...Who } friends { ...Who } } } fragment Who on Named { name ... on Person { name age } }',
    ],
    ['{ rows { boss { nick } friends { nick } } first: rows { boss { name __typename } } }'],
    ['{ echo }'],
    ['{ echo(text: null) a: echo(range: {}) b: echo(range: { from: 2, to: 3 }, list: 4) }'],
    [
      'query ($t: String = "given", $r: Range, $n: Int) { echo(text: $t, range: $r, list: [1]) a: echo(range: { to: $n }) }',
    ],
    [
      'query ($t: String = "given", $r: Range, $n: Int) { echo(text: $t, range: $r, list: [1]) a: echo(range: { to: $n }) }',
      { t: null, r: { from: 5 }, n: 6 },
    ],
    [
      '{ __schema { queryType { name } } __type(name: "Pet") { name fields { name type { kind ofType { name } } } } }',
    ],
    ['query One { person { name } } query Two { must { name } }', { operationName: 'One' }],
    ['query One { person { name } } query Two { must { name } }', { operationName: 'Two' }],
  ])('%s', async (text, { operationName, ...variableValues } = {}) => {
    const document = parse(text);
    const args = {
      schema,
      document,
      rootValue: root,
      variableValues,
      operationName: operationName as string | undefined,
    };
    const expected = plain(await execute(args));
    // The second run uses the plan of the first.
    for (let run = 0; run < 2; run += 1) expect(plain(await byPlansOnly(args))).toEqual(expected);
  });
});

test('resolvers of complete rows are only called if they are measured', async () => {
  const name = people.getFields()['name'];
  let asked = 0;
  if (name)
    name.resolve = (row: { name: string }) => {
      asked += 1;
      return row.name;
    };
  const args = { schema, document: parse('{ rows { boss { name } } }'), rootValue: root };
  const once = plain(await byPlansOnly(args));
  expect(asked).toBe(0);
  expect(plain(await byPlansOnly({ ...args, contextValue: { measuredBy: {} } }))).toEqual(once);
  expect(asked).toBe(5);
  delete name?.resolve;
});

test('the answer can be parsed as its data', async () => {
  const { data } = await byPlansOnly({
    schema,
    document: parse('{ person { name nick } }'),
    rootValue: root,
  });
  expect(data).toBeInstanceOf(SerializedData);
  expect(JSON.parse(JSON.stringify({ data }))).toEqual({ data: { person: { name: 'Ada', nick: null } } });
});

test('a resolver gets the same info as in graphql-js', async () => {
  const told: unknown[] = [];
  const ask: GraphQLFieldResolver<unknown, unknown> = (_source, args, context, info) => {
    const { path, fieldName, fieldNodes, parentType, returnType, variableValues, operation } = info;
    const ofField = { path, fieldName, fieldNodes, parentType, returnType };
    told.push({
      args: args as unknown,
      context,
      ...ofField,
      variableValues,
      operation,
      rootValue: info.rootValue,
      schema: info.schema === schema,
    });
    return [{ owner: { name: 'Ada' } }];
  };
  const person = schema.getType('Person');
  const field = isObjectType(person) ? person.getFields()['pets'] : undefined;
  if (!field) throw new Error('people have pets');
  field.resolve = ask;
  const args = {
    schema,
    document: parse(
      'query ($n: Int = 3) { person { animals: pets { ...Kept } } echo(list: [$n]) } fragment Kept on Pet { owner { name } }',
    ),
    rootValue: root,
    contextValue: { by: 'Ada' },
  };
  await execute(args);
  await byPlansOnly(args);
  delete field.resolve;
  expect(told).toHaveLength(2);
  expect(told[1]).toEqual(told[0]);
});

test.each([
  ['a change', 'mutation { person { name } }'],
  ['a condition', 'query ($a: Boolean = false) { person @skip(if: $a) { name } }'],
  ['a condition far below', '{ person { ...A } } fragment A on Person { ... @include(if: true) { name } }'],
  ['a key that is none', '{ person { __proto__: name } }'],
  ['a variable that does not fit', 'query ($n: Int!) { echo(list: [$n]) }'],
  ['an operation that is not there', 'query One { person { name } } query Two { person { name } }'],
])('%s is left to another executor', async (_what, text) => {
  const elsewhere = { data: { elsewhere: true } };
  const run = usePlans(() => elsewhere);
  expect(await run({ schema, document: parse(text), rootValue: root })).toBe(elsewhere);
});
