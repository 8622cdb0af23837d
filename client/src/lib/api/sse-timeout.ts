/**
 * How long a stream of events may say nothing, in milliseconds. The server says something every 12 s, if only a comment;
 * a server that has frozen, or a network that swallows everything, does not even end it.
 */
const silentWithin = 30_000;

/** As `fetch`, but a stream of server-sent events that has fallen silent breaks, like one whose connection was lost. */
export async function fetchWithTimeout(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  const silence = new AbortController();
  const signals = [silence.signal, ...(init.signal ? [init.signal] : [])];
  const response = await fetch(input, { ...init, signal: AbortSignal.any(signals) });
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
  if (!isStream || !response.body) return response;
  return new Response(
    withTimeout(response.body, () => silence.abort(), silentWithin),
    response,
  );
}

/** The same bytes, for as long as some come at least every `within` milliseconds; after that an error. */
export function withTimeout(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
  onSilence: () => void,
  within: number,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = bytes.getReader();
  return new ReadableStream({
    async pull(controller) {
      const silence = setTimeout(() => {
        controller.error(new Error('The server has fallen silent.'));
        onSilence();
      }, within);
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } finally {
        clearTimeout(silence);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
