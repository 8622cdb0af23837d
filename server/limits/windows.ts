import { LRUCache } from 'lru-cache';
import { BOUNDS, keep } from '../bounds.ts';

interface Window {
  spent: number;
  /** By `performance.now()`. */
  endsAt: number;
}

/** What each of many keys has spent in a window of time that began with its first spending. */
export class Windows {
  readonly #lengthMs: number;
  readonly #windows: LRUCache<string, Window>;

  constructor(what: 'budgets' | 'request budgets', lengthMs: number) {
    this.#lengthMs = lengthMs;
    // With `max` it would take all of its memory at once.
    this.#windows = new LRUCache({ maxSize: BOUNDS[what].most, sizeCalculation: () => 1 });
    keep(what, this.#windows, ({ size }) => size);
  }

  /** @returns what the key has spent with these points, and the milliseconds until its window ends. */
  spend(key: string, points: number): { spent: number; endsIn: number } {
    const now = performance.now();
    let window = this.#windows.get(key);
    if (!window || window.endsAt <= now) {
      window = { spent: 0, endsAt: now + this.#lengthMs };
      this.#windows.set(key, window);
    }
    window.spent += points;
    return { spent: window.spent, endsIn: window.endsAt - now };
  }

  /** Forgets what the key has spent or, of that, this number of points. */
  refund(key: string, points = Infinity): void {
    const window = this.#windows.get(key);
    if (window) window.spent = Math.max(0, window.spent - points);
  }
}
