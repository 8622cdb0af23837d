import type { Attachment } from 'svelte/attachments';

interface Drag {
  onstart: () => void;
  /** The column below the pointer. */
  onover: (column: number | undefined) => void;
  ondrop: (column: number | undefined) => void;
}

/** Pixels that a mouse moves before it drags, so that clicks stay clicks. */
const threshold = 6;
/** Milliseconds that a finger rests before it drags, so that lists can be scrolled. */
const restTime = 250;
/** Pixels from the edge of the board, and of the window, where it scrolls. */
const edge = 48;

/**
 * Drags a card by mouse, pen or finger over elements with `data-column`. Pointer events cover all three; the browser's own
 * drag and drop has no touch.
 */
export function dragCard({ onstart, onover, ondrop }: Drag): Attachment<HTMLElement> {
  return (card) => {
    let begun: { x: number; y: number; id: number; scrolled: number } | undefined;
    let isDragging = false;
    let wasDragged = false;
    let rest: ReturnType<typeof setTimeout> | undefined;

    const columnAt = ({ clientX, clientY }: PointerEvent) => {
      const column = document.elementFromPoint(clientX, clientY)?.closest<HTMLElement>('[data-column]');
      return column ? Number(column.dataset['column']) : undefined;
    };

    function start() {
      if (!begun) return;
      isDragging = true;
      card.setPointerCapture(begun.id);
      card.style.pointerEvents = 'none';
      card.dataset['dragged'] = '';
      getSelection()?.removeAllRanges();
      onstart();
    }

    function end(column?: number, isDropped = false) {
      clearTimeout(rest);
      removeEventListener('pointermove', move);
      removeEventListener('pointerup', up);
      removeEventListener('pointercancel', cancel);
      removeEventListener('keydown', escape, true);
      begun = undefined;
      if (!isDragging) return;
      isDragging = false;
      wasDragged = true;
      card.style.pointerEvents = '';
      card.style.translate = '';
      delete card.dataset['dragged'];
      ondrop(isDropped ? column : undefined);
    }

    function move(event: PointerEvent) {
      if (event.pointerId !== begun?.id) return;
      const [x, y] = [event.clientX - begun.x, event.clientY - begun.y + scrollY - begun.scrolled];
      if (!isDragging) {
        if (Math.hypot(x, y) < threshold) return;
        // A finger that moves early scrolls.
        if (event.pointerType === 'touch') {
          end();
          return;
        }
        start();
      }
      event.preventDefault();
      card.style.translate = [x, y].map((distance) => `${distance}px`).join(' ');
      const board = card.closest<HTMLElement>('[data-board]');
      const bounds = board?.getBoundingClientRect();
      if (board && bounds) {
        if (event.clientX > bounds.right - edge) board.scrollBy({ left: 12 });
        else if (event.clientX < bounds.left + edge) board.scrollBy({ left: -12 });
      }
      const way = event.clientY < edge ? -1 : event.clientY > innerHeight - edge ? 1 : 0;
      if (way !== 0) scrollBy({ top: 12 * way, behavior: 'instant' });
      onover(columnAt(event));
    }

    const up = (event: PointerEvent) => end(columnAt(event), true);
    const cancel = () => {
      end();
    };
    function escape(event: KeyboardEvent) {
      if (event.key !== 'Escape' || !isDragging) return;
      event.stopPropagation();
      end();
    }

    function down(event: PointerEvent) {
      if (event.button !== 0 || !event.isPrimary) return;
      wasDragged = false;
      begun = { x: event.clientX, y: event.clientY, id: event.pointerId, scrolled: scrollY };
      if (event.pointerType === 'touch') rest = setTimeout(start, restTime);
      addEventListener('pointermove', move);
      addEventListener('pointerup', up);
      addEventListener('pointercancel', cancel);
      addEventListener('keydown', escape, true);
    }

    // After a drag, the browser clicks the link of the card, and scrolls by a finger.
    const click = (event: MouseEvent) => {
      if (wasDragged) event.preventDefault();
      wasDragged = false;
    };
    const touchmove = (event: TouchEvent) => {
      if (isDragging) event.preventDefault();
    };
    const dragstart = (event: Event) => event.preventDefault();
    card.addEventListener('pointerdown', down);
    card.addEventListener('click', click, true);
    card.addEventListener('touchmove', touchmove, { passive: false });
    card.addEventListener('dragstart', dragstart);
    return () => {
      end();
      card.removeEventListener('pointerdown', down);
      card.removeEventListener('click', click, true);
      card.removeEventListener('touchmove', touchmove);
      card.removeEventListener('dragstart', dragstart);
    };
  };
}
