import { normalizedExecutor } from '@graphql-tools/executor';
import type { DocumentNode, GraphQLError, GraphQLSchema } from 'graphql';
import { createYoga } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import type { Context } from './context.ts';
import { BOUNDS, keep } from '../bounds.ts';
import { usePlans } from './execution/execute-query.ts';
import type { RequestBudget } from '../limits/request-budget.ts';
import { useDocumentLimits } from './plugins/use-document-limits.ts';
import { createErrorMask } from './mask-errors.ts';
import { withCancellation } from './with-cancellation.ts';
import type { Services } from '../services.ts';
import { withCostLimits, useSubscriptionCost } from './plugins/use-cost-limits.ts';
import { useEventStreamFormat } from './plugins/use-event-stream-format.ts';
import { useEventStreams } from './plugins/use-event-streams.ts';
import type { Execute } from './execution/execute.ts';
import { useExecution } from './plugins/use-execution.ts';
import { withIntrospectionCache } from './with-introspection-cache.ts';
import { useResponseCache } from './plugins/use-response-cache.ts';
import { isMeasured, withTracing, useTracing } from './plugins/use-tracing.ts';
import { createContexts, useViewerContext } from './plugins/use-viewer-context.ts';
import { createPrepareOperation, type PrepareOperation } from './prepare-operation.ts';
import { useRequestValidation } from './plugins/use-request-validation.ts';

export const MOST_BODY_BYTES = 1024 * 1024;

export interface Graphql {
  yoga: ReturnType<typeof createYoga<object, Context>>;
  prepare: PrepareOperation;
  masked: (error: unknown) => GraphQLError;
  requests: RequestBudget;
}

export function createGraphql(schema: GraphQLSchema, services: Services): Graphql {
  const { log, monitoring, limits, connections } = services;
  const { store, sampleRate } = monitoring;
  const executed = withIntrospectionCache(
    withCancellation(usePlans(normalizedExecutor as Execute, isMeasured)),
  );
  const run = withTracing(store, sampleRate, withCostLimits(limits.operations, executed));
  const contextOf = createContexts({ ...services, store });
  const documents = cacheByText<DocumentNode>('documents');
  const masked = createErrorMask(log, store);
  const yoga = createYoga<object, Context>({
    schema,
    maskedErrors: { isDev: false, maskError: masked },
    plugins: [
      useTracing(),
      useRequestValidation(),
      useDocumentLimits(limits.requests),
      useViewerContext(contextOf),
      useExecution(run),
      useSubscriptionCost(limits.operations),
      useResponseCache(limits.operations),
      useEventStreams(connections),
      useEventStreamFormat(),
    ],
    parserAndValidationCache: { documentCache: documents, errorCache: cacheByText('refused documents') },
    logging: false,
    cors: false,
    multipart: false,
    landingPage: false,
    healthCheckEndpoint: '/healthz/graphql',
    maxRequestBodySize: MOST_BODY_BYTES,
    graphiql: false,
  });
  const prepare = createPrepareOperation({ schema, yoga, contextOf, execute: run, documents });
  return { yoga, prepare, masked, requests: limits.requests };
}

function cacheByText<Value extends object>(what: 'documents' | 'refused documents') {
  const cache = new LRUCache<string, Value>({
    maxSize: BOUNDS[what].most,
    sizeCalculation: (_, text) => text.length + 1,
  });
  keep(what, cache, ({ calculatedSize }) => calculatedSize);
  return cache;
}
