import { type Dial, LiveConnection, type LineState } from './live-connection.ts';

const probePath = '/healthz';
const answerWithin = 6_000;

/** Something on the screen that came from the server. */
interface Shown {
  readonly failure: unknown;
  /** Asks for it again, as a person who waits for it. */
  refresh(): void;
  /** Asks for it again without a sign of that, while what is there stays. */
  renew(): void;
  /** The person has changed something: an answer that is still under way may be older than that. */
  overtake(): void;
}

/**
 * How this page stands with the server: the one place that knows. It tries again with backoff when the server is lost,
 * and at once when the browser comes online or the person returns to the page.
 */
export class Connection {
  state = $state.raw<LineState>({ name: 'resting' });
  /** Whether the browser believes to be on a network; a server on the same machine answers without one. */
  online = $state(navigator.onLine);

  #shown: Shown[] = [];
  readonly #line = new LiveConnection({
    probe: () =>
      fetch(probePath, { cache: 'no-store', signal: AbortSignal.timeout(answerWithin) }).then(
        (response) => response.ok,
        () => false,
      ),
    onState: (state) => (this.state = state),
    onReturn: () => {
      for (const shown of this.#shown) if (shown.failure) shown.refresh();
    },
    onPoll: () => this.renewAll(),
  });

  open(dial: Dial): void {
    this.#line.open(dial);
  }

  shut(): void {
    this.#line.shut();
  }

  lost(): void {
    this.#line.lost();
  }

  found(): void {
    this.#line.found();
  }

  tryNow(): void {
    this.#line.tryNow();
  }

  /** Keeps something up to date for as long as it is shown; the answer stops that. */
  keepFresh(shown: Shown): () => void {
    this.#shown.push(shown);
    return () => {
      this.#shown = this.#shown.filter((other) => other !== shown);
    };
  }

  renewAll(): void {
    for (const shown of this.#shown) shown.renew();
  }

  overtakeAll(): void {
    for (const shown of this.#shown) shown.overtake();
  }

  /** Listens for the moments when a try is most likely to work; the answer stops listening. */
  watch(): () => void {
    const now = () => {
      this.online = navigator.onLine;
      if (document.visibilityState === 'visible') this.tryNow();
    };
    const gone = () => {
      this.online = false;
      this.lost();
    };
    window.addEventListener('online', now);
    window.addEventListener('focus', now);
    window.addEventListener('offline', gone);
    document.addEventListener('visibilitychange', now);
    return () => {
      this.shut();
      window.removeEventListener('online', now);
      window.removeEventListener('focus', now);
      window.removeEventListener('offline', gone);
      document.removeEventListener('visibilitychange', now);
    };
  }
}
