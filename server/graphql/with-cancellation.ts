import { getOperationAST, OperationTypeNode, type ExecutionResult } from 'graphql';
import type { Context } from './context.ts';
import { abandon } from '../database/client.ts';
import { currentRequest } from '../request-context.ts';
import type { Execute } from './execution/execute.ts';

/** Cancels the remaining statements of a failed operation. Only queries are cancelled on disconnect. */
export function withCancellation(execute: Execute): Execute {
  return (args) => {
    const request = currentRequest();
    if (!request) return execute(args);
    const { requester } = request;
    const operation = getOperationAST(args.document, args.operationName)?.operation;
    if (operation === OperationTypeNode.SUBSCRIPTION) return execute(args);
    requester.readsOnly = operation === OperationTypeNode.QUERY;
    const result = execute(args);
    if (!(result instanceof Promise)) return result;
    const ended = ({ errors }: ExecutionResult) => {
      if (errors) abandon((args.contextValue as Context).db, requester);
    };
    result.then(ended, () => undefined);
    return result;
  };
}
