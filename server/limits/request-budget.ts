import { RateLimited } from '../errors.ts';
import { currentRequest } from '../request-context.ts';
import { Windows } from './windows.ts';

const MINUTE_MS = 60_000;

/** Cost in requests of a document that must be parsed and validated: up to 25 ms of CPU. */
export const NEW_DOCUMENT = 10;

/** Counted per process and client IP, including rejected requests. This machine is not limited. */
export class RequestBudget {
  readonly #limit: number;
  readonly #windows = new Windows('request budgets', MINUTE_MS);

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts requests for the current client. @returns the error if the limit is exceeded, else null. */
  spend(requests: number): RateLimited | null {
    const address = currentRequest()?.address;
    if (this.#limit === 0 || address === undefined) return null;
    const { spent, endsIn } = this.#windows.spend(address, requests);
    if (spent <= this.#limit) return null;
    const seconds = Math.ceil(endsIn / 1000);
    return new RateLimited(
      `Your address has used its ${this.#limit} requests for this minute. Try again in ${seconds} s. A document that is new to the server counts as ${NEW_DOCUMENT}, so use variables for values.`,
      seconds,
    );
  }
}
