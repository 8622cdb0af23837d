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
import type { Context, Question } from '../context.ts';
import { BOUNDS, keep } from '../../bounds.ts';
import { Job } from '../../live/fair-queue.ts';
import { Rendezvous } from '../../live/rendezvous.ts';
import type { Budget } from '../../limits/budgets.ts';
import { Ending, PayloadStream } from '../../live/payload-stream.ts';
import type { SharedPayload } from '../../live/shared-payload.ts';
import { payForPayload } from './use-cost-limits.ts';

interface Answer {
  result: ExecutionResult;
  text: string | null;
  holdsFor: (context: Context) => boolean | Promise<boolean>;
  isPersonal: boolean;
}

const LARGEST_KEPT = 128 * 1024;
const OVERHEAD_BYTES = 1_000;

/**
 * Executes an event once for all subscriptions with the same selection, and shares the payload among viewers if their
 * rights give the same answers to its questions. Serialized payloads go directly to the outlet. Payloads for a single
 * subscription cost points; the subscription ends when the budget is used up.
 */
export function useResponseCache(budget: Budget): Plugin<Context> {
  const answers = new LRUCache<string, Answer | Job<Answer>>({
    maxSize: BOUNDS['shared answers'].most,
    maxEntrySize: LARGEST_KEPT,
  });
  keep('shared answers', answers, ({ calculatedSize }) => calculatedSize);
  const numberOf = numbers();

  function firstOf(
    args: ValidatedSubscriptionArgs,
    payload: object,
    selection: string,
  ): Answer | Promise<Answer> {
    const { sharedAs } = payload as SharedPayload;
    return sharedAs === undefined
      ? alone(args, payload)
      : remembered(`${sharedAs} ${selection}`, args, payload);
  }

  async function ownOf(args: ValidatedSubscriptionArgs, payload: object, selection: string): Promise<Answer> {
    const context = args.contextValue as Context;
    const key = `${(payload as SharedPayload).sharedAs} ${selection} ${numberOf(context.viewer)}`;
    const own = await remembered(key, args, payload);
    return (await own.holdsFor(context)) ? own : alone(args, payload);
  }

  function remembered(
    key: string,
    args: ValidatedSubscriptionArgs,
    payload: object,
  ): Answer | Promise<Answer> {
    const { live, person } = args.contextValue as Context;
    const known = answers.get(key);
    if (known instanceof Job) return live.queue.join(person.userId, known);
    if (known) return known;
    const job = new Job(() => observed(args, payload));
    answers.set(key, job, { size: key.length });
    const answer = live.queue.join(person.userId, job);
    answer.then(
      (given) => {
        if (answers.has(key)) answers.set(key, given, { size: sizeOf(key, given) });
      },
      () => answers.delete(key),
    );
    return answer;
  }

  async function subscribe(args: ExecutionArgs): Promise<AsyncIterable<ExecutionResult> | ExecutionResult> {
    const validated = validateSubscriptionArgs(args);
    if (!('operation' in validated)) return { errors: validated };
    const source = await createSourceEventStream(validated);
    if (!(source instanceof PayloadStream)) return source as ExecutionResult;
    const selection = `${numberOf(validated.operation)} ${variablesOf(validated)}`;
    const context = validated.contextValue as Context;
    let isOver = false;
    return new Rendezvous<ExecutionResult>(
      (results) => {
        const send = ({ result, text }: Answer) => {
          if (isOver) return;
          return context.outlet && text !== null ? context.outlet.send(text) : results.take(result);
        };
        const sendPaid = async (make: () => Answer | Promise<Answer>) => {
          const refusal = await payForPayload(budget, args);
          if (!refusal) return send(await make());
          await results.take({ errors: [refusal] });
          source.stop();
          results.end();
          return undefined;
        };
        source.readBy({
          take: (payload: object) => {
            const isLast = payload instanceof Ending;
            if (!isLast && (payload as SharedPayload).sharedAs === undefined)
              return sendPaid(() => firstOf(validated, payload, selection));
            const choose = (first: Answer) => {
              const sendIf = (holds: boolean) => {
                if (!holds) return sendPaid(() => ownOf(validated, payload, selection));
                return first.isPersonal && !isLast ? sendPaid(() => first) : send(first);
              };
              const holds = first.holdsFor(context);
              return holds instanceof Promise ? holds.then(sendIf) : sendIf(holds);
            };
            const first = firstOf(validated, payload, selection);
            return first instanceof Promise ? first.then(choose) : choose(first);
          },
          end: () => {
            results.end();
          },
        });
      },
      () => {
        isOver = true;
        source.stop();
      },
    );
  }

  return {
    onSubscribe({ setSubscribeFn }) {
      setSubscribeFn(subscribe);
    },
  };
}

