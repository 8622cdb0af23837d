interface Toast {
  id: number;
  message: string;
  /** One way to take it back or go on; it closes the toast. */
  action?: { label: string; run: () => void } | undefined;
}

const shownFor = 8_000;

/** Short messages about what just happened. They go by themselves, but not while a person points at or stands in them. */
class Toasts {
  list = $state.raw<Toast[]>([]);
  #last = 0;
  #held = false;
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();

  show(message: string, action?: Toast['action']): void {
    const toast = { id: ++this.#last, message, action };
    // One at a time: a row of them would cover the page on a phone.
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
