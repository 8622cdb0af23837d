import { onBehalfOfAll } from './requester.ts';
import { classify } from './failures.ts';

const PAUSE_MS = 250;
const TRIES = 40;

/** Reads again for ten seconds while the database is away: for what must not be given up, such as telling an event. */
export async function retryUnavailable<T>(read: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      // Many subscribers wait for it, so it must not wait behind the statements of the first of them.
      return await onBehalfOfAll(read);
    } catch (error) {
      if (classify(error).kind !== 'unavailable' || tries === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
