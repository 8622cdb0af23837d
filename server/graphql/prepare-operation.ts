import {
  getOperationAST,
  OperationTypeNode,
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLError,
  type GraphQLSchema,
} from 'graphql';
import type { createYoga } from 'graphql-yoga';
import type { LRUCache } from 'lru-cache';
import type { OauthResource } from '../../prisma/generated/client/client.ts';
import type { SignedIn } from '../auth/credentials.ts';
import { BadUserInput } from '../errors.ts';
import type { Context } from './context.ts';
import { ConcurrencyLimit } from './execution/concurrency-limit.ts';
import type { Execute } from './execution/execute.ts';
import type { Priced } from './plugins/use-cost-limits.ts';
import type { ContextOf } from './plugins/use-viewer-context.ts';

export interface Params {
  query: string;
  variables?: Record<string, unknown> | null;
  operationName?: string | null;
  extensions?: Record<string, unknown> | null;
}

export type Results = AsyncIterableIterator<ExecutionResult>;

export type PreparedOperation =
  | { errors: readonly unknown[] }
  | { kind: 'query' | 'mutation'; cookies: readonly string[]; run: () => Promise<ExecutionResult> }
  /** Its errors are masked already. */
  | { kind: 'subscription'; run: () => Promise<ExecutionResult | Results> };

/**
 * Parses and validates an operation of the person that the headers name. Never throws.
 * @param resource what the request was sent to; default: the GraphQL API.
 * @param as the person, if the server acts for them itself.
 */
export type PrepareOperation = (
  headers: Headers,
  params: Params,
  resource?: OauthResource,
  as?: SignedIn,
) => Promise<PreparedOperation>;

interface Enveloped {
  parse: (source: string) => DocumentNode;
  validate: (schema: GraphQLSchema, document: DocumentNode) => readonly GraphQLError[];
  subscribe: (args: ExecutionArgs) => Promise<ExecutionResult | Results>;
}

interface Parts {
  schema: GraphQLSchema;
  yoga: ReturnType<typeof createYoga<object, Context>>;
  contextOf: ContextOf;
  execute: Execute;
  documents: LRUCache<string, DocumentNode>;
}

/** Executes operations with Yoga's plugins, but without its requests and responses. */
export function createPrepareOperation(parts: Parts): PrepareOperation {
  const { schema, yoga, contextOf, execute, documents } = parts;
  const valid = new WeakSet<DocumentNode>();
  const concurrency = new ConcurrencyLimit();

  function enveloped(headers: Headers, params: Params): Enveloped {
    return yoga.getEnveloped({ request: { headers }, params });
  }

  function parsed(headers: Headers, params: Params) {
    const { query } = params;
    const known = documents.get(query);
    if (known && valid.has(known)) return { document: known, faults: [] };
    const { parse, validate } = enveloped(headers, params);
    const document = parse(query);
    const faults = validate(schema, document);
    if (faults.length === 0) valid.add(document);
    return { document, faults };
  }

  return async (headers, params, resource = 'GRAPHQL', as) => {
    const { variables: variableValues, operationName } = params;
    try {
      const { document, faults } = parsed(headers, params);
      if (faults.length > 0) return { errors: faults.map(invalid) };
      const kind = getOperationAST(document, operationName)?.operation;
      if (kind === undefined)
        return { errors: [new BadUserInput('`operationName` must name one operation of the document.')] };
      const contextValue: Priced = await contextOf(headers, resource, as);
      contextValue.params = params;
      const args = { schema, document, contextValue, variableValues, operationName };
      if (kind === OperationTypeNode.SUBSCRIPTION)
        return { kind, run: () => enveloped(headers, params).subscribe(args) };
      const run = async () => execute(args);
      // Mutations wait for each other in PostgreSQL, or share a statement.
      const isQuery = kind === OperationTypeNode.QUERY;
      return { kind, cookies: contextValue.setCookies, run: isQuery ? () => concurrency.run(run) : run };
    } catch (error) {
      return { errors: [error] };
    }
  };
}

export function invalid(fault: GraphQLError): GraphQLError {
  fault.extensions['code'] ??= 'GRAPHQL_VALIDATION_FAILED';
  return fault;
}
