import type { Dice } from '../../../kit/dice.ts';
import type { Field, Model } from './generated-world.ts';

export interface GeneratedQuery {
  text: string;
  variableValues: Record<string, unknown>;
}

const DEEPEST = 4;
const ALIASES = ['', '', '', 'a_', 'b_'];

/** The variables of a query, with possible values. */
const VARIABLES: Record<string, { type: string; values: unknown[] }> = {
  n: { type: 'Int', values: [null, 8] },
  m: { type: 'Int = 4', values: [null, 9] },
  k: { type: 'Int! = 5', values: [6] },
  mood: { type: 'Mood', values: [null, 'SAD'] },
  range: { type: 'Range', values: [null, {}, { to: null }, { from: 2, to: 3 }] },
  list: { type: '[Int!] = [7]', values: [null, [], [1, 2], 3] },
};

/** Values of arguments, in the order of the schema. */
const GIVEN: Record<string, string[]> = {
  n: ['$n', '$m', '$k', '1'],
  mood: ['$mood', 'GLAD', 'null'],
  range: ['$range', 'null', '{}', '{ to: $n }', '{ from: $m, to: $k }', '{ from: $n }'],
  list: ['$list', '[$k, 2]', '[]', 'null', '4'],
};

/** Generates valid queries of every form without directives. */
export function generateQuery(model: Model, chance: Dice): GeneratedQuery {
  return new Writer(model, chance).query();
}

class Writer {
  readonly #model: Model;
  readonly #chance: Dice;
  /** Most selections of rows have only their own fields. */
  readonly #isPlain: boolean;
  /** By response key: fields with the same key must have the same arguments. */
  readonly #arguments = new Map<string, string>();
  readonly #fragments: { name: string; on: string; text: string }[] = [];

  constructor(model: Model, chance: Dice) {
    this.#model = model;
    this.#chance = chance;
    this.#isPlain = chance.happens(0.4);
  }

  query(): GeneratedQuery {
    const selections = this.#selectionSet('Query', DEEPEST);
    const fragments = this.#fragments.map(({ name, on, text }) => `fragment ${name} on ${on} ${text}`);
    const body = [selections, ...fragments].join('\n');
    const used = Object.keys(VARIABLES).filter((name) => new RegExp(`\\$${name}\\b`).test(body));
    const declared = used.map((name) => `$${name}: ${VARIABLES[name]?.type ?? ''}`).join(', ');
    const variableValues: Record<string, unknown> = {};
    for (const name of used)
      if (this.#chance.happens(0.6)) variableValues[name] = this.#chance.pick(VARIABLES[name]?.values ?? []);
    return { text: `query${declared && ` (${declared})`} ${body}`, variableValues };
  }

  #selectionSet(type: string, depth: number): string {
    const empty = depth > 1 && this.#chance.happens(0.25) ? this.#emptyFor(type) : undefined;
    if (empty !== undefined) return empty;
    const many = 1 + this.#chance.roll(depth === DEEPEST ? 6 : 4);
    const selections = Array.from({ length: many }, () => this.#selection(type, depth));
    return `{ ${selections.join(' ')} }`;
  }

  /** A selection that does not apply to an object type; undefined if there is none. */
  #emptyFor(type: string): string | undefined {
    const { possible = [], fields = [] } = this.#model.get(type) ?? {};
    if (possible.length !== 1 || fields.length === 0) return undefined;
    for (const on of this.#overlapping(type)) {
      const other = this.#model.get(on)?.possible.find((object) => !possible.includes(object));
      if (other !== undefined) return `{ ... on ${on} { ... on ${other} ${this.#selectionSet(other, 0)} } }`;
    }
    return undefined;
  }

  #selection(type: string, depth: number): string {
    const fields = this.#model.get(type)?.fields ?? [];
    const isField = this.#chance.happens(this.#isPlain ? 0.95 : 0.65);
    const possible = depth > 0 ? fields : fields.filter(({ of }) => !this.#model.has(of));
    const field = possible.length > 0 && isField ? this.#chance.pick(possible) : undefined;
    if (field) return this.#field(field, depth);
    if (depth === 0 || this.#chance.happens(0.15))
      return this.#chance.pick(['__typename', 'a___typename: __typename']);
    if (this.#chance.happens(0.2)) return `... ${this.#selectionSet(type, depth - 1)}`;
    const on = this.#chance.pick(this.#overlapping(type));
    return this.#chance.happens(0.5)
      ? `... on ${on} ${this.#selectionSet(on, depth - 1)}`
      : this.#spread(on, depth);
  }

  #field(field: Field, depth: number): string {
    const key = `${this.#chance.pick(ALIASES)}${field.name}`;
    const alias = key === field.name ? '' : `${key}: `;
    const below = this.#model.has(field.of) ? ` ${this.#selectionSet(field.of, depth - 1)}` : '';
    return `${alias}${field.name}${field.hasArguments ? this.#argumentsOf(key) : ''}${below}`;
  }

  #argumentsOf(key: string): string {
    let text = this.#arguments.get(key);
    if (text === undefined) {
      const given = Object.entries(GIVEN).flatMap(([name, values]) =>
        this.#chance.happens(0.4) ? [`${name}: ${this.#chance.pick(values)}`] : [],
      );
      text = given.length > 0 ? `(${given.join(', ')})` : '';
      this.#arguments.set(key, text);
    }
    return text;
  }

  #spread(on: string, depth: number): string {
    const known = this.#fragments.filter((fragment) => fragment.on === on);
    if (known.length > 0 && this.#chance.happens(0.6)) return `...${this.#chance.pick(known).name}`;
    const text = this.#selectionSet(on, depth - 1);
    const name = `F${this.#fragments.length}`;
    this.#fragments.push({ name, on, text });
    return `...${name}`;
  }

  /** The other types that a value of this type can have. */
  #overlapping(type: string): string[] {
    const possible = this.#model.get(type)?.possible ?? [];
    return [...this.#model].flatMap(([name, other]) =>
      other.possible.some((object) => possible.includes(object)) ? [name] : [],
    );
  }
}
