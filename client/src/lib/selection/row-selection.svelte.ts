/** The rows of a list that a person has selected. */
export class RowSelection<Row extends { readonly id: string }> {
  #ids = $state.raw<readonly string[]>([]);
  /** The row from which a range extends. */
  #anchor: string | undefined;
  /** The range that was extended last; another one replaces it. */
  #range: readonly string[] = [];
  readonly #all: () => readonly Row[];

  /** In the order of the list; without rows that have left it. */
  rows = $derived.by(() => this.#all().filter(({ id }) => this.has(id)));

  constructor(all: () => readonly Row[]) {
    this.#all = all;
  }

  has(id: string): boolean {
    return this.#ids.includes(id);
  }

  toggle(id: string): void {
    this.#ids = this.has(id) ? this.#ids.filter((each) => each !== id) : [...this.#ids, id];
    this.#anchor = id;
    this.#range = [];
  }

  /** Selects all rows from the one that was selected last to this one. */
  extendTo(id: string, from = id): void {
    const order = this.#all().map((row) => row.id);
    this.#anchor ??= from;
    const [start = 0, end = 0] = [order.indexOf(this.#anchor), order.indexOf(id)].sort((a, b) => a - b);
    const range = order.slice(Math.max(start, 0), end + 1);
    const others = this.#ids.filter((each) => !this.#range.includes(each) && !range.includes(each));
    this.#ids = [...others, ...range];
    this.#range = range;
  }

  selectAll(): void {
    this.#ids = this.#all().map(({ id }) => id);
  }

  clear(): void {
    this.#ids = [];
    this.#anchor = undefined;
    this.#range = [];
  }
}
