import {
  buildSchema,
  GraphQLError,
  isAbstractType,
  isListType,
  isNonNullType,
  isObjectType,
  isScalarType,
  isUnionType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
} from 'graphql';
import { RawRow, type FromRow } from '../../../../server/sql/raw-row.ts';
import { dice, type Dice } from '../../../kit/dice.ts';

const LEAVES = ['Int', 'Float', 'String', 'Boolean', 'ID', 'Mood', 'Odd'];
const ABSTRACT = ['Named', 'Owned', 'Either', 'Any'];
const ENTITIES_OF_A_TYPE = 3;

/** A field of the generated schema. A name always has the same type, so that selections can be merged. */
export interface Field {
  name: string;
  /** In SDL, like `[Named!]!`. */
  type: string;
  /** Its named type. */
  of: string;
  hasArguments: boolean;
}

/** The types of a generated schema by name, with their selectable fields. */
export type Model = Map<string, { fields: Field[]; possible: string[] }>;

const ARGUMENTS = '(n: Int! = 3, mood: Mood, range: Range, list: [Int!] = [1])';

/** The probability of an error. */
interface Chances {
  late: number;
  error: number;
  nothing: number;
  odd: number;
  row: number;
  /** The share of fields that a row has. */
  ofRow: number;
}

/** When promises settle: one after the other in a random order, or by themselves. */
export type Timing = 'one by one' | 'at once';

/** One execution: its calls and pending promises. */
export class Execution {
  /** The resolver calls, with their info. */
  readonly calls: string[] = [];
  readonly isReference: boolean;
  readonly timing: Timing;
  readonly entities = new Map<string, object>();
  #waiting: { rank: number; settle: () => void }[] = [];

  constructor(timing: Timing, isReference: boolean) {
    this.timing = timing;
    this.isReference = isReference;
  }

  /** A promise that settles in its turn. */
  later(rank: number, settled: () => unknown): Promise<unknown> {
    if (this.timing === 'at once') return settledAfter(rank % 4, settled);
    return new Promise((resolve, reject) => {
      const settle = () => {
        try {
          resolve(settled());
        } catch (error) {
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- resolvers reject with anything
          reject(error);
        }
      };
      this.#waiting.push({ rank, settle });
    });
  }

  /** Settles the next promise; false if there is none. */
  settleNext(): boolean {
    const ranks = this.#waiting.map(({ rank }) => rank);
    const at = ranks.indexOf(Math.min(...ranks));
    const [next] = at < 0 ? [] : this.#waiting.splice(at, 1);
    next?.settle();
    return next !== undefined;
  }
}

async function settledAfter(ticks: number, settled: () => unknown): Promise<unknown> {
  for (let tick = 1; tick < ticks; tick += 1) await Promise.resolve();
  if (ticks === 3) await new Promise(setImmediate);
  return settled();
}

/** The result of a field or a list item. */
type Outcome = { late: number | null; thenable: boolean } & (
  | { kind: 'nothing'; value: null | undefined }
  | { kind: 'error'; returned: boolean; make: () => unknown }
  | { kind: 'plain'; value: unknown }
  | { kind: 'entity'; key: string; row: boolean }
  | { kind: 'list'; container: Container; items: Outcome[] }
);

const CONTAINERS = ['array', 'set', 'generator', 'broken generator', 'async generator'] as const;
type Container = (typeof CONTAINERS)[number];

/** Results of `Odd`. */
const ODD_VALUES: Record<string, () => unknown> = {
  text: () => 'text',
  'text to escape': () => '"\\\n\u2028\ud800 😀 and so on, beyond what is short',
  number: () => -0.5,
  zero: () => -0,
  object: () => ({ a: [1, null, undefined, () => 1], b: undefined, __proto__: null }),
  date: () => new Date(0),
  false: () => false,
  NaN: () => NaN,
  infinite: () => -Infinity,
  null: () => null,
  undefined: () => undefined,
  BigInt: () => 1n,
  function: () => () => 1,
  symbol: () => Symbol('odd'),
  'no form': () => ({ toJSON: () => undefined }),
  'broken form': () => ({
    toJSON() {
      throw new Error('broken form');
    },
  }),
  circle: () => {
    const circle: Record<string, unknown> = {};
    return Object.assign(circle, { circle });
  },
  throws: () => {
    throw new TypeError('not a value of Odd');
  },
  'throws for callers': () => {
    throw new GraphQLError('not a value of Odd', { extensions: { code: 'ODD' } });
  },
};

