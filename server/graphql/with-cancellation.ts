import { getOperationAST, OperationTypeNode, type ExecutionResult, type GraphQLError } from 'graphql';
import type { Context } from './context.ts';
import { abandon } from '../database/client.ts';
import { classify } from '../database/failures.ts';
import { currentRequest } from '../request-context.ts';
import type { Execute } from './execution/execute.ts';

/**
 * Cancels the remaining statements of a failed operation. Only queries are cancelled on disconnect. Prisma reads objects
 * that several requests want at the same moment in one statement, which is cancelled with the first of them: a query that
 * fails because of another one runs again.
 */
export function withCancellation(execute: Execute): Execute {
  return (args) => {
    const request = currentRequest();
    if (!request) return execute(args);
    const { requester } = request;
    const operation = getOperationAST(args.document, args.operationName)?.operation;
    if (operation === OperationTypeNode.SUBSCRIPTION) return execute(args);
    requester.readsOnly = operation === OperationTypeNode.QUERY;
    const first = execute(args);
    if (!(first instanceof Promise)) return first;
    const result = requester.readsOnly
      ? first.then((answer) =>
          !requester.isAbandoned && answer.errors?.some(isAbandonment) ? execute(args) : answer,
        )
      : first;
    const ended = ({ errors }: ExecutionResult) => {
      if (errors) abandon((args.contextValue as Context).db, requester);
    };
    result.then(ended, () => undefined);
    return result;
  };
}

function isAbandonment({ cause }: GraphQLError): boolean {
  return cause != null && classify(cause).why === 'abandoned';
}
