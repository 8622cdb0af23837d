/** A reply is far shorter. */
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * A `fetch` that ends answers that are too long, so that an endpoint cannot fill the memory, and those that stop coming.
 * @param silenceMs how long an answer can be silent, also before it begins.
 */
export function limitedFetch(silenceMs: number): typeof fetch {
  return async (input, init) => {
    const silence = new AbortController();
    const timer = setTimeout(() => {
      silence.abort(new DOMException('The model is silent', 'TimeoutError'));
    }, silenceMs);
    const signals = init?.signal ? [init.signal, silence.signal] : [silence.signal];
    const signal = AbortSignal.any(signals);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
    });
    const response = await fetch(input, { ...init, signal, redirect: 'error' });
    if (!response.body) {
      clearTimeout(timer);
      return response;
    }
    let bytes = 0;
    const limited = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          timer.refresh();
          bytes += chunk.byteLength;
          if (bytes > MOST_BYTES) controller.error(new Error('The answer of the model is too long'));
          else controller.enqueue(chunk);
        },
        flush() {
          clearTimeout(timer);
        },
      }),
    );
    const { status, statusText, headers } = response;
    return new Response(limited, { status, statusText, headers });
  };
}
