import type { ExecutionResult, GraphQLError } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';

/** Event id of a completed stream. Browsers that reconnect with it get 204 and stop. */
export const END_ID = 'end';

const EVENT_STREAM = 'text/event-stream';
/** Below common idle timeouts of proxies. */
const PING_EVERY_MS = 12_000;
/** Errors after which the client should reconnect. */
const RETRYABLE = new Set(['UNAVAILABLE', 'RATE_LIMITED', 'FELL_BEHIND']);

const HEADERS = {
  'Content-Type': EVENT_STREAM,
  'Cache-Control': 'private, no-cache, no-transform',
  // Disables buffering in nginx.
  'X-Accel-Buffering': 'no',
};

type Result = ExecutionResult<Record<string, { cursor?: unknown } | null>> & { stringify?: () => string };

/** The protocol `graphql-sse`, with the cursor as event id, so that browsers resume automatically. */
export function useEventStreamFormat(): Plugin {
  return {
    onResultProcess(processing) {
      const { request, result } = processing;
      if (!request.headers.get('accept')?.includes(EVENT_STREAM)) return;
      const isStream = isAsyncIterable(result);
      if (isStream)
        processing.setResultProcessor(
          (given, fetchAPI) => respond(given as never, fetchAPI.Response),
          EVENT_STREAM,
        );
    },
  };
}

function respond(results: AsyncIterable<Result, undefined>, ResponseOf: typeof Response): Response {
  const encoder = new TextEncoder();
  const iterator = results[Symbol.asyncIterator]();
  let pinging: NodeJS.Timeout;
  let isRetryable = false;
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      const ping = () => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(':\n\n'));
      };
      // Some proxies and browsers wait for the first byte before they pass on the headers.
      controller.enqueue(encoder.encode(':\n\n'));
      pinging = setInterval(ping, PING_EVERY_MS).unref();
    },
    async pull(controller) {
      const next: IteratorResult<Result, undefined> = await iterator.next();
      const { done, value } = next;
      if (!done) {
        isRetryable =
          value.errors?.some(({ extensions }) => RETRYABLE.has(String(extensions['code']))) ?? false;
        controller.enqueue(encoder.encode(`${idOf(value)}event: next\ndata: ${textOf(value)}\n\n`));
        return;
      }
      clearInterval(pinging);
      const id = isRetryable ? '' : `id: ${END_ID}\n`;
      controller.enqueue(encoder.encode(`event: complete\n${id}data:\n\n`));
      controller.close();
    },
    async cancel() {
      clearInterval(pinging);
      await iterator.return?.();
    },
  });
  return new ResponseOf(stream, { headers: HEADERS });
}

function idOf({ data }: Result): string {
  const cursor = Object.values(data ?? {})[0]?.cursor;
  return typeof cursor === 'string' ? `id: ${cursor}\n` : '';
}

function textOf(result: Result): string {
  if (result.stringify) return result.stringify();
  return JSON.stringify(result.errors ? { ...result, errors: result.errors.map(withoutStatus) } : result);
}

/** Errors in a stream have no HTTP status. */
function withoutStatus(error: GraphQLError): object {
  const { extensions: { http: _status, ...extensions } = {}, ...formatted } = error.toJSON();
  return { ...formatted, extensions };
}
