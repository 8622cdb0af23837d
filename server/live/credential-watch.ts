import type { Event } from '../../prisma/generated/client/client.ts';
import { TaskwireError } from '../errors.ts';
import { traitsOf } from '../log/catalogue.ts';
import type { Broker, Listener } from './broker.ts';

export interface Credential {
  sessionId: string | null;
  tokenId: string | null;
  endsAt: Date | null;
}

/** Sessions can be renewed without an event. */
const CHECK_EVERY_MS = 60 * 60_000;
const RETRY_MS = 5_000;

export function endsCredential(event: Event): event is Event & { subjectId: string } {
  return traitsOf(event.kind).endsCredential === true && event.subjectId !== null;
}

export function watchCredential(
  broker: Broker,
  credential: Credential,
  check: () => Promise<Credential | null>,
  listener: () => void,
): () => void {
  const watch = new Watch(broker, credential, check, listener);
  return () => {
    watch.stop();
  };
}

/** A class, since closures would take a kilobyte for each of two per subscriber. */
class Watch implements Listener {
  readonly #broker: Broker;
  readonly #id: string;
  readonly #check: () => Promise<Credential | null>;
  readonly #listener: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(
    broker: Broker,
    { sessionId, tokenId }: Credential,
    check: () => Promise<Credential | null>,
    listener: () => void,
  ) {
    this.#broker = broker;
    this.#id = sessionId ?? tokenId ?? '';
    this.#check = check;
    this.#listener = listener;
    broker.join(this.#id, this);
    // It may have ended before the broker was joined.
    lookOf(this);
  }

  onEvent(event: Event): void {
    if (event.subjectId === this.#id && endsCredential(event)) this.#end();
  }

  lose(): void {
    clearTimeout(this.#timer);
    this.#arm(RETRY_MS);
  }

  stop(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#broker.leave(this.#id, this);
  }

  #end(): void {
    if (this.#isOver) return;
    this.stop();
    this.#listener();
  }

  #wait(until: Date | null): void {
    const left = (until?.getTime() ?? Infinity) - Date.now();
    this.#arm(Math.min(Math.max(left + 1, 0), CHECK_EVERY_MS));
  }

  #arm(ms: number): void {
    if (this.#isOver) return;
    this.#timer = setTimeout(lookOf, ms, this);
  }

  async look(): Promise<void> {
    try {
      const now = await this.#check();
      if (now) this.#wait(now.endsAt);
      else this.#end();
    } catch (error) {
      // Unknown while the database is unavailable.
      if (error instanceof TaskwireError && error.code === 'UNAUTHENTICATED') this.#end();
      else this.#arm(RETRY_MS);
    }
  }
}

function lookOf(watch: Watch): void {
  void watch.look();
}
