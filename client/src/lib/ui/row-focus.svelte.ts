import { tick } from 'svelte';

/** The rows, also of several lists; lists within rows do not count. */
export const rowsOf = (list: HTMLElement | undefined) => [
  ...(list?.querySelectorAll<HTMLElement>('li:not(li li)') ?? []),
];

/** Keeps the keyboard focus in a list: when the focused row disappears, the row in its place gets the focus. */
export class RowFocus {
  list = $state<HTMLElement>();
  /** Gets the focus if no row is left; without it, the page's main element does. */
  heading = $state<HTMLElement>();

  /** Call it while a component is being initialized: it uses effects. */
  constructor(rows: () => readonly { readonly id: string }[]) {
    let before: ReturnType<typeof rows> = [];
    $effect.pre(() => {
      const after = rows();
      const row = document.activeElement?.closest('li');
      const place = row ? rowsOf(this.list).indexOf(row) : -1;
      // A row that moves loses the focus too.
      const moved = after.findIndex(({ id }) => id === before[place]?.id);
      before = after;
      if (place >= 0) void this.catch(moved >= 0 ? moved : Math.min(place, after.length - 1));
    });
  }

  /** Moves the focus to a row, if nothing else has it. */
  async catch(place: number): Promise<void> {
    await tick();
    if (document.activeElement !== document.body) return;
    const row = rowsOf(this.list)[place];
    (
      row?.querySelector<HTMLElement>('a, button:not(:disabled)') ??
      this.heading ??
      document.querySelector('main')
    )?.focus();
  }
}
