import { backoff } from './backoff.ts';

const probePath = '/healthz';

/**
 * Whether the server can be reached. One failed request is enough to say no; from then on a small probe is repeated
 * with backoff, and at once when the browser comes online or the person returns to the page.
 */
export class Connection {
  reachable = $state(true);
  probing = $state(false);
  /** When the next probe starts, in milliseconds since the epoch. */
  nextTryAt = $state(0);

  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #returned: (() => void)[] = [];

  lost(): void {
    if (!this.reachable) return;
    this.reachable = false;
    this.#attempt = 0;
    this.#schedule();
  }

  found(): void {
    if (this.reachable) return;
    clearTimeout(this.#timer);
    this.reachable = true;
    for (const refresh of this.#returned) refresh();
  }

  /** Calls `refresh` each time the server comes back; the answer stops that. */
  onReturn(refresh: () => void): () => void {
    this.#returned.push(refresh);
    return () => {
      this.#returned = this.#returned.filter((other) => other !== refresh);
    };
  }

  async tryNow(): Promise<void> {
    if (this.reachable || this.probing) return;
    clearTimeout(this.#timer);
    this.probing = true;
    const answered = await fetch(probePath, { cache: 'no-store' }).then(
      (response) => response.ok,
      () => false,
    );
    this.probing = false;
    if (answered) {
      this.found();
    } else {
      this.#attempt += 1;
      this.#schedule();
    }
  }

  /** Listens for the moments when a try is most likely to work; the answer stops listening. */
  watch(): () => void {
    const now = () => {
      if (document.visibilityState === 'visible') void this.tryNow();
    };
    const gone = () => this.lost();
    window.addEventListener('online', now);
    window.addEventListener('focus', now);
    window.addEventListener('offline', gone);
    document.addEventListener('visibilitychange', now);
    return () => {
      clearTimeout(this.#timer);
      window.removeEventListener('online', now);
      window.removeEventListener('focus', now);
      window.removeEventListener('offline', gone);
      document.removeEventListener('visibilitychange', now);
    };
  }

  #schedule(): void {
    const wait = backoff(this.#attempt);
    this.nextTryAt = Date.now() + wait;
    this.#timer = setTimeout(() => void this.tryNow(), wait);
  }
}
