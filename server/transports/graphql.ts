import { normalizedExecutor } from '@graphql-tools/executor';
import type { DocumentNode, GraphQLError } from 'graphql';
import { createYoga } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import { schema } from '../../schema/index.ts';
import type { Context } from '../../schema/context.ts';
import type { Origins } from '../auth/origins.ts';
import type { Gate } from '../auth/sign-in.ts';
import { BOUNDS, keep } from '../bounds.ts';
import { byPlans } from '../execution/run-query.ts';
import type { Limits } from '../limits/limits.ts';
import type { RequestBudget } from '../limits/request-budget.ts';
import type { Live } from '../live/live.ts';
import type { Log } from '../log.ts';
import { boundedDocuments } from '../plugins/bounded-documents.ts';
import { codedErrors } from '../plugins/coded-errors.ts';
import { givenUp } from '../plugins/given-up.ts';
import type { Monitoring } from '../performance/monitoring.ts';
import { limited, limitedSubscriptions } from '../plugins/cost-limits.ts';
import { eventStreamFormat } from '../plugins/event-stream-format.ts';
import { eventStreams } from '../plugins/event-streams.ts';
import { executedBy, type Execute } from '../plugins/execution.ts';
import { keptIntrospection } from '../plugins/kept-introspection.ts';
import { sharedAnswers } from '../plugins/shared-answers.ts';
import { measured, tracing } from '../plugins/tracing.ts';
import type { Connections } from '../live/connections.ts';
import { createContexts, viewerContext, type ContextOf } from '../plugins/viewer-context.ts';
import { wellFormedRequests } from '../plugins/well-formed-requests.ts';

/** Longer bodies are refused. */
export const MOST_BODY_BYTES = 1024 * 1024;

export interface GraphqlSettings {
  gate: Gate;
  live: Live;
  log: Log;
  origins: Origins;
  monitoring: Monitoring;
  limits: Limits;
  /** Those that stay open. */
  connections: Connections;
}

/** GraphQL, for transports to serve. */
export interface Graphql {
  /** Over HTTP. */
  yoga: ReturnType<typeof createYoga<object, Context>>;
  contextOf: ContextOf;
  /** Runs an operation with everything that is measured and limited. */
  execute: Execute;
  /** What Yoga has read lately, by text. */
  documents: LRUCache<string, DocumentNode>;
  /** As callers may see it. */
  masked: (error: unknown) => GraphQLError;
  /** Counts each request before anything of it is read. */
  requests: RequestBudget;
}

export function createGraphql(settings: GraphqlSettings): Graphql {
  const { gate, live, log, origins, monitoring, limits, connections } = settings;
  const { store, sampleRate } = monitoring;
  const executed = keptIntrospection(givenUp(byPlans(normalizedExecutor as Execute)));
  const run = measured(store, sampleRate, limited(limits.operations, executed));
  const contextOf = createContexts({ gate, live, store, origins, log });
  const documents = cacheByText<DocumentNode>('documents');
  const masked = codedErrors(log, store);
  const yoga = createYoga<object, Context>({
    schema,
    maskedErrors: { isDev: false, maskError: masked },
    plugins: [
      tracing(),
      wellFormedRequests(),
      boundedDocuments(limits.requests),
      viewerContext(contextOf),
      executedBy(run),
      limitedSubscriptions(limits.operations),
      sharedAnswers(limits.operations),
      eventStreams(connections),
      eventStreamFormat(),
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
  return { yoga, contextOf, execute: run, documents, masked, requests: limits.requests };
}

function cacheByText<Value extends object>(what: 'documents' | 'refused documents') {
  const cache = new LRUCache<string, Value>({
    maxSize: BOUNDS[what].most,
    sizeCalculation: (_, text) => text.length + 1,
  });
  keep(what, cache, ({ calculatedSize }) => calculatedSize);
  return cache;
}
