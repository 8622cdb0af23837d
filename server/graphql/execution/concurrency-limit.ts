/** Enough to keep PostgreSQL and this process busy at once. */
const MOST_AT_ONCE = 6;
/** Long enough for what is read by a statement or two, and written. */
const TURN_MS = 20;

interface Turn {
  /** By `performance.now()`. */
  readonly began: number;
}

/**
 * Lets few operations work at once, and others wait until it is their turn. What waits ahead of its work has made nothing
 * yet. What waits half made grows old for the garbage collector, which then keeps whatever that comes to, answers and all,
 * until it next looks through everything: of thirty lists at once, each takes twice the time.
 *
 * A turn ends after a while, even where its work does not: nobody waits here for a lock, or for a database that is away.
 */
export class ConcurrencyLimit {
  /** Of those who are at work, the longest first. */
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
