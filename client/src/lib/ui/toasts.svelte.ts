interface Toast {
  id: number;
  message: string;
  /** A button, such as Undo; it closes the toast. */
  action?: { label: string; run: () => void } | undefined;
}

const shownFor = 8_000;

/** Short messages. They disappear after a while, but not while they are hovered or focused. */
class Toasts {
  list = $state.raw<Toast[]>([]);
  #last = 0;
  #held = false;
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();

  show(message: string, action?: Toast['action']): void {
    const toast = { id: ++this.#last, message, action };
    // One at a time: several would cover a phone's screen.
    for (const { id } of this.list) this.close(id);
    this.list = [toast];
    if (!this.#held) this.#expire(toast.id);
  }

  close(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.list = this.list.filter((toast) => toast.id !== id);
    if (this.list.length === 0) this.#held = false;
  }

  hold(): void {
    this.#held = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  release(): void {
    this.#held = false;
    for (const { id } of this.list) this.#expire(id);
  }

  #expire(id: number): void {
    this.#timers.set(
      id,
      setTimeout(() => this.close(id), shownFor),
    );
  }
}

export const toasts = new Toasts();
