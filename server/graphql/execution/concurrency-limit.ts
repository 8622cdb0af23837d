/** Enough to keep PostgreSQL and this process busy at once. */
const MOST_AT_ONCE = 6;
/** Enough for one or two statements and the response. */
const TURN_MS = 20;

interface Turn {
  /** By `performance.now()`. */
  readonly began: number;
}

/**
 * Limits concurrent operations; others wait before they start. Half-finished responses would move to the old generation
 * of the heap and delay garbage collection: with thirty lists at once, each takes twice as long.
 * A turn ends after a while, even if its operation does not, so that a lock or an unavailable database does not block
 * others.
 */
export class ConcurrencyLimit {
  /** The oldest first. */
  readonly #turns = new Set<Turn>();
  readonly #waiting: ((turn: Turn) => void)[] = [];
  #watch: NodeJS.Timeout | undefined;

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#turns.size < MOST_AT_ONCE ? this.#begin() : await this.#come();
    try {
      return await work();
    } finally {
      this.#end(turn);
    }
  }

  #begin(): Turn {
    const turn = { began: performance.now() };
    this.#turns.add(turn);
    return turn;
  }

  #come(): Promise<Turn> {
    this.#watch ??= setInterval(() => {
      this.#endLong();
    }, TURN_MS / 2);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #end(turn: Turn): void {
    if (!this.#turns.delete(turn)) return;
    this.#waiting.shift()?.(this.#begin());
    if (this.#waiting.length > 0) return;
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  #endLong(): void {
    const now = performance.now();
    for (const turn of [...this.#turns]) if (now - turn.began >= TURN_MS) this.#end(turn);
  }
}
