import { setImmediate as others } from 'node:timers/promises';

/** Milliseconds after which others have their turn on the event loop. */
const HELD_MS = 10;

let last: Promise<unknown> = Promise.resolve();
let held = 0;

/**
 * Does work on a long text, such as making its words, which takes milliseconds: one piece after the other, whatever
 * requests they are for, and with turns for everything else in between.
 */
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