/** Executes a payload for one subscription, in the person's turn of the fair queue. */
function alone(args: ValidatedSubscriptionArgs, payload: object): Promise<Answer> {
  const { live, person } = args.contextValue as Context;
  return live.queue.run(person.userId, async () => {
    const result = await executeSubscriptionEvent({ ...args, rootValue: payload });
    return { result, text: null, holdsFor: () => true, isPersonal: true };
  });
}

function sizeOf(key: string, { text }: Answer): number {
  return key.length + (text?.length ?? 0) + OVERHEAD_BYTES;
}

/** Executes a payload, and records what it asks about the viewer. */
async function observed(args: ValidatedSubscriptionArgs, payload: object): Promise<Answer> {
  const context = args.contextValue as Context;
  const { viewer } = context;
  const asked: Asked[] = [];
  let isPersonal = false;
  const personal = (name: 'viewer' | 'person' | 'shareOf'): PropertyDescriptor => ({
    get: () => {
      isPersonal = true;
      return name === 'shareOf' ? context.shareOf.bind(context) : context[name];
    },
  });
  const observing = Object.create(context, {
    viewer: personal('viewer'),
    person: personal('person'),
    shareOf: personal('shareOf'),
    asks: {
      value: (question: Question) => {
        const answer = question(context);
        asked.push({ question, answer });
        return answer;
      },
    },
  }) as Context;
  const result = await executeSubscriptionEvent({ ...args, rootValue: payload, contextValue: observing });
  const text = result.errors ? null : JSON.stringify(result);
  // Settled answers allow a synchronous comparison later.
  for (const one of asked) one.answer = await one.answer;
  return {
    result: text === null ? result : Object.assign(result, { stringify: () => text }),
    text,
    isPersonal,
    holdsFor: (other) => {
      // An error applies to all subscriptions of the same person.
      if (isPersonal || result.errors) return other.viewer === viewer;
      return answersAlike(asked, other);
    },
  };
}

interface Asked {
  question: Question;
  answer: boolean | Promise<boolean>;
}

/** Whether another viewer's rights give the same answers; synchronous if nothing has to be looked up. */
function answersAlike(asked: readonly Asked[], other: Context): boolean | Promise<boolean> {
  const alike = asked.map(({ question, answer }) => {
    const another = question(other);
    if (typeof answer === 'boolean' && typeof another === 'boolean') return answer === another;
    return Promise.all([Promise.resolve(answer), Promise.resolve(another)]).then(([a, b]) => a === b);
  });
  return alike.every((one) => typeof one === 'boolean')
    ? alike.every(Boolean)
    : Promise.all(alike.map((one) => Promise.resolve(one))).then((all) => all.every(Boolean));
}

/** The variables that payloads depend on, without those used only by the root field's arguments. */
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

function numbers(): (thing: object) => number {
  const known = new WeakMap<object, number>();
  let last = 0;
  return (thing) => {
    const number = known.get(thing) ?? (last += 1);
    known.set(thing, number);
    return number;
  };
}
