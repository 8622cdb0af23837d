import { toasts } from './toasts.svelte.ts';

/** A component whose script loads when it is first needed. */
export class Lazy<Loaded> {
  component = $state.raw<Loaded>();
  readonly #load: () => Promise<{ default: Loaded }>;

  constructor(load: () => Promise<{ default: Loaded }>) {
    this.#load = load;
  }

  /** @returns false if the server cannot be reached; the person is told. */
  async load(): Promise<boolean> {
    try {
      this.component ??= (await this.#load()).default;
      return true;
    } catch {
      toasts.show('Can’t reach Taskwire. Try again in a moment.');
      return false;
    }
  }
}
