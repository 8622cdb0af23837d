import type { ExecutionArgs, ExecutionResult, GraphQLError } from 'graphql';
import { afterAll, beforeAll } from 'vitest';
import { SerializedData, usePlans } from '../../../../server/graphql/execution/execute-query.ts';

/** Messages for the log. graphql-js includes the value, which may be private. */
const WITH_VALUES = [
  [/(\.coerceOutputValue\()[^]*?(\)` to)/, '$1…$2'],
  [/(must resolve to an Object type at runtime for field "[\w.]+")[^]*/, '$1.'],
  [/(Expected value of type "\w+") but got: [^]*/, '$1.'],
] as const;

export type Executor = (args: ExecutionArgs) => ExecutionResult | Promise<ExecutionResult>;

const leftOver: Executor = () => {
  throw new Error('was left to another executor');
};

/** The executor of most operations. */
export const byPlan = usePlans(leftOver);
/** The same with measured resolvers, which are all called. */
export const byPlanMeasured = usePlans(leftOver, () => true);

/** An answer in a comparable form. */
export interface Told {
  /** As JSON. */
  data: string;
  /** Each as JSON. */
  errors: string[];
}

export function told({ data, errors = [] }: ExecutionResult): Told {
  const text = data instanceof SerializedData ? data.text : JSON.stringify(data);
  // The executor that serializes ensures that it is JSON.
  JSON.parse(text);
  return { data: text, errors: errors.map(printed) };
}

function printed({ message, path, locations, extensions }: GraphQLError): string {
  const withoutValues = WITH_VALUES.reduce((text, [value, instead]) => text.replace(value, instead), message);
  return JSON.stringify({ message: withoutValues, path, locations, extensions });
}

/** Collects unhandled rejections, which would end a server, during the tests of a file. */
export function collectUnhandled(): unknown[] {
  const unhandled: unknown[] = [];
  const others = process.listeners('unhandledRejection');
  const note = (reason: unknown) => unhandled.push(reason);
  beforeAll(() => {
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', note);
  });
  afterAll(() => {
    process.off('unhandledRejection', note);
    for (const listener of others) process.on('unhandledRejection', listener);
  });
  return unhandled;
}
