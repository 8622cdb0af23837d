import { onBehalfOfAll } from './requester.ts';
import { classify } from './failures.ts';

const PAUSE_MS = 250;
const TRIES = 40;

/** Retries for ten seconds while the database is unavailable, for reads that must not fail. */
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
