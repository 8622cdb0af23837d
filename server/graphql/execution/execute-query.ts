import {
  defaultTypeResolver,
  getVariableValues,
  GraphQLError,
  isObjectType,
  locatedError,
  type ExecutionResult,
  type GraphQLAbstractType,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
} from 'graphql';
import type { Execute } from './execute.ts';
import { RawRow } from '../../sql/raw-row.ts';
import { planOf, type Plan, type Selection, type Shape, type Step, type Variables } from './plan.ts';

/**
 * Executes queries with plans cached per document, which takes a third of the time of a general executor for long
 * lists.
 * @param otherwise executes everything else: mutations, and queries with directives or invalid variables.
 * @param isMeasured whether the resolvers of an operation are measured, and so must all be called.
 */
export function usePlans(
  otherwise: Execute,
  isMeasured: (context: unknown) => boolean = () => false,
): Execute {
  return (args) => {
    const { schema, document, operationName, variableValues, rootValue, contextValue } = args;
    const plan = planOf(schema, document, operationName);
    if (!plan) return otherwise(args);
    const given = getVariableValues(schema, plan.operation.variableDefinitions ?? [], variableValues ?? {});
    if (!given.variableValues) return otherwise(args);
    return new Run(plan, given.variableValues, rootValue, contextValue, isMeasured(contextValue)).answer();
  };
}

/** The data of a response, serialized without intermediate objects. */
export class SerializedData {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): unknown {
    return JSON.parse(this.text);
  }
}

/** A position in the response. */
interface Place {
  readonly path: Path;
  readonly above: Place | undefined;
  /** The field that it belongs to. */
  readonly field: FieldInfo;
}

type Path = GraphQLResolveInfo['path'];

/** Computes its properties on demand, since few resolvers use them. */
class FieldInfo implements Place, GraphQLResolveInfo {
  readonly run: Run;
  readonly step: Step;
  readonly above: Place | undefined;
  #path: Path | undefined;

  constructor(run: Run, step: Step, above: Place | undefined) {
    this.run = run;
    this.step = step;
    this.above = above;
  }
  get path(): Path {
    return (this.#path ??= { prev: this.above?.path, key: this.step.key, typename: this.step.parent.name });
  }
  get field(): this {
    return this;
  }
  get fieldName() {
    return this.step.field.name;
  }
  get fieldNodes() {
    return this.step.nodes;
  }
  get returnType() {
    return this.step.field.type;
  }
  get parentType() {
    return this.step.parent;
  }
  get schema() {
    return this.step.plan.schema;
  }
  get fragments() {
    return this.step.plan.fragments;
  }
  get operation() {
    return this.step.plan.operation;
  }
  get rootValue() {
    return this.run.rootValue;
  }
  get variableValues() {
    return this.run.variables;
  }
  getAbortSignal() {
    return undefined;
  }
  getAsyncHelpers() {
    return { promiseAll: Promise.all.bind(Promise), track: abandon };
  }
}

class Item implements Place {
  readonly above: Place;
  readonly index: number;
  #path: Path | undefined;

  constructor(above: Place, index: number) {
    this.above = above;
    this.index = index;
  }
  get field(): FieldInfo {
    return this.above.field;
  }
  get path(): Path {
    return (this.#path ??= { prev: this.above.path, key: this.index, typename: undefined });
  }
}

/** One execution of a query: https://spec.graphql.org/October2021/#sec-Execution */
class Run {
  readonly plan: Plan;
  readonly variables: Variables;
  readonly rootValue: unknown;
  readonly #context: unknown;
  readonly #errors: GraphQLError[] = [];
  /** Positions that errors made null; undefined is the whole response. */
  #nulls: Set<Place | undefined> | undefined;
  #isAnswered = false;
  readonly #arguments = new Map<Step, Record<string, unknown>>();
  /** The JSON of people and teams that many rows refer to. */
  readonly #texts = new Map<Selection, Map<RawRow, string>>();
  readonly #isMeasured: boolean;

