import { setImmediate as others } from 'node:timers/promises';

const HELD_MS = 10;

let last: Promise<unknown> = Promise.resolve();
let held = 0;

/** Runs CPU-intensive work on long texts one piece at a time, yielding to the event loop in between. */
export function paced<Result>(work: () => Result): Promise<Result> {
  const result = last.then(async () => {
    if (held > HELD_MS) {
      held = 0;
      await others();
    }
    const began = performance.now();
    try {
      return work();
    } finally {
      held += performance.now() - began;
    }
  });
  last = result.catch(() => undefined);
  return result;
}
