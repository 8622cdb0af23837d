import { setTimeout as sleep } from 'node:timers/promises';

export interface Routine {
  /** How often it was done, and how often that failed. */
  done: number;
  failed: number;
  /** Begins no more, and waits for what is under way. */
  end(): Promise<void>;
}

/** Does it again and again at an even pace, one after the other. */
export function steadily(perSecond: number, work: (turn: number) => Promise<unknown>): Routine {
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
