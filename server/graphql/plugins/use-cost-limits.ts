import { getOperationAST, Kind, type ExecutionArgs, type ExecutionResult, type GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../context.ts';
import { QueryTooComplex, RateLimited, Unauthenticated } from '../../errors.ts';
import type { Balance, Budget } from '../../limits/budgets.ts';
import { queryCostOf } from '../../limits/query-cost.ts';
import { currentRequest } from '../../request-context.ts';
import { toCodedError } from '../mask-errors.ts';
import type { Execute } from '../execution/execute.ts';

/** Points that one operation may cost: the longest page of tasks, with everything there is on each, costs half. */
const MOST_POINTS = 25_000;

/** What a request's `extensions.cost` may ask for. */
const INCLUDE = 'include';
const DRY_RUN = 'dry-run';

/**
 * Prices each operation before `execute` runs it, refuses what is too much at once, and takes the rest from the viewer's
 * budget. `extensions: { "cost": "include" }` in a request adds the price to the answer; `"dry-run"` answers with it alone.
 */
export function withCostLimits(budget: Budget, execute: Execute): Execute {
  return async (args) => {
    const { instead, cost } = await hold(budget, args);
    if (instead) return instead;
    const result = await execute(args);
    if (askedOf(args.contextValue as Priced) !== INCLUDE) return result;
    return { ...result, extensions: { ...result.extensions, cost } };
  };
}

/** The same for subscriptions, as they begin. */
export function useSubscriptionCost(budget: Budget): Plugin {
  return {
    async onSubscribe({ args, setResultAndStopExecution }) {
      const { instead } = await hold(budget, args);
      if (instead) setResultAndStopExecution(instead);
    },
  };
}

/**
 * Takes the price of a payload that is made for one subscription alone from its viewer's budget.
 * @returns the error that ends the subscription; null where the budget sufficed.
 */
export async function payForPayload(budget: Budget, args: ExecutionArgs): Promise<GraphQLError | null> {
  const { schema, document, operationName, variableValues } = args;
  const points = queryCostOf(schema, document, operationName)(variableValues ?? {});
  const balance = await budget.spend(keyOf(args), points);
  return balance.sufficed ? null : toCodedError(new RateLimited(overspent(balance), balance.reset));
}

/** Takes an operation's price from its budget. `instead` answers the operation; null where it may run. */
async function hold(
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

/** Yoga puts the parameters of a request with the context. */
export type Priced = Context & { params?: { extensions?: { cost?: unknown } | null } };

function askedOf({ params }: Priced): unknown {
  return params?.extensions?.cost;
}

function overspent({ limit, reset }: Balance): string {
  return `You have spent your ${limit} points for now; there are new ones in ${reset} s. Ask for less at once, or less often.`;
}

function refused(error: QueryTooComplex | RateLimited): ExecutionResult {
  return { errors: [toCodedError(error)] };
}

/**
 * The key of the budget that pays: the viewer's, or without one the address's. Only public mutations use the budget that
 * signing in needs; everything else anonymous has one apart, so that it cannot keep anyone from signing in.
 */
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
