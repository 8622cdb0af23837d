/**
 * Milliseconds without data after which an event stream counts as lost. The server sends at least a comment every 12 s; a
 * frozen server or a network that drops packets never closes the stream.
 */
const silentWithin = 30_000;

/** Like `fetch`, but a stream of server-sent events without data fails, as if its connection were lost. */
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

/** Passes the bytes through, and fails after `within` milliseconds without any. */
export function withTimeout(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
  onSilence: () => void,
  within: number,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = bytes.getReader();
  return new ReadableStream({
    async pull(controller) {
      const silence = setTimeout(() => {
        // @wc-ignore
        controller.error(new Error('The server sent no data in time.'));
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