  constructor(plan: Plan, variables: Variables, rootValue: unknown, context: unknown, isMeasured: boolean) {
    this.plan = plan;
    this.variables = variables;
    this.rootValue = rootValue;
    this.#context = context;
    this.#isMeasured = isMeasured;
  }

  async answer(): Promise<ExecutionResult> {
    let data: SerializedData | null = null;
    try {
      data = new SerializedData(await this.#object(this.plan.root, this.rootValue, undefined));
    } catch (error) {
      this.#report(error as GraphQLError, undefined);
    }
    this.#isAnswered = true;
    const result = { data: data as ExecutionResult['data'] };
    return this.#errors.length > 0 ? { errors: this.#errors, ...result } : result;
  }

  #object({ steps }: Selection, source: unknown, place: Place | undefined): MaybePromise<string> {
    const text = new TextBuilder();
    try {
      for (const step of steps) text.add(step.head, this.#field(step, source, place));
    } catch (error) {
      text.giveUp();
      throw error;
    }
    return text.end(steps.length > 0 ? '}' : '{}');
  }

  #field(step: Step, source: unknown, above: Place | undefined): MaybePromise<string> {
    const text = this.#fromRow(step, source);
    if (text !== undefined) return text;
    const info = new FieldInfo(this, step, above);
    try {
      const value = step.resolve(source, this.#argumentsOf(step), this.#context, info);
      return this.#completed(step, step.shape, value, info);
    } catch (error) {
      return this.#failed(step, step.shape, info, error);
    }
  }

  /** The value of a field that needs no resolver; undefined if it needs one. */
  #fromRow(step: Step, source: unknown): string | undefined {
    const { fromRow, shape } = step;
    if (!fromRow || this.#isMeasured || !(source instanceof RawRow)) return undefined;
    const value = fromRow(source);
    if (value === null) return shape.nullable ? 'null' : undefined;
    if (value instanceof RawRow)
      return shape.kind === 'object' ? this.#named(step.below(shape.type), value) : undefined;
    return value;
  }

  /** The JSON of a row that needs no resolvers; undefined if it needs any. */
  #row({ steps, isOfRow }: Selection, source: unknown): string | undefined {
    if (!isOfRow || !(source instanceof RawRow)) return undefined;
    let text = '';
    for (const step of steps) {
      const value = this.#fromRow(step, source);
      if (value === undefined) return undefined;
      text += step.head + value;
    }
    return `${text || '{'}}`;
  }

  /** The same for a related row, which is serialized once. */
  #named(selection: Selection, source: unknown): string | undefined {
    if (!selection.isOfRow || !(source instanceof RawRow)) return undefined;
    const texts = this.#texts.get(selection) ?? new Map<RawRow, string>();
    this.#texts.set(selection, texts);
    const text = texts.get(source) ?? this.#row(selection, source);
    if (text !== undefined) texts.set(source, text);
    return text;
  }

  #argumentsOf(step: Step): Record<string, unknown> {
    let given = this.#arguments.get(step);
    if (!given) {
      given = step.argumentsFor(this.variables);
      this.#arguments.set(step, given);
    }
    return given;
  }

  /** Serializes a value, now or later, and handles its errors. */
  #completed(step: Step, shape: Shape, value: unknown, place: Place): MaybePromise<string> {
    const completed = isThenable(value)
      ? this.#late(value, (late) => this.#complete(step, shape, late, place))
      : this.#complete(step, shape, value, place);
    return completed instanceof Promise
      ? completed.catch((error: unknown) => this.#failed(step, shape, place, error))
      : completed;
  }

  /** Continues after a promise, unless the response is complete: then something above is null. */
  #late<Value>(value: PromiseLike<Value>, goOn: (value: Value) => MaybePromise<string>): Promise<string> {
    return Promise.resolve(value).then((late) => {
      if (!this.#isAnswered) return goOn(late);
      abandon(late);
      return 'null';
    });
  }

