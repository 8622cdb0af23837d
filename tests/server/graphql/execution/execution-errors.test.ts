import { setImmediate as nextTurn, setTimeout } from 'node:timers/promises';
import {
  buildSchema,
  execute,
  getOperationAST,
  GraphQLError,
  isObjectType,
  isScalarType,
  Kind,
  parse,
} from 'graphql';
import { beforeEach, describe, expect, test } from 'vitest';
import { usePlans } from '../../../../server/graphql/execution/execute-query.ts';
import { RawRow } from '../../../../server/sql/raw-row.ts';
import { byPlan, collectUnhandled, told, type Told } from './executors.ts';

const unhandled = collectUnhandled();

beforeEach(() => {
  unhandled.length = 0;
});

/** Promises that are still pending. */
const timers: Promise<unknown>[] = [];

function sleep<Value>(ms: number, value?: Value): Promise<Value | undefined> {
  const timer = setTimeout(ms, value);
  timers.push(timer);
  return timer;
}

/** Resolves once all promises have settled. */
async function everythingCame(): Promise<void> {
  for (let timer = timers.shift(); timer; timer = timers.shift()) {
    await timer;
    await nextTurn();
  }
}

const fails = (message = 'failed', ms = 0) => sleep(ms).then(() => Promise.reject(new Error(message)));

/** The answer, which must be the same for both executors. */
async function answerOf(sdl: string, root: () => object, query: string): Promise<Told> {
  const schema = buildSchema(sdl);
  const args = () => ({ schema, document: parse(query), rootValue: root() });
  const expected = told(await execute(args()));
  await everythingCame();
  unhandled.length = 0;
  const result = await byPlan(args());
  const answer = told(result);
  await everythingCame();
  expect(unhandled).toEqual([]);
  expect(told(result), 'long after the answer').toEqual(answer);
  expect(answer).toEqual(expected);
  return answer;
}

describe('a list of objects without selected fields', () => {
  const SDL = `
    interface Named { name: String }
    type Person implements Named { name: String }
    type Pet implements Named { name: String }
    type Query { people: [Person]  must: [Person!] }
  `;
  const selection = '{ ... on Named { ... on Pet { name } } }';

  test('still has null, errors and rejected promises of objects', async () => {
    const people = () => [
      {},
      null,
      undefined,
      new Error('none'),
      fails('gone'),
      Promise.resolve(null),
      new RawRow({}, new Map(), []),
    ];
    const { data, errors } = await answerOf(SDL, () => ({ people }), `{ people ${selection} }`);
    expect(data).toBe('{"people":[{},null,null,null,null,null,{}]}');
    expect(errors).toHaveLength(2);
  });

  test('is null if a non-nullable item is null', async () => {
    const { data } = await answerOf(SDL, () => ({ must: [{}, null] }), `{ must ${selection} }`);
    expect(data).toBe('{"must":null}');
  });
});

