import type { ServerResponse } from 'node:http';
import { Quota } from '../limits/quota.ts';

/** For all clients together. Above it, the slowest responses are cut off. */
const MOST_UNSENT_BYTES = 128 * 1024 * 1024;
const CHECK_EVERY_MS = 250;

/** Limits concurrent responses per client IP, and unsent bytes in total. */
export class OpenResponses {
  readonly #perAddress: Quota;
  readonly #mostUnsent: number;
  /** Slots; null if free. V8 keeps old tables of a Set, with their requests, until its next full collection. */
  readonly #responses: (ServerResponse | null)[] = [];
  readonly #free: number[] = [];
  #isWatching = false;

  constructor(mostPerAddress: number, mostUnsent = MOST_UNSENT_BYTES) {
    this.#perAddress = new Quota(mostPerAddress);
    this.#mostUnsent = mostUnsent;
  }

  admit(response: ServerResponse, address: string): boolean {
    if (!this.#perAddress.take(address)) return false;
    const slot = this.#free.pop() ?? this.#responses.length;
    this.#responses[slot] = response;
    response.once('close', () => {
      this.#responses[slot] = null;
      this.#free.push(slot);
      this.#perAddress.give(address);
    });
    this.#watch();
    return true;
  }

  #watch(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    setTimeout(() => {
      this.#isWatching = false;
      this.#cutDown();
      if (this.#free.length < this.#responses.length) this.#watch();
    }, CHECK_EVERY_MS).unref();
  }

  #cutDown(): void {
    const waiting = this.#responses
      .filter((response) => response !== null)
      .map((response) => ({ response, bytes: response.writableLength }));
    let unsent = waiting.reduce((sum, { bytes }) => sum + bytes, 0);
    if (unsent <= this.#mostUnsent) return;
    waiting.sort((one, other) => other.bytes - one.bytes);
    for (const { response, bytes } of waiting) {
      if (unsent <= this.#mostUnsent) return;
      response.destroy();
      unsent -= bytes;
    }
  }
}