  #complete(step: Step, shape: Shape, value: unknown, place: Place): MaybePromise<string> {
    if (value instanceof Error) throw value;
    if (value === null || value === undefined) {
      if (shape.nullable) return 'null';
      throw new Error(`Cannot return null for non-nullable field ${step.parent.name}.${step.field.name}.`);
    }
    switch (shape.kind) {
      case 'leaf':
        return written(shape.type, value);
      case 'list':
        return this.#list(step, shape.item, value, place);
      case 'object':
        return this.#ofType(step, shape.type, value, place);
      case 'abstract':
        return this.#abstract(step, shape.type, value, place);
    }
  }

  #list(step: Step, shape: Shape, list: unknown, place: Place): MaybePromise<string> {
    if (isAsyncIterable(list)) return this.#asyncList(step, shape, list, place);
    if (!isIterable(list))
      throw new Error(
        `Expected Iterable, but did not find one for field "${step.parent.name}.${step.field.name}".`,
      );
    const text = new TextBuilder();
    const selection = shape.kind === 'object' ? step.below(shape.type) : undefined;
    const items = Array.isArray(list) ? (list as unknown[]) : resumable(list);
    let index = 0;
    try {
      for (const value of items) {
        const fromRow = selection && this.#row(selection, value);
        text.add(index === 0 ? '[' : ',', fromRow ?? this.#item(step, shape, value, place, index));
        index += 1;
      }
    } catch (error) {
      text.giveUp();
      abandonItems(Array.isArray(items) ? items.slice(index) : items);
      throw error;
    }
    return text.end(index > 0 ? ']' : '[]');
  }

  async #asyncList(step: Step, shape: Shape, list: AsyncIterable<unknown>, place: Place): Promise<string> {
    const text = new TextBuilder();
    let index = 0;
    for await (const value of list) {
      if (this.#isAnswered) {
        abandon(value);
        break;
      }
      const part = this.#item(step, shape, value, place, index);
      // It can reject before the next item arrives.
      abandon(part);
      text.add(index === 0 ? '[' : ',', part);
      index += 1;
    }
    return text.end(index > 0 ? ']' : '[]');
  }

  #item(step: Step, shape: Shape, value: unknown, list: Place, index: number): MaybePromise<string> {
    const place = new Item(list, index);
    try {
      return this.#completed(step, shape, value, place);
    } catch (error) {
      return this.#failed(step, shape, place, error);
    }
  }

  #abstract(step: Step, type: GraphQLAbstractType, value: unknown, place: Place): MaybePromise<string> {
    const named = (name: unknown) => this.#ofType(step, this.#possibleType(step, type, name), value, place);
    const name: unknown = (type.resolveType ?? defaultTypeResolver)(value, this.#context, place.field, type);
    return isThenable(name) ? this.#late(name, named) : named(name);
  }

  #possibleType({ parent, field }: Step, type: GraphQLAbstractType, name: unknown): GraphQLObjectType {
    const { schema } = this.plan;
    if (typeof name !== 'string')
      throw new Error(
        `Abstract type "${type.name}" must resolve to an Object type at runtime for field "${parent.name}.${field.name}".`,
      );
    const known = schema.getType(name);
    if (!known)
      throw new Error(
        `Abstract type "${type.name}" was resolved to a type "${name}" that does not exist inside the schema.`,
      );
    if (!isObjectType(known))
      throw new Error(`Abstract type "${type.name}" was resolved to a non-object type "${name}".`);
    if (!schema.isSubType(type, known))
      throw new Error(`Runtime Object type "${name}" is not a possible type for "${type.name}".`);
    return known;
  }

  #ofType(step: Step, type: GraphQLObjectType, value: unknown, place: Place): MaybePromise<string> {
    if (!type.isTypeOf) return this.#object(step.below(type), value, place);
    const known = (is: boolean) => {
      if (!is) throw new Error(`Expected value of type "${type.name}".`);
      return this.#object(step.below(type), value, place);
    };
    const is = type.isTypeOf(value, this.#context, place.field);
    return isThenable(is) ? this.#late(is, known) : known(is);
  }

  /** Replaces a failed value by null; if it is not nullable, the parent fails. */
  #failed(step: Step, { nullable }: Shape, place: Place, error: unknown): 'null' {
    const located = locatedError(error, step.nodes, pathOf(place));
    if (!nullable) throw located;
    this.#report(located, place);
    return 'null';
  }

  /** Adds an error, unless a parent is already null. */
  #report(error: GraphQLError, place: Place | undefined): void {
    this.#nulls ??= new Set();
    for (let above = place; above; above = above.above) if (this.#nulls.has(above)) return;
    if (this.#nulls.has(undefined)) return;
    this.#nulls.add(place);
    this.#errors.push(error);
  }
}

