import type { ExecutionResult, GraphQLError } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';

/** The id of a stream's last event where it is over for good: a browser that comes back with it is sent away with 204. */
export const END_ID = 'end';

const EVENT_STREAM = 'text/event-stream';
/** Below the time after which proxies cut silent connections. */
const PING_EVERY_MS = 12_000;
/** A stream that ends with one of these is worth another try. */
const PASSING = new Set(['UNAVAILABLE', 'RATE_LIMITED', 'FELL_BEHIND']);

const HEADERS = {
  'Content-Type': EVENT_STREAM,
  'Cache-Control': 'private, no-cache, no-transform',
  // nginx would wait for more before it passes anything on.
  'X-Accel-Buffering': 'no',
};

type Result = ExecutionResult<Record<string, { cursor?: unknown } | null>> & { stringify?: () => string };

/**
 * Server-sent events as the protocol `graphql-sse` has them, each with its cursor as its id, so that a browser's
 * `EventSource` resumes by itself: it sends the last id along when it comes back.
 */
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
  let isPassing = false;
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      const ping = () => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(':\n\n'));
      };
      // Some proxies and browsers pass nothing on, not even headers, before the first byte.
      controller.enqueue(encoder.encode(':\n\n'));
      pinging = setInterval(ping, PING_EVERY_MS).unref();
    },
    async pull(controller) {
      const next: IteratorResult<Result, undefined> = await iterator.next();
      const { done, value } = next;
      if (!done) {
        isPassing = value.errors?.some(({ extensions }) => PASSING.has(String(extensions['code']))) ?? false;
        controller.enqueue(encoder.encode(`${idOf(value)}event: next\ndata: ${textOf(value)}\n\n`));
        return;
      }
      clearInterval(pinging);
      const id = isPassing ? '' : `id: ${END_ID}\n`;
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

/** Which status an error would have as an answer is none of a stream's. */
function withoutStatus(error: GraphQLError): object {
  const { extensions: { http: _status, ...extensions } = {}, ...formatted } = error.toJSON();
  return { ...formatted, extensions };
}
