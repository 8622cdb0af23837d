import { getOperationAST, Kind, type ExecutionArgs, type ExecutionResult, type GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../context.ts';
import { QueryTooComplex, RateLimited, Unauthenticated } from '../../errors.ts';
import type { Balance, Budget } from '../../limits/budgets.ts';
import { queryCostOf } from '../../limits/query-cost.ts';
import { currentRequest } from '../../request-context.ts';
import { toCodedError } from '../mask-errors.ts';
import type { Execute } from '../execution/execute.ts';

/** Twice the cost of the largest page of tasks with all fields. */
const MOST_POINTS = 25_000;

const INCLUDE = 'include';
const DRY_RUN = 'dry-run';

/** With `extensions.cost` `"include"`, the response includes the cost; with `"dry-run"`, it has only the cost. */
export function withCostLimits(budget: Budget, execute: Execute): Execute {
  return async (args) => {
    const { instead, cost } = await charge(budget, args);
    if (instead) return instead;
    const result = await execute(args);
    if (askedOf(args.contextValue as Priced) !== INCLUDE) return result;
    return { ...result, extensions: { ...result.extensions, cost } };
  };
}

export function useSubscriptionCost(budget: Budget): Plugin {
  return {
    async onSubscribe({ args, setResultAndStopExecution }) {
      const { instead } = await charge(budget, args);
      if (instead) setResultAndStopExecution(instead);
    },
  };
}

/** Deducts the cost of a payload that is not shared. @returns the error that ends the subscription, or null. */
export async function payForPayload(budget: Budget, args: ExecutionArgs): Promise<GraphQLError | null> {
  const { schema, document, operationName, variableValues } = args;
  const points = queryCostOf(schema, document, operationName)(variableValues ?? {});
  const balance = await budget.spend(keyOf(args), points);
  return balance.sufficed ? null : toCodedError(new RateLimited(overspent(balance), balance.reset));
}

/** Deducts an operation's cost. `instead` is the response if the operation must not run. */
async function charge(
  budget: Budget,
  args: ExecutionArgs,
): Promise<{ instead: ExecutionResult | null; cost: object }> {
  const { schema, document, operationName, variableValues, contextValue } = args;
  const context = contextValue as Priced;
  const points = queryCostOf(schema, document, operationName)(variableValues ?? {});
  const request = currentRequest();
  if (request) request.cost = points;
  const price = { points, most: MOST_POINTS };
  if (askedOf(context) === DRY_RUN)
    return { instead: { data: null, extensions: { cost: price } }, cost: price };
  if (points > MOST_POINTS)
    return { instead: refused(new QueryTooComplex(points, MOST_POINTS)), cost: price };
  const balance = await budget.spend(keyOf(args), points);
  if (request && balance.limit > 0) request.balance = balance;
  const { limit, remaining, reset, sufficed } = balance;
  const instead = sufficed ? null : refused(new RateLimited(overspent(balance), reset));
  return { instead, cost: { ...price, limit, remaining, reset } };
}

export type Priced = Context & { params?: { extensions?: { cost?: unknown } | null } };

function askedOf({ params }: Priced): unknown {
  return params?.extensions?.cost;
}

function overspent({ limit, reset }: Balance): string {
  return `You have used your ${limit} points. They are available again in ${reset} s. Request less at once, or less often.`;
}

function refused(error: QueryTooComplex | RateLimited): ExecutionResult {
  return { errors: [toCodedError(error)] };
}

/** Public mutations have a separate budget, so that other anonymous requests cannot block sign-in. */
function keyOf(args: ExecutionArgs): string {
  try {
    return (args.contextValue as Context).person.userId;
  } catch (error) {
    if (!(error instanceof Unauthenticated)) throw error;
    const address = currentRequest()?.address ?? '';
    return isPublicMutation(args) ? `address ${address}` : `anonymous ${address}`;
  }
}

function isPublicMutation({ schema, document, operationName }: ExecutionArgs): boolean {
  const operation = getOperationAST(document, operationName);
  const type = operation && schema.getRootType(operation.operation);
  if (!type || type !== schema.getMutationType()) return false;
  return operation.selectionSet.selections.every(
    (selection) =>
      selection.kind === Kind.FIELD && type.getFields()[selection.name.value]?.extensions['isPublic'],
  );
}
