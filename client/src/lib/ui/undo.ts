import { toasts } from './toasts.svelte.ts';

interface Change {
  /** Such as `Completed “Order paper”`. */
  done: string;
  /** Such as `“Order paper” is open again`. */
  undone: string;
  /** @returns the reason, if it cannot be undone. */
  undo: () => Promise<string | undefined>;
}

const keptFor = 600_000;
const mostKept = 50;

/** The changes of the last ten minutes that the person can undo, the latest first. */
class UndoStack {
  #steps: (Change & { at: number })[] = [];

  /** Shows the change with a button to undo it. */
  add(change: Change): void {
    const step = { ...change, at: Date.now() };
    this.#steps = [step, ...this.#steps.slice(0, mostKept - 1)];
    toasts.show(change.done, { label: 'Undo', run: () => void this.#run(step) });
  }

  /** At the end of a session: the next person must not see these changes. */
  clear(): void {
    this.#steps = [];
  }

  undoLast(): void {
    const [step] = this.#steps;
    if (step && Date.now() - step.at < keptFor) void this.#run(step);
    else toasts.show('Nothing to undo');
  }

  async #run(step: Change): Promise<void> {
    // Once only, also if its message is still shown.
    if (!this.#steps.some((each) => each === step)) return;
    this.#steps = this.#steps.filter((each) => each !== step);
    toasts.show((await step.undo()) ?? step.undone);
  }
}

export const undoStack = new UndoStack();
