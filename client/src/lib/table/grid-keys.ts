/** Rows that Page Up and Page Down move. */
const page = 10;

/**
 * Moves the focus between the cells of a grid, which have `data-cell`, by arrows, Home, End and Page keys. Tab reaches one
 * cell. The elements are changed directly: with a state, a key press would update each of thousands of cells.
 */
export class GridKeys {
  #current: HTMLElement | undefined;
  readonly #grid: () => HTMLElement | undefined;

  constructor(grid: () => HTMLElement | undefined) {
    this.#grid = grid;
  }

  /** Call it after rows have changed. */
  refresh(): void {
    if (!this.#current?.isConnected) this.#enter(this.#grid()?.querySelector<HTMLElement>('[data-cell]'));
  }

  readonly onfocusin = ({ target }: FocusEvent): void => {
    if (target instanceof Element) this.#enter(target.closest<HTMLElement>('[data-cell]'));
  };

  /** @returns whether the key moves the focus. */
  move({ key, target, ctrlKey, metaKey, shiftKey, altKey }: KeyboardEvent): boolean {
    const cell = target instanceof Element ? target.closest<HTMLElement>('[data-cell]') : null;
    if (!cell || shiftKey || altKey || ctrlKey || metaKey) return false;
    const row = cell.closest('[role="row"]');
    const cells = cellsOf(row);
    const place = cells.indexOf(cell);
    const rows = [...(this.#grid()?.querySelectorAll('[role="row"]') ?? [])];
    const at = row ? rows.indexOf(row) : -1;
    const inRow = (index: number) => cellsOf(rows[Math.min(Math.max(index, 0), rows.length - 1)])[place];
    const targets: Readonly<Record<string, () => HTMLElement | undefined>> = {
      ArrowLeft: () => cells[place - 1],
      ArrowRight: () => cells[place + 1],
      ArrowUp: () => inRow(at - 1),
      ArrowDown: () => inRow(at + 1),
      PageUp: () => inRow(Math.max(at - page, Math.min(at, 1))),
      PageDown: () => inRow(at + page),
      Home: () => cells[0],
      End: () => cells.at(-1),
    };
    const find = targets[key];
    if (!find) return false;
    find()?.focus();
    return true;
  }

  #enter(cell: HTMLElement | null | undefined): void {
    if (!cell || cell === this.#current) return;
    if (this.#current) this.#current.tabIndex = -1;
    cell.tabIndex = 0;
    this.#current = cell;
  }
}

function cellsOf(row: Element | null | undefined): HTMLElement[] {
  return [...(row?.querySelectorAll<HTMLElement>('[data-cell]') ?? [])];
}
