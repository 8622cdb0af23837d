import {
  createSourceEventStream,
  executeSubscriptionEvent,
  Kind,
  validateSubscriptionArgs,
  visit,
  type ASTNode,
  type ExecutionArgs,
  type ExecutionResult,
  type ValidatedSubscriptionArgs,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import type { Context } from '../../schema/context.ts';
import type { Told } from '../live/told.ts';
import type { Viewer } from '../policy.ts';

/** An answer, and whom it holds for. */
interface Answer {
  result: ExecutionResult;
  holdsFor: (viewer: Viewer) => boolean;
}

/** Characters of all answers that are kept together, and of one: thousands of those to the latest events. */
const MOST_KEPT = 4 * 1024 * 1024;
const LARGEST_KEPT = 128 * 1024;

/**
 * Answers an event once for all subscriptions that select the same of it, as far as their people may see the same. What
 * an answer has asked of its viewer is kept with it; it goes to others whose rights answer that alike.
 */
export function sharedAnswers(): Plugin<Context> {
  const answers = new LRUCache<string, Answer | Promise<Answer>>({
    maxSize: MOST_KEPT,
    maxEntrySize: LARGEST_KEPT,
  });
  const numberOf = numbers();

  function answered(
    args: ValidatedSubscriptionArgs,
    selection: string,
  ): ExecutionResult | Promise<ExecutionResult> {
    const told = (args.rootValue as Told).sharedAs;
    if (told === undefined) return executeSubscriptionEvent(args);
    const { viewer } = args.contextValue as Context;
    const key = `${told} ${selection}`;
    const known = answers.get(key);
    if (known && 'result' in known && known.holdsFor(viewer)) return known.result;
    return chosen(key, args, viewer);
  }

  async function chosen(key: string, args: ValidatedSubscriptionArgs, viewer: Viewer) {
    const first = await remembered(key, args);
    if (first.holdsFor(viewer)) return first.result;
    const own = await remembered(`${key} ${numberOf(viewer)}`, args);
    return own.holdsFor(viewer) ? own.result : executeSubscriptionEvent(args);
  }

  function remembered(key: string, args: ValidatedSubscriptionArgs): Answer | Promise<Answer> {
    const known = answers.get(key);
    if (known) return known;
    const answer = observed(args);
    answers.set(key, answer, { size: key.length });
    // Those who come later need not wait for it.
    answer.then(
      (given) => {
        const size = key.length + JSON.stringify(given.result).length;
        if (answers.has(key)) answers.set(key, given, { size });
      },
      () => answers.delete(key),
    );
    return answer;
  }

  async function subscribe(args: ExecutionArgs): Promise<AsyncIterable<ExecutionResult> | ExecutionResult> {
    const validated = validateSubscriptionArgs(args);
    if (!('operation' in validated)) return { errors: validated };
    const source = await createSourceEventStream(validated);
    if (!(Symbol.asyncIterator in source)) return source;
    const selection = `${numberOf(validated.operation)} ${variablesOf(validated)}`;
    const payloads = source[Symbol.asyncIterator]() as AsyncIterator<object, undefined>;
    const results: AsyncIterableIterator<ExecutionResult, undefined> = {
      [Symbol.asyncIterator]: () => results,
      async next() {
        const { done, value } = await payloads.next();
        if (done) return { done, value: undefined };
        const result = answered({ ...validated, rootValue: value }, selection);
        return { done: false, value: result instanceof Promise ? await result : result };
      },
      async return() {
        await payloads.return?.();
        return { done: true, value: undefined };
      },
    };
    return results;
  }

  return {
    onSubscribe({ setSubscribeFn }) {
      setSubscribeFn(subscribe);
    },
  };
}

/** Answers one, and finds out by the way whom the answer holds for. */
async function observed(args: ValidatedSubscriptionArgs): Promise<Answer> {
  const context = args.contextValue as Context;
  const { viewer } = context;
  const asked: { question: (viewer: Viewer) => boolean; answer: boolean }[] = [];
  let isPersonal = false;
  const personal = (name: 'viewer' | 'person'): PropertyDescriptor => ({
    get: () => {
      isPersonal = true;
      return context[name];
    },
  });
  const observing = Object.create(context, {
    viewer: personal('viewer'),
    person: personal('person'),
    asks: {
      value: (question: (viewer: Viewer) => boolean) => {
        const answer = question(viewer);
        asked.push({ question, answer });
        return answer;
      },
    },
  }) as Context;
  const result = await executeSubscriptionEvent({ ...args, contextValue: observing });
  return {
    result,
    holdsFor: (other) => {
      if (result.errors) return false;
      if (isPersonal) return other === viewer;
      return asked.every(({ question, answer }) => question(other) === answer);
    },
  };
}

/** The values of those variables that count after the subscription has begun: not those that only its root field takes. */
function variablesOf({ operation, fragments, variableValues }: ValidatedSubscriptionArgs): string {
  const named = new Set<string>();
  const seen = new Set<string>();
  const look = (node: ASTNode) => {
    visit(node, {
      Variable: ({ name }) => {
        named.add(name.value);
      },
      FragmentSpread: ({ name }) => {
        const definition = fragments[name.value]?.definition;
        if (!definition || seen.has(name.value)) return;
        seen.add(name.value);
        look(definition);
      },
    });
  };
  for (const field of operation.selectionSet.selections) {
    if (field.kind === Kind.FIELD && field.selectionSet) {
      look(field.selectionSet);
      field.directives?.forEach(look);
    } else look(field);
  }
  return JSON.stringify([...named].map((name) => variableValues.coerced[name] ?? null));
}

/** Tells objects apart by numbers. */
function numbers(): (thing: object) => number {
  const known = new WeakMap<object, number>();
  let last = 0;
  return (thing) => {
    const number = known.get(thing) ?? (last += 1);
    known.set(thing, number);
    return number;
  };
}
