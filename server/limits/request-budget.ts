import { RateLimited } from '../errors.ts';
import { currentRequest } from '../request-context.ts';
import { Windows } from './windows.ts';

const MINUTE_MS = 60_000;

/** What a document costs that has to be parsed and validated, in requests: up to 25 ms of CPU. */
export const NEW_DOCUMENT = 10;

/**
 * Requests that each network address may send in a minute, also those that are refused before they cost any points.
 * Each process counts for itself, so that it takes no time. Requests of this machine itself are not counted.
 */
export class RequestBudget {
  readonly #limit: number;
  readonly #windows = new Windows('request budgets', MINUTE_MS);

  /** @param limit requests; 0 means that there is no limit. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts requests of the current request's address. @returns the error to answer with; null when there is none. */
  spend(requests: number): RateLimited | null {
    const address = currentRequest()?.address;
    if (this.#limit === 0 || address === undefined) return null;
    const { spent, endsIn } = this.#windows.spend(address, requests);
    if (spent <= this.#limit) return null;
    const seconds = Math.ceil(endsIn / 1000);
    return new RateLimited(
      `Your address has sent its ${this.#limit} requests of this minute; try again in ${seconds} s. A document that is new to the server counts as ${NEW_DOCUMENT}, so put values into variables.`,
      seconds,
    );
  }
}