describe('a leaf', () => {
  const leaves: [name: string, leaf: unknown, json: string | null][] = [
    ['a function', () => 1, null],
    ['a symbol', Symbol('leaf'), null],
    ['a BigInt', 1n, null],
    ['undefined', undefined, null],
    ['null', null, null],
    ['an object with the form undefined', { toJSON: () => undefined }, null],
    ['no number', NaN, 'null'],
    ['infinite', -Infinity, 'null'],
    ['an object', { a: [1, undefined], b: undefined }, '{"a":[1,null]}'],
    ['a date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['half of a surrogate pair', '\ud800', '"\\ud800"'],
  ];

  test.each(leaves)('with %s is JSON, or an error', async (_name, leaf, json) => {
    const schema = buildSchema('scalar Odd  type Query { odd: Odd  odds: [Odd]  must: [Odd!]  other: Int }');
    const odd = schema.getType('Odd');
    if (isScalarType(odd)) odd.coerceOutputValue = () => leaf;
    const document = parse('{ odd odds must other }');
    const { data, errors } = told(
      await byPlan({ schema, document, rootValue: { odd: 1, odds: [1], must: [1], other: 2 } }),
    );
    const many = json === null ? 'null' : `[${json}]`;
    expect(data).toBe(`{"odd":${json ?? 'null'},"odds":[${json ?? 'null'}],"must":${many},"other":2}`);
    expect(errors).toHaveLength(json === null ? 3 : 0);
  });

  test('that its type rejects is a server error, and keeps its extensions', async () => {
    const schema = buildSchema('scalar Odd  type Query { odd: Odd }');
    const odd = schema.getType('Odd');
    if (isScalarType(odd))
      odd.coerceOutputValue = () => {
        throw new GraphQLError('refused', { extensions: { code: 'ODD' } });
      };
    const { errors = [] } = await byPlan({ schema, document: parse('{ odd }'), rootValue: { odd: 1 } });
    expect(errors[0]?.cause).not.toBeInstanceOf(GraphQLError);
    expect(errors[0]?.toJSON()).toMatchObject({ message: 'refused', extensions: { code: 'ODD' } });
  });
});

describe('an error below a null', () => {
  const SDL = `
    type Part { name: String  must: String!  parts: [Part!]  all: [Part] }
    type Query { part: Part  other: Int  must: Int! }
  `;

  test('is not reported while other fields are pending', async () => {
    const part = () => ({ must: sleep(1), name: fails('too late', 3) });
    const { data, errors } = await answerOf(
      SDL,
      () => ({ part, other: sleep(6, 1) }),
      '{ part { must name } other }',
    );
    expect(data).toBe('{"part":null,"other":1}');
    expect(errors).toHaveLength(1);
  });

  test('is not added to a completed answer', async () => {
    const part = { name: fails('much too late', 4), all: [{ name: fails('as late', 5) }] };
    const query = '{ part { name all { name } } must }';
    const { data, errors } = await answerOf(SDL, () => ({ ...{ part: { ...part } }, must: null }), query);
    expect(data).toBe('null');
    expect(errors).toHaveLength(1);
  });

  test('is reported where it occurred first', async () => {
    const part = () => ({ name: fails('first', 1), must: sleep(4) });
    const { errors } = await answerOf(SDL, () => ({ part }), '{ part { name must } }');
    expect(errors).toHaveLength(2);
  });

  test('is reported once if two required parts of an object fail', async () => {
    const part = () => ({ must: fails('first', 1), parts: [{ must: fails('second', 3) }] });
    const query = '{ part { must also: must parts { must } } }';
    const { data, errors } = await answerOf(SDL, () => ({ part }), query);
    expect(data).toBe('{"part":null}');
    expect(errors).toHaveLength(1);
  });
});

test('no resolver is called after the answer', async () => {
  const schema = buildSchema('type Query { part: Part  must: Int! }  type Part { name: String }');
  let calls = 0;
  const name = () => (calls += 1);
  const document = parse('{ part { name } must }');
  const rootValue = { part: sleep(2, { name }), must: () => null };
  const { data } = await byPlan({ schema, document, rootValue });
  await everythingCame();
  expect(data).toBeNull();
  expect(calls).toBe(0);
});

describe('all rejections are handled', () => {
  const SDL = `
    type Part { name: String  must: String! }
    type Query { list: [Int!]  grid: [[Int!]!]  parts: [Part!]  must: Int!  part: Part }
  `;
  const lists: [string, () => object, string][] = [
    ['behind an item that fails', () => ({ list: [null, fails(), fails('later', 2)] }), '{ list }'],
    ['ahead of an item that fails', () => ({ list: [fails(), fails('later', 2), null] }), '{ list }'],
    ['in lists behind it', () => ({ grid: [[null], [fails()], fails('later', 2)] }), '{ grid }'],
    ['of a set', () => ({ list: new Set([null, fails()]) }), '{ list }'],
    [
      'of a generator that fails',
      () => ({
        *list() {
          yield fails();
          throw new Error('no more of them');
        },
      }),
      '{ list }',
    ],
    [
      'of a generator after a failed item',
      () => ({
        *list() {
          const promises = [fails(), fails()];
          yield null;
          yield* promises;
        },
      }),
      '{ list }',
    ],
    [
      'in a list that ends after the answer',
      () => ({ list: sleep(2).then(() => [fails('later', 2)]), must: null }),
      '{ list must }',
    ],
    [
      'next to a field that fails synchronously',
      () => ({ part: { name: fails('later', 2), must: null } }),
      '{ part { name must } }',
    ],
  ];

  test.each(lists)('%s', async (_where, root, query) => {
    const { errors } = await answerOf(SDL, root, query);
    expect(errors).toHaveLength(1);
  });

  test('of an async list', async () => {
    const schema = buildSchema('type Query { list: [Int!]  must: Int! }');
    const left: string[] = [];
    const rootValue = {
      async *list() {
        try {
          yield fails('first');
          await sleep(4);
          yield 2;
          yield 3;
        } finally {
          left.push('the list');
        }
      },
      must: 1,
    };
    const { data, errors } = told(await byPlan({ schema, document: parse('{ list must }'), rootValue }));
    expect({ data, errors: errors.length, left }).toEqual({
      data: '{"list":null,"must":1}',
      errors: 1,
      left: ['the list'],
    });
    await everythingCame();
    expect(unhandled).toEqual([]);
  });

  test('of an item that fails before the next one', async () => {
    async function* parts() {
      yield { must: fails('first') };
      await sleep(4);
      yield { must: 'text' };
    }
    const { data } = await answerOf(SDL, () => ({ parts }), '{ parts { must } }');
    expect(data).toBe('{"parts":null}');
  });

  test('while the type of an object is resolved', async () => {
    const schema = buildSchema(
      'interface Named { name: String }  type A implements Named { name: String }  type B implements Named { name: String }  type Query { named: Named }',
    );
    for (const [name, isTypeOf] of [
      ['A', () => fails()],
      ['B', () => true],
    ] as const) {
      const type = schema.getType(name);
      if (isObjectType(type)) type.isTypeOf = isTypeOf as () => boolean;
    }
    const document = parse('{ named { __typename name } }');
    const { data } = told(await byPlan({ schema, document, rootValue: { named: { name: 'x' } } }));
    await everythingCame();
    expect(data).toBe('{"named":{"__typename":"B","name":"x"}}');
    expect(unhandled).toEqual([]);
  });
});

describe('the operation name', () => {
  const schema = buildSchema('type Query { a: Int  b: Int }');
  const elsewhere = { data: { elsewhere: true } };
  const run = usePlans(() => elsewhere);
  const rootValue = { a: 1, b: 2 };

  test('can be omitted, null or undefined, but not empty', async () => {
    const document = parse('query One { a }');
    const answers = [];
    for (const operationName of [null, '', undefined, 'One', 'Two', ''])
      answers.push(told(await run({ schema, document, operationName, rootValue })).data);
    const [one, other] = ['{"a":1}', '{"elsewhere":true}'];
    expect(answers).toEqual([one, other, one, one, other, other]);
  });

  test('selects one of several operations', async () => {
    const document = parse('query One { a } query Two { b }');
    const answers = [];
    for (const operationName of ['One', null, 'Two', '', 'One'])
      answers.push(told(await run({ schema, document, operationName, rootValue })).data);
    const other = '{"elsewhere":true}';
    expect(answers).toEqual(['{"a":1}', other, '{"b":2}', other, '{"a":1}']);
  });

  test('uses another plan for another schema, or for other fragments', async () => {
    const document = parse('query One { ...Part } fragment Part on Query { a }');
    const operation = getOperationAST(document, 'One');
    const others = parse('fragment Part on Query { b a }').definitions;
    const another = {
      kind: Kind.DOCUMENT,
      definitions: [...(operation ? [operation] : []), ...others],
    } as const;
    const upset = buildSchema('type Query { a: String  b: Int }');
    const answers = [
      await byPlan({ schema, document, rootValue }),
      await byPlan({ schema, document: another, rootValue }),
      await byPlan({ schema: upset, document, rootValue }),
    ].map((result) => told(result).data);
    expect(answers).toEqual(['{"a":1}', '{"b":2,"a":1}', '{"a":"1"}']);
  });
});
