const mostKept = 100;

/** What a log cursor says of its event. The rest, on transactions in flight, differs from response to response. */
function eventAt(cursor: string): string {
  return atob(cursor.replaceAll('-', '+').replaceAll('_', '/')).split('.', 3).join('.');
}

/** The changes that the page makes itself. Queries that are sent after the response to a change include it. */
export class OwnChanges {
  /** Keys of the mutations without a response. */
  readonly #pending = new Set<number>();
  /** When the responses arrived, in milliseconds of `performance.now`, by event. */
  readonly #answered = new Map<string, number>();

  /** Whether a response is missing. The event of the change can arrive before it. */
  get isPending(): boolean {
    return this.#pending.size > 0;
  }

  begin(key: number): void {
    this.#pending.add(key);
  }

  /** @param cursors of the log, from the response; none if the change failed or was given up. */
  end(key: number, cursors: readonly string[] = []): void {
    this.#pending.delete(key);
    for (const cursor of cursors) this.#answered.set(eventAt(cursor), performance.now());
    for (const event of [...this.#answered.keys()].slice(0, -mostKept)) this.#answered.delete(event);
  }

  /** When a query had to be sent to include the events at these cursors. Infinity if one is not of an own change. */
  includedSince(cursors: readonly string[]): number {
    return Math.max(...cursors.map((cursor) => this.#answered.get(eventAt(cursor)) ?? Infinity));
  }
}
