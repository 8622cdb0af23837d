import { type Connect, LiveConnection, type ConnectionState } from './live-connection.ts';
import { OwnChanges } from './own-changes.ts';

const probePath = '/healthz';
const answerWithin = 6_000;

/** A displayed query. */
interface LiveView {
  readonly failure: unknown;
  /** When its last request was sent, in milliseconds of `performance.now`. Infinity if it follows events itself. */
  readonly askedAt: number;
  /** Reads it again, with a loading state. */
  refresh(): void;
  /** Reads it again in the background. */
  renew(): void;
  /** Call it after a change: a pending response may be older than the change. */
  supersede(): void;
}

/**
 * The state of the page's connection to the server. It reconnects with backoff, and at once when the browser comes online
 * or the page becomes visible.
 */
export class Connection {
  state = $state.raw<ConnectionState>({ name: 'idle' });
  readonly ownChanges = new OwnChanges();
  /** Whether the browser reports a network. A server on the same machine is reachable without one. */
  online = $state(navigator.onLine);

  /** When the data was kept that is shown without a connection, in ISO 8601. Undefined if it is from the server. */
  keptAt = $state<string>();

  #views: LiveView[] = [];
  readonly #live = new LiveConnection({
    probe: () =>
      fetch(probePath, { cache: 'no-store', signal: AbortSignal.timeout(answerWithin) }).then(
        (response) => response.ok,
        () => false,
      ),
    onState: (state) => (this.state = state),
    onReturn: () => {
      if (this.keptAt !== undefined) this.renewAll();
      for (const view of this.#views) if (view.failure) view.refresh();
    },
    onPoll: () => this.renewAll(),
  });

  open(connect: Connect): void {
    this.#live.open(connect);
  }

  close(): void {
    this.#live.close();
  }

  reportUnreachable(): void {
    this.#live.reportUnreachable();
  }

  reportReachable(): void {
    this.#live.reportReachable();
  }

  tryNow(): void {
    this.#live.tryNow();
  }

  /** Keeps a view up to date until the returned function is called. */
  keepFresh(view: LiveView): () => void {
    this.#views.push(view);
    return () => {
      this.#views = this.#views.filter((other) => other !== view);
    };
  }

  renewAll(): void {
    for (const view of this.#views) view.renew();
  }

  /** Renews the views that can be older than the events at these cursors. */
  renewAfter(cursors: readonly string[]): void {
    const since = this.ownChanges.includedSince(cursors);
    for (const view of this.#views) if (view.askedAt < since) view.renew();
  }

  supersedeAll(): void {
    for (const view of this.#views) view.supersede();
  }

  /** Retries at moments when it is likely to succeed, until the returned function is called. */
  watch(): () => void {
    const retry = () => {
      this.online = navigator.onLine;
      if (document.visibilityState === 'visible') this.tryNow();
    };
    const offline = () => {
      this.online = false;
      this.reportUnreachable();
    };
    window.addEventListener('online', retry);
    window.addEventListener('focus', retry);
    window.addEventListener('offline', offline);
    document.addEventListener('visibilitychange', retry);
    return () => {
      this.close();
      window.removeEventListener('online', retry);
      window.removeEventListener('focus', retry);
      window.removeEventListener('offline', offline);
      document.removeEventListener('visibilitychange', retry);
    };
  }
}
