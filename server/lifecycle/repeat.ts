import { setTimeout as sleep } from 'node:timers/promises';

interface Repetition {
  firstMs: number;
  /** From the end of one run to the start of the next. */
  everyMs: number;
  /** Not called for failures while stopping. */
  onFailure: (error: unknown) => void;
}

/**
 * Runs `work` repeatedly, also after a failure. The timer does not keep the process running. @returns a function that
 * stops it: aborts the current run and waits for its end.
 */
export function repeat(
  work: (stopping: AbortSignal) => Promise<void>,
  { firstMs, everyMs, onFailure }: Repetition,
): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  const pause = (ms: number) => sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);

  async function run(): Promise<void> {
    await pause(firstMs);
    while (!signal.aborted) {
      await work(signal).catch((error: unknown) => {
        if (!signal.aborted) onFailure(error);
      });
      await pause(everyMs);
    }
  }

  const running = run();
  return async () => {
    stopping.abort();
    await running;
  };
}
