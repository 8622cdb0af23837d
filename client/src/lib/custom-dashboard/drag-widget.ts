/** Calls for a drag of a widget by its handle. */
interface Drag {
  /** The widget below the pointer. */
  onover: (key: string) => void;
  /** Columns and rows that the pointer has passed, of a handle that resizes. */
  onresize: (columns: number, rows: number) => void;
  onend: (isKept: boolean) => void;
}

/** Pixels of a row with its gap. */
const rowHeight = 168;

/**
 * Follows the pointer, of any kind, from a handle until it is lifted. Escape ends it without a change. Pointer events cover
 * mouse, pen and finger; the browser's own drag and drop has no touch.
 */
export function followPointer(
  down: PointerEvent,
  grid: HTMLElement,
  columns: number,
  { onover, onresize, onend }: Drag,
): void {
  const handle = down.currentTarget as HTMLElement;
  const isResize = handle.dataset['resize'] !== undefined;
  if (down.button !== 0) return;
  down.preventDefault();
  handle.focus();
  handle.setPointerCapture(down.pointerId);
  const column = grid.clientWidth / columns;

  const move = (event: PointerEvent) => {
    if (isResize) {
      onresize(
        Math.round((event.clientX - down.clientX) / column),
        Math.round((event.clientY - down.clientY) / rowHeight),
      );
      return;
    }
    const below = document.elementsFromPoint(event.clientX, event.clientY);
    const over = below.map((each) => each.closest<HTMLElement>('[data-widget]')).find(Boolean)?.dataset[
      'widget'
    ];
    if (over !== undefined) onover(over);
  };
  const end = (isKept: boolean) => {
    handle.removeEventListener('pointermove', move);
    handle.removeEventListener('pointerup', drop);
    handle.removeEventListener('pointercancel', cancel);
    removeEventListener('keydown', escape, true);
    onend(isKept);
  };
  const drop = () => end(true);
  const cancel = () => end(false);
  const escape = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    cancel();
  };
  handle.addEventListener('pointermove', move);
  handle.addEventListener('pointerup', drop);
  handle.addEventListener('pointercancel', cancel);
  addEventListener('keydown', escape, true);
}
