import { rowsOf } from './row-focus.svelte.ts';

/** Pixels from the edge of the window at which the page scrolls. */
const edge = 56;
const pixelsPerFrame = 9;

/** Moves the rows of a list by their handles, with the pointer or a finger. Escape ends it without a change. */
export class RowDrag {
  readonly #list: () => HTMLElement | undefined;
  readonly #onmove: (from: number, to: number) => void;

  constructor(list: () => HTMLElement | undefined, onmove: (from: number, to: number) => void) {
    this.#list = list;
    this.#onmove = onmove;
  }

  readonly onpointerdown = (down: PointerEvent): void => {
    const handle = down.target instanceof Element ? down.target.closest<HTMLElement>('[data-handle]') : null;
    const rows = rowsOf(this.#list());
    const row = handle?.closest('li');
    if (!handle || !row || down.button !== 0) return;
    down.preventDefault();
    const from = rows.indexOf(row);
    const height = row.offsetHeight;
    const middles = rows.map((each) => {
      const { top, height } = each.getBoundingClientRect();
      return top + scrollY + height / 2;
    });
    const start = down.clientY + scrollY;
    let pointer = down.clientY;
    let to = from;
    handle.setPointerCapture(down.pointerId);
    row.classList.add('dragged');

    const draw = () => {
      const moved = pointer + scrollY - start;
      const middle = (middles[from] ?? 0) + moved;
      to = middles.filter((each, place) => place !== from && each < middle).length;
      for (const [place, each] of rows.entries()) {
        const shift = place > from && place <= to ? -height : place < from && place >= to ? height : 0;
        each.style.transform =
          place === from ? `translateY(${moved}px)` : shift ? `translateY(${shift}px)` : '';
      }
    };
    let frame = 0;
    const scroll = () => {
      const by = pointer < edge ? -pixelsPerFrame : pointer > innerHeight - edge ? pixelsPerFrame : 0;
      if (by !== 0) {
        scrollBy({ top: by, behavior: 'instant' });
        draw();
      }
      frame = requestAnimationFrame(scroll);
    };
    scroll();

    const onpointermove = (event: PointerEvent) => {
      pointer = event.clientY;
      draw();
    };
    const end = (isMoved: boolean) => {
      cancelAnimationFrame(frame);
      handle.removeEventListener('pointermove', onpointermove);
      handle.removeEventListener('pointerup', drop);
      handle.removeEventListener('pointercancel', cancel);
      removeEventListener('keydown', onkeydown, { capture: true });
      row.classList.remove('dragged');
      for (const each of rows) each.style.transform = '';
      if (isMoved && to !== from) this.#onmove(from, to);
    };
    const drop = () => end(true);
    const cancel = () => end(false);
    const onkeydown = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      event.preventDefault();
      event.stopPropagation();
      cancel();
    };
    handle.addEventListener('pointermove', onpointermove);
    handle.addEventListener('pointerup', drop);
    handle.addEventListener('pointercancel', cancel);
    addEventListener('keydown', onkeydown, { capture: true });
  };
}