const located = new GraphQLError('has a path of its own', { path: ['elsewhere', 0] });
const shared = new Error('the same for all');

const ERRORS: (() => unknown)[] = [
  () => new Error('failed'),
  () => new GraphQLError('of GraphQL', { extensions: { code: 'FAILED', more: [1] } }),
  () => Object.assign(new RangeError('with extensions'), { extensions: { field: 'x' } }),
  () => located,
  () => shared,
  () => 'a text',
  () => undefined,
  () => ({ message: 'no error' }),
];

/** A schema with data, always the same for the same seed. */
export class GeneratedWorld {
  readonly sdl: string;
  readonly schema: GraphQLSchema;
  readonly model: Model = new Map();
  /** The execution that calls the resolvers. */
  execution = new Execution('at once', true);
  readonly #seed: number;
  readonly #chances: Chances;
  readonly #outcomes = new Map<string, Outcome>();

  constructor(seed: number) {
    this.#seed = seed;
    const chance = dice(seed);
    this.#chances = {
      late: chance.pick([0, 0.1, 0.4]),
      error: chance.pick([0, 0.02, 0.1]),
      nothing: chance.pick([0, 0.03, 0.1]),
      odd: chance.pick([0, 0.05, 0.2]),
      row: chance.pick([0, 0.7, 1]),
      ofRow: chance.pick([0.7, 1]),
    };
    this.sdl = this.#describe(chance);
    this.schema = buildSchema(this.sdl);
    this.#bringToLife(chance);
  }

  /** The root value. */
  get root(): object {
    return this.#entity('Query0', false);
  }

  #describe(chance: Dice): string {
    const objects = ['A', 'B', 'C', 'D'].slice(0, 2 + chance.roll(3));
    const types = [...LEAVES, ...LEAVES, ...objects, ...objects, ...ABSTRACT];
    const pool = Array.from({ length: 14 }, (_, n): Field => {
      const of = chance.pick(types);
      return { name: `f${n}`, type: wrapped(of, chance), of, hasArguments: chance.happens(0.25) };
    });
    const some = (share: number) => pool.filter(() => chance.happens(share));
    const named = atLeastOne(some(0.2), pool);
    const owned = [...named, ...some(0.1).filter((field) => !named.includes(field))];
    // The first type has both interfaces, the others only the first one.
    const isOwned = (n: number) => n < 1 + (objects.length >> 1);
    const text = objects.map((object, n) => {
      const inherited = isOwned(n) ? owned : named;
      const fields = [...inherited, ...some(0.35).filter((field) => !inherited.includes(field))];
      this.model.set(object, { fields, possible: [object] });
      return `type ${object} implements ${isOwned(n) ? 'Named & Owned' : 'Named'} ${printed(fields)}`;
    });
    const members = objects.filter((_, n) => n === 0 || chance.happens(0.5));
    const query = atLeastOne(some(0.7), pool);
    this.model.set('Query', { fields: query, possible: ['Query'] });
    this.model.set('Named', { fields: named, possible: objects });
    this.model.set('Owned', { fields: owned, possible: objects.filter((_, n) => isOwned(n)) });
    this.model.set('Either', { fields: [], possible: members });
    this.model.set('Any', { fields: [], possible: objects });
    return [
      'scalar Odd',
      'enum Mood { GLAD SAD }',
      'input Range { from: Int! = 1  to: Int }',
      `interface Named ${printed(named)}`,
      `interface Owned implements Named ${printed(owned)}`,
      `union Either = ${members.join(' | ')}`,
      `union Any = ${objects.join(' | ')}`,
      ...text,
      `type Query ${printed(query)}`,
    ].join('\n');
  }

  #bringToLife(chance: Dice): void {
    for (const type of Object.values(this.schema.getTypeMap())) {
      if (type.name.startsWith('__')) continue;
      if (isScalarType(type) && type.name === 'Odd') type.coerceOutputValue = (value) => this.#leaf(value);
      if (isAbstractType(type) && chance.happens(0.5))
        type.resolveType = (value, _context, info) => this.#typeOf(value, info) as string;
      if (isObjectType(type)) this.#bringObjectToLife(type, chance);
    }
    // Types without resolveType use `__typename` or isTypeOf.
    for (const type of Object.values(this.schema.getTypeMap()))
      if (isUnionType(type) && type.name === 'Any' && chance.happens(0.5))
        for (const member of type.getTypes()) member.isTypeOf ??= (value) => this.#isOf(member, value);
  }

  #bringObjectToLife(type: GraphQLObjectType, chance: Dice): void {
    if (type.name !== 'Query' && chance.happens(0.2)) type.isTypeOf = (value) => this.#isOf(type, value);
    for (const field of Object.values(type.getFields())) {
      if (chance.happens(0.5))
        field.resolve = (source, args: unknown, _context, info) => {
          this.#noted('resolve', info, args);
          const key = keyOf(source);
          return key === undefined ? null : this.#realised(this.#outcome(key, field.name, field.type));
        };
      if (chance.happens(this.#chances.ofRow))
        field.extensions = { fromRow: this.#fromRow(field.name, field.type) };
    }
  }

  /** The value of a column: a related row must be loaded with it. */
  #fromRow(field: string, type: GraphQLOutputType): FromRow {
    const leaf = isNonNullType(type) ? type.ofType : type;
    return (row) => {
      const key = keyOf(row);
      if (key === undefined) return undefined;
      const outcome = this.#outcome(key, field, type);
      if (outcome.late !== null) return undefined;
      if (outcome.kind === 'nothing') return outcome.value;
      if (outcome.kind === 'entity') {
        const entity = this.#entity(outcome.key, outcome.row);
        return entity instanceof RawRow ? entity : undefined;
      }
      if (outcome.kind !== 'plain' || !('coerceOutputValue' in leaf)) return undefined;
      try {
        const value = leaf.coerceOutputValue(outcome.value);
        return value === null ? undefined : JSON.stringify(value);
      } catch {
        return undefined;
      }
    };
  }

  /** `Odd` for both executors: graphql-js does not serialize to JSON. */
  #leaf(value: unknown): unknown {
    const make = ODD_VALUES[String(value)];
    const leaf = make ? make() : value;
    if (this.execution.isReference && leaf !== null && leaf !== undefined)
      if ((JSON.stringify(leaf) as string | undefined) === undefined)
        throw new Error(`A value of Odd has no JSON representation.`);
    return leaf;
  }

  #typeOf(value: unknown, info: GraphQLResolveInfo): unknown {
    this.#noted('resolveType', info);
    const key = keyOf(value) ?? '';
    const chance = this.#chanceOf(`type of ${key}`);
    const name = this.#isOdd(chance)
      ? chance.pick(['Query', 'Nothing', 'Named', undefined, 7, ''])
      : key.replace(/\d+$/, '');
    return this.#answered(chance, key, name);
  }

  #isOf(type: GraphQLObjectType, value: unknown): boolean | Promise<boolean> {
    const key = keyOf(value) ?? '';
    const chance = this.#chanceOf(`is ${key} of ${type.name}`);
    const is = key.startsWith(type.name) !== this.#isOdd(chance);
    return this.#answered(chance, key, is) as boolean | Promise<boolean>;
  }

  /** Type resolvers can be async or fail, too. */
  #answered(chance: Dice, key: string, value: unknown): unknown {
    const fails = chance.happens(this.#chances.error / 2);
    const answer = () => {
      if (fails) throw new Error(`cannot tell what ${key} is`);
      return value;
    };
    const rank = chance.roll(1e9);
    return chance.happens(this.#chances.late / 2) ? this.execution.later(rank, answer) : answer();
  }

  #isOdd(chance: Dice): boolean {
    return chance.happens(this.#chances.odd / 3);
  }

  #chanceOf(key: string): Dice {
    let hash = this.#seed | 0;
    for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
    return dice(hash);
  }

  #noted(what: string, info: GraphQLResolveInfo, args?: unknown): void {
    const { path, fieldName, fieldNodes, parentType, returnType } = info;
    const keys = [];
    for (let part: typeof path | undefined = path; part; part = part.prev)
      keys.unshift(`${String(part.key)}:${part.typename ?? ''}`);
    this.execution.calls.push(
      `${what} ${parentType.name}.${fieldName}: ${String(returnType)} ×${fieldNodes.length} ${keys.join('/')} ${JSON.stringify(args)}`,
    );
  }

  #outcome(key: string, field: string, type: GraphQLOutputType): Outcome {
    const name = `${key}.${field}`;
    let outcome = this.#outcomes.get(name);
    if (!outcome) {
      outcome = this.#decided(type, name);
      this.#outcomes.set(name, outcome);
    }
    return outcome;
  }

  #decided(type: GraphQLOutputType, key: string): Outcome {
    const chance = this.#chanceOf(key);
    const late = chance.happens(this.#chances.late) ? chance.roll(1e9) : null;
    const when = { late, thenable: chance.happens(0.2) };
    if (chance.happens(this.#chances.error))
      return { ...when, kind: 'error', returned: chance.happens(0.3), make: chance.pick(ERRORS) };
    if (chance.happens(this.#chances.nothing))
      return { ...when, kind: 'nothing', value: chance.pick([null, null, undefined]) };
    const inner = isNonNullType(type) ? type.ofType : type;
    const isOdd = this.#isOdd(chance);
    if (isListType(inner)) {
      if (isOdd && chance.happens(0.4))
        return { ...when, kind: 'plain', value: chance.pick(['a text', 7, {}, new Map()]) };
      const items = Array.from({ length: chance.roll(chance.happens(0.1) ? 7 : 4) }, (_, n) =>
        this.#decided(inner.ofType, `${key}[${n}]`),
      );
      return {
        ...when,
        kind: 'list',
        container: this.#isOdd(chance) ? chance.pick(CONTAINERS) : 'array',
        items,
      };
    }
    if ('coerceOutputValue' in inner)
      return { ...when, kind: 'plain', value: leafFor(inner.name, chance, isOdd) };
    if (isOdd && chance.happens(0.3))
      return { ...when, kind: 'plain', value: chance.pick(['a text', 7, {}, true]) };
    const possible = this.model.get(inner.name)?.possible ?? [];
    return {
      ...when,
      kind: 'entity',
      key: `${chance.pick(possible)}${chance.roll(ENTITIES_OF_A_TYPE)}`,
      row: chance.happens(this.#chances.row),
    };
  }

  #realised(outcome: Outcome): unknown {
    const { late, thenable } = outcome;
    if (late === null) return this.#now(outcome);
    const begin = () => this.execution.later(late, () => this.#now(outcome));
    if (!thenable) return begin();
    // Like Prisma's promises, which start when they are awaited.
    const then: Promise<unknown>['then'] = (...told) => begin().then(...told);
    return { then };
  }

  #now(outcome: Outcome): unknown {
    switch (outcome.kind) {
      case 'nothing':
      case 'plain':
        return outcome.value;
      case 'error': {
        const error = this.#errorOf(outcome);
        if (outcome.returned && error instanceof Error) return error;
        throw error;
      }
      case 'entity':
        return this.#entity(outcome.key, outcome.row);
      case 'list':
        return this.#contained(outcome.container, outcome.items);
    }
  }

  #errorOf({ make }: { make: () => unknown }): unknown {
    const error = make();
    // With several, the first one would be random.
    return error === located && this.execution.timing === 'at once' ? new Error(located.message) : error;
  }

  #contained(container: Container, items: Outcome[]): unknown {
    const item = (outcome: Outcome) => {
      // The item exists, so an error is returned or rejected.
      if (outcome.kind === 'error' && outcome.late === null) {
        const error = this.#errorOf(outcome);
        return error instanceof Error ? error : this.execution.later(0, () => this.#now(outcome));
      }
      return this.#realised(outcome);
    };
    switch (container) {
      case 'array':
        return items.map(item);
      case 'set':
        return new Set(items.map(item));
      case 'generator':
        return generator(items.map((outcome) => () => item(outcome)));
      case 'broken generator':
        return generator([
          ...items.map((outcome) => () => item(outcome)),
          () => {
            throw new Error('no more of them');
          },
        ]);
      case 'async generator':
        return asyncGenerator(
          items.map((outcome) => () => this.execution.later(outcome.late ?? 0, () => this.#now(outcome))),
        );
    }
  }

  /** The same object for all fields that refer to it. */
  #entity(key: string, isRow: boolean): object {
    const name = `${key}${isRow ? ' row' : ''}`;
    const known = this.execution.entities.get(name);
    if (known) return known;
    const entity = isRow ? new RawRow({}, new Map(), []) : {};
    keys.set(entity, key);
    const typeName = key.replace(/\d+$/, '');
    const type = this.schema.getType(typeName);
    Object.defineProperty(entity, '__typename', { value: typeName });
    if (isObjectType(type))
      for (const field of Object.values(type.getFields()))
        Object.defineProperty(entity, field.name, {
          value: (args: unknown, _context: unknown, info: GraphQLResolveInfo) => {
            this.#noted('default', info, args);
            return this.#realised(this.#outcome(key, field.name, field.type));
          },
        });
    this.execution.entities.set(name, entity);
    return entity;
  }
}

const keys = new WeakMap<object, string>();

/** The entity's number; undefined if it is none. */
function keyOf(value: unknown): string | undefined {
  return typeof value === 'object' && value !== null ? keys.get(value) : undefined;
}

function wrapped(name: string, chance: Dice): string {
  const bang = () => (chance.happens(0.35) ? '!' : '');
  const depth = chance.pick([0, 0, 0, 1, 1, 2]);
  let type = `${name}${bang()}`;
  for (let level = 0; level < depth; level += 1) type = `[${type}]${bang()}`;
  return type;
}

function atLeastOne(fields: Field[], pool: readonly Field[]): Field[] {
  return fields.length > 0 ? fields : pool.slice(0, 1);
}

function printed(fields: readonly Field[]): string {
  return `{ ${fields.map(({ name, type, hasArguments }) => `${name}${hasArguments ? ARGUMENTS : ''}: ${type}`).join('  ')} }`;
}

function leafFor(type: string, chance: Dice, isOdd: boolean): unknown {
  if (type === 'Odd' && (isOdd || chance.happens(0.4))) return chance.pick(Object.keys(ODD_VALUES));
  if (isOdd) return chance.pick([NaN, Infinity, 1.5, '', 'text', true, {}, [], Symbol('leaf'), 2n, () => 1]);
  const values: Record<string, unknown[]> = {
    Int: [0, -1, 2147483647, '7', true],
    Float: [0.1, -0, 1e21, '2'],
    String: [
      '',
      '“Ünï”',
      'a"b\\',
      '\ud800',
      7,
      false,
      '\n and more than the forty characters of a short text',
    ],
    Boolean: [true, false, 1],
    ID: ['id', 7],
    Mood: ['GLAD', 'SAD'],
    Odd: ['text', 'number', 'object'],
  };
  return chance.pick(values[type] ?? []);
}

function* generator(items: readonly (() => unknown)[]): Generator {
  for (const item of items) yield item();
}

async function* asyncGenerator(items: readonly (() => Promise<unknown>)[]): AsyncGenerator {
  for (const item of items) yield await item();
}
