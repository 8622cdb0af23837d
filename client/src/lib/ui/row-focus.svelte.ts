import { tick } from 'svelte';

/** Where whoever works with keys goes on when the row that they are on leaves a list: on the one that took its place. */
export class RowFocus {
  list = $state<HTMLElement>();
  /** Takes the focus where no row is left; the page as a whole, where the list has no such heading. */
  heading = $state<HTMLElement>();

  /** Only while a component is being set up, as it follows that component's life. */
  constructor(rows: () => readonly unknown[]) {
    $effect.pre(() => {
      const { length } = rows();
      const row = document.activeElement?.closest('li');
      const place = row && this.list ? [...this.list.children].indexOf(row) : -1;
      if (place >= 0) void this.catch(Math.min(place, length - 1));
    });
  }

  /** Takes the focus to a row, where it has got lost. */
  async catch(place: number): Promise<void> {
    await tick();
    if (document.activeElement !== document.body) return;
    const row = this.list?.children[place];
    (
      row?.querySelector<HTMLElement>('a, button:not(:disabled)') ??
      this.heading ??
      document.querySelector('main')
    )?.focus();
  }
}
