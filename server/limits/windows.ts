import { LRUCache } from 'lru-cache';
import { BOUNDS, keep } from '../bounds.ts';

interface Window {
  spent: number;
  endsAt: number;
}

export class Windows {
  readonly #lengthMs: number;
  readonly #windows: LRUCache<string, Window>;

  constructor(what: 'budgets' | 'request budgets', lengthMs: number) {
    this.#lengthMs = lengthMs;
    // `max` would allocate all memory at once.
    this.#windows = new LRUCache({ maxSize: BOUNDS[what].most, sizeCalculation: () => 1 });
    keep(what, this.#windows, ({ size }) => size);
  }

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

  refund(key: string, points = Infinity): void {
    const window = this.#windows.get(key);
    if (window) window.spent = Math.max(0, window.spent - points);
  }
}
