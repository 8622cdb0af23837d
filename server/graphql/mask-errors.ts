import { GraphQLError, Kind, type GraphQLErrorExtensions } from 'graphql';
import { classify, type DatabaseFailure } from '../database/failures.ts';
import { RateLimited, TaskwireError, TOO_MUCH_AT_ONCE, Unavailable, ValidationFailed } from '../errors.ts';
import type { Logger } from '../logger.ts';
import type { PerformanceStore } from '../observability/store.ts';
import { currentRequestId } from '../request-context.ts';

/** API errors keep their message; unexpected errors are logged, and masked with the request id. */
export function createErrorMask(log: Logger, store: PerformanceStore): (thrown: unknown) => GraphQLError {
  return (thrown) => {
    const coded = codeError(thrown);
    store.errorAnswered(String(coded.extensions['code']));
    return coded;
  };

  function codeError(thrown: unknown): GraphQLError {
    const located = thrown instanceof GraphQLError ? thrown : undefined;
    const cause = located ? causeOf(located) : thrown;
    if (located && cause === null) return withStandardCode(located);
    const failure = cause instanceof TaskwireError ? null : classify(cause);
    const refusal = failure ? refusalOf(failure) : (cause as TaskwireError);
    // Load caused by one person, and cancelled requests, are not faults and would flood the log.
    if (failure && failure.why !== 'own-share' && failure.why !== 'abandoned')
      log.error({ requestId: currentRequestId(), err: cause }, 'operation failed');
    return new GraphQLError(refusal?.message ?? 'Internal server error.', {
      ...(located?.nodes ? { nodes: located.nodes } : {}),
      ...(located?.path ? { path: located.path } : {}),
      extensions: refusal ? { ...extensionsOf(refusal), ...atVariable(located, refusal) } : internal(),
    });
  }
}

/** The input field of a scalar error in a variable, which occurs before any resolver. */
function atVariable(located: GraphQLError | undefined, refusal: TaskwireError): GraphQLErrorExtensions {
  const node = located?.nodes?.[0];
  if (!located || node?.kind !== Kind.VARIABLE_DEFINITION || !(refusal instanceof ValidationFailed))
    return {};
  const before = located.message.slice(0, -refusal.message.length);
  // Yoga's executor writes ` at "input.dueOn"; `, GraphQL's own ` value at .dueOn: `.
  const path = /(?: at "\w+|value at )([\w.[\]]+)(?:"; |: )$/.exec(before)?.[1] ?? '';
  const type = node.type.kind === Kind.NON_NULL_TYPE ? node.type.type : node.type;
  const isInput = type.kind === Kind.NAMED_TYPE && type.name.value.endsWith('Input');
  const field = `${isInput ? '' : node.variable.name.value}${path.replaceAll(/\[(\d+)\]/g, '.$1')}`;
  return { field: field.replace(/^\./, ''), http: { status: 400, spec: true } };
}

export function toCodedError(refusal: TaskwireError): GraphQLError {
  const extensions = { http: { status: 400, spec: true }, ...extensionsOf(refusal) };
  return new GraphQLError(refusal.message, { originalError: refusal, extensions });
}

const RETRY_AFTER_SECONDS = 2;
const CAUSES = {
  slow:
    'The operation exceeded the time limit and was cancelled. Request less: a smaller page, fewer conditions or words, ' +
    'or fewer days. Or try again shortly.',
  'read-only': 'Taskwire’s database is read-only at the moment. Try again later.',
  'disk-full':
    'The disk of Taskwire’s database is full. Data can be read but not saved. Contact the administrator of this server.',
  abandoned: 'The request was cancelled.',
  busy: 'Taskwire is busy: all database connections are in use. Try again shortly.',
} as const;

function refusalOf({ kind, why }: DatabaseFailure): TaskwireError | null {
  if (why === 'own-share') return new RateLimited(TOO_MUCH_AT_ONCE, RETRY_AFTER_SECONDS);
  if (why) return new Unavailable(CAUSES[why]);
  if (kind === 'unavailable' || kind === 'retryable') return new Unavailable();
  if (kind === 'invalid-text') return new ValidationFailed('The input contains an invalid character.');
  return null;
}

function causeOf(error: GraphQLError): unknown {
  let cause: unknown = error;
  while (cause instanceof GraphQLError) {
    if (!cause.cause) return null;
    cause = cause.cause;
  }
  return cause;
}

/** Other codes of Yoga are also mistakes of the client. */
const STANDARD = new Set(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT']);

function withStandardCode(error: GraphQLError): GraphQLError {
  const { code: given, field, http } = error.extensions;
  // With `spec`, Yoga would respond with 200 for the older media type, even to invalid requests.
  const status = given === 'BAD_REQUEST' && http ? { ...http, spec: false } : http;
  const standard = error.message.startsWith('Syntax Error') ? 'GRAPHQL_PARSE_FAILED' : 'BAD_USER_INPUT';
  return new GraphQLError(error.message, {
    ...(error.nodes ? { nodes: error.nodes } : {}),
    ...(error.source ? { source: error.source } : {}),
    ...(error.positions ? { positions: error.positions } : {}),
    ...(error.path ? { path: error.path } : {}),
    extensions: {
      code: typeof given === 'string' && STANDARD.has(given) ? given : standard,
      ...(typeof field === 'string' ? { field } : {}),
      ...(status ? { http: status } : {}),
    },
  });
}

function extensionsOf({ code, status, details }: TaskwireError): GraphQLErrorExtensions {
  if (status === 200) return { code, ...details };
  const headers: Record<string, string> = {};
  if (details.retryAfter) headers['Retry-After'] = String(details.retryAfter);
  return { code, ...details, http: { status, headers } };
}

function internal(): GraphQLErrorExtensions {
  return { code: 'INTERNAL', requestId: currentRequestId(), http: { status: 500 } };
}
