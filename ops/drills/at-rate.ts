import { setTimeout as sleep } from 'node:timers/promises';

export interface Routine {
  done: number;
  failed: number;
  /** Stops, and waits for the current run. */
  end(): Promise<void>;
}

/** Repeats `work` at a constant rate, one run after the other. */
export function atRate(perSecond: number, work: (turn: number) => Promise<unknown>): Routine {
  const ending = new AbortController();
  const { signal } = ending;
  const go = async () => {
    while (!signal.aborted) {
      const next = Date.now() + 1000 / perSecond;
      try {
        await work(routine.done + routine.failed);
        routine.done += 1;
      } catch {
        routine.failed += 1;
      }
      await sleep(Math.max(next - Date.now(), 0), undefined, { signal }).catch(() => undefined);
    }
  };
  const routine: Routine = {
    done: 0,
    failed: 0,
    async end() {
      ending.abort();
      await going;
    },
  };
  const going = go();
  return routine;
}
