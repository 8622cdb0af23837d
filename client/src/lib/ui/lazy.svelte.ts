import { loadMessages } from '../../messages/page.loader.svelte.ts';
import { toasts } from './toasts.svelte.ts';

/** A component that is loaded when it is first needed, with the messages that the first pages do without. */
export class Lazy<Loaded> {
  component = $state.raw<Loaded>();
  isLoading = false;
  readonly #load: () => Promise<{ default: Loaded }>;

  constructor(load: () => Promise<{ default: Loaded }>) {
    this.#load = async () => (await Promise.all([load(), loadMessages('pages')]))[0];
  }

  /** Loads it before it is needed; without the server, nothing happens. */
  preload(): void {
    if (!this.component)
      this.#load().then(
        ({ default: loaded }) => (this.component = loaded),
        () => undefined,
      );
  }

  /** @returns false if the server cannot be reached; the person is told. */
  async load(): Promise<boolean> {
    if (this.component) return true;
    this.isLoading = true;
    try {
      this.component = (await this.#load()).default;
      return true;
    } catch {
      toasts.show('Can’t reach Taskwire. Try again in a moment.');
      return false;
    } finally {
      this.isLoading = false;
    }
  }
}