type MaybePromise<T> = T | Promise<T>;

/** Joins strings and promises of strings. */
class TextBuilder {
  #text = '';
  /** The text before each promise. */
  readonly #ahead: string[] = [];
  readonly #late: Promise<string>[] = [];

  add(head: string, part: MaybePromise<string>): void {
    this.#text += head;
    if (typeof part === 'string') {
      this.#text += part;
      return;
    }
    this.#ahead.push(this.#text);
    this.#late.push(part);
    this.#text = '';
  }

  end(tail: string): MaybePromise<string> {
    const rest = this.#text + tail;
    if (this.#late.length === 0) return rest;
    // Joining earlier would copy the text at each level.
    return Promise.all(this.#late).then(
      (parts) => parts.reduce((text, part, n) => text + (this.#ahead[n] ?? '') + part, '') + rest,
    );
  }

  giveUp(): void {
    abandon(this.#late);
  }
}

/** Handles rejections of abandoned promises, which would end the process. */
function abandon(value: unknown): void {
  // Prisma's promises are lazy: `then` would start their work.
  if (value instanceof Promise) value.then(abandon, () => undefined);
  else if (isIterable(value)) abandonItems(value);
}

function abandonItems(list: Iterable<unknown>): void {
  try {
    for (const item of list) abandon(item);
  } catch {
    // The list is abandoned, and so is its error.
  }
}

/** An iterable that a loop can leave and continue later. */
function resumable(list: Iterable<unknown>): Iterable<unknown> {
  const items = list[Symbol.iterator]();
  // Without `return`, leaving a loop does not close it.
  const rest = { next: () => items.next() };
  return { [Symbol.iterator]: () => rest };
}

/** Also true for Prisma's promises, which are not instances of Promise. */
function isThenable<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.iterator in value;
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function written(type: GraphQLLeafType, value: unknown): string {
  const leaf = leafOf(type, value);
  if (typeof leaf === 'string') return quoted(leaf);
  if (leaf === null || leaf === undefined)
    throw new Error(
      `Expected \`${type.name}.coerceOutputValue(…)\` to return non-nullable value, returned: ${String(leaf)}`,
    );
  const text = JSON.stringify(leaf) as string | undefined;
  if (text === undefined) throw new Error(`A value of ${type.name} has no JSON representation.`);
  return text;
}

function leafOf(type: GraphQLLeafType, value: unknown): unknown {
  try {
    return type.coerceOutputValue(value);
  } catch (error) {
    // An invalid value is a server error, unlike a GraphQLError.
    if (!(error instanceof GraphQLError)) throw error;
    throw Object.assign(new Error(error.message), { extensions: error.extensions });
  }
}

// eslint-disable-next-line no-control-regex -- JSON escapes them
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/;
/** Up to this length, a regular expression is faster than JSON.stringify. */
const SHORT = 40;

function quoted(text: string): string {
  return text.length > SHORT || ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`;
}

function pathOf(place: Place): (string | number)[] {
  const keys = [];
  for (let path: Path | undefined = place.path; path; path = path.prev) keys.push(path.key);
  return keys.reverse();
}
