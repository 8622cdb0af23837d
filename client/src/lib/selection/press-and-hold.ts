/** Milliseconds that a finger stays before a row is selected. */
const holdTime = 450;
/** Pixels that it may move in the meantime. */
const tolerance = 10;

/** Calls `onhold` when a finger stays on an element. The click that follows is left out. */
export class PressAndHold {
  /** Whether the last pointer was a finger. */
  isTouch = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #start = { x: 0, y: 0 };
  #hasHeld = false;
  readonly #onhold: (target: EventTarget | null) => void;

  constructor(onhold: (target: EventTarget | null) => void) {
    this.#onhold = onhold;
  }

  readonly handlers = {
    onpointerdown: ({ pointerType, target, clientX, clientY }: PointerEvent): void => {
      this.isTouch = pointerType === 'touch';
      this.#hasHeld = false;
      this.#stop();
      const isHandle = target instanceof Element && target.closest('[data-handle]') !== null;
      if (!this.isTouch || isHandle) return;
      this.#start = { x: clientX, y: clientY };
      this.#timer = setTimeout(() => {
        this.#hasHeld = true;
        this.#onhold(target);
      }, holdTime);
    },
    onpointermove: ({ clientX, clientY }: PointerEvent): void => {
      if (Math.hypot(clientX - this.#start.x, clientY - this.#start.y) > tolerance) this.#stop();
    },
    onpointerup: (): void => this.#stop(),
    onpointercancel: (): void => this.#stop(),
    /** The menu of a link would hide the selection. */
    oncontextmenu: (event: Event): void => {
      if (this.isTouch) event.preventDefault();
    },
  };

  /** @returns whether the click ends a press that has already been handled. */
  takesClick(): boolean {
    const has = this.#hasHeld;
    this.#hasHeld = false;
    return has;
  }

  #stop(): void {
    clearTimeout(this.#timer);
  }
}
