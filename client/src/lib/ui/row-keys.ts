import { rowsOf } from './row-focus.svelte.ts';

const controlsOf = (row: HTMLElement) =>
  [...row.querySelectorAll<HTMLElement>('a, button:not(:disabled)')].filter((each) => each.checkVisibility());

/**
 * Makes a list one stop of the Tab key. Arrow keys move between its rows, and between the controls of a row; `j` and `k`
 * also enter the list.
 */
export class RowKeys {
  #stop: HTMLElement | undefined;
  #place = 0;
  readonly #list: () => HTMLElement | undefined;

  constructor(list: () => HTMLElement | undefined) {
    this.#list = list;
  }

  /** Call it after each change of the rows. */
  refresh(): void {
    const rows = rowsOf(this.#list());
    if (!this.#stop || !rows.some((row) => row.contains(this.#stop ?? null))) {
      const row = rows[Math.min(this.#place, rows.length - 1)];
      this.#stop = row && controlsOf(row)[0];
    }
    for (const control of this.#list()?.querySelectorAll<HTMLElement>('li a, li button') ?? [])
      control.tabIndex = control === this.#stop ? 0 : -1;
  }

  /** The place of the row that has the focus; -1 outside the list. */
  placeOf(target: EventTarget | null): number {
    const row = target instanceof Element ? target.closest<HTMLElement>('li') : null;
    return row ? rowsOf(this.#list()).indexOf(row) : -1;
  }

  onfocusin = ({ target }: FocusEvent): void => {
    const place = this.placeOf(target);
    if (place < 0 || !(target instanceof HTMLElement)) return;
    if (this.#stop) this.#stop.tabIndex = -1;
    this.#stop = target;
    this.#place = place;
    target.tabIndex = 0;
  };

  /** @returns whether the key moved the focus. */
  move({ key, target }: KeyboardEvent): boolean {
    const rows = rowsOf(this.#list());
    const place = this.placeOf(target);
    if (place < 0) {
      const isEntering = (key === 'j' || key === 'k') && this.#stop !== undefined;
      if (isEntering) this.#stop?.focus();
      return isEntering;
    }
    const controls = controlsOf(rows[place] as HTMLElement);
    const column = controls.indexOf(target as HTMLElement);
    const next: Record<string, number> = {
      j: place + 1,
      ArrowDown: place + 1,
      k: place - 1,
      ArrowUp: place - 1,
      Home: 0,
      End: rows.length - 1,
    };
    const row = rows[next[key] ?? -1];
    if (row) {
      const inRow = controlsOf(row);
      (inRow[column] ?? inRow[0])?.focus();
      row.scrollIntoView({ block: 'nearest' });
    } else if (key === 'ArrowRight' || key === 'ArrowLeft') {
      controls[column + (key === 'ArrowRight' ? 1 : -1)]?.focus();
    }
    return key in next || key === 'ArrowRight' || key === 'ArrowLeft';
  }
}
