import { getOperationAST, OperationTypeNode, type ExecutionResult } from 'graphql';
import type { Context } from './context.ts';
import { abandon } from '../database/client.ts';
import { currentRequest } from '../request-context.ts';
import type { Execute } from './execution/execute.ts';

/**
 * Ends the statements that an operation leaves behind when it fails: where one field has failed for all, the others are
 * still being read. Marks queries as what may also be given up when the client is gone; changes are carried out.
 */
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
