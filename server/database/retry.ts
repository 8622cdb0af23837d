import { onBehalfOfAll } from './requester.ts';
import { classify } from './failures.ts';

const PAUSE_MS = 250;
const TRIES = 40;

/**
 * Retries a read for ten seconds while the database is unavailable, for work that must not fail, such as delivering
 * an event.
 */
export async function retryUnavailable<T>(read: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      // Many subscribers wait for the result, so it must not queue behind one person's statements.
      return await onBehalfOfAll(read);
    } catch (error) {
      if (classify(error).kind !== 'unavailable' || tries === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
