import type { Event } from '../../prisma/generated/client/client.ts';
import { TaskwireError } from '../errors.ts';
import { traitsOf } from '../log/catalogue.ts';
import type { Broker, Listener } from './broker.ts';

/** What vouches for a person, as the log knows it. */
export interface Credential {
  sessionId: string | null;
  tokenId: string | null;
  /** When it runs out by itself; null where it does not. */
  endsAt: Date | null;
}

/** A session can be renewed, or moved up, without any event. */
const LOOK_AGAIN_MS = 60 * 60_000;
const RETRY_MS = 5_000;

/** Whether an event tells that a credential, its subject, has ended. */
export function endsCredential(event: Event): event is Event & { subjectId: string } {
  return traitsOf(event.kind).endsCredential === true && event.subjectId !== null;
}

/** What `Live.onEnd` says. */
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

/** A class, for there are two of them for every subscriber, and functions of their own would take a kilobyte. */
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
    // It may have ended between its reading and this.
    lookOf(this);
  }

  hear(event: Event): void {
    if (event.subjectId === this.#id && endsCredential(event)) this.#end();
  }

  /** In the other log's database it may never have been; what is known of it from before is believed for no longer than this. */
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
    this.#arm(Math.min(Math.max(left + 1, 0), LOOK_AGAIN_MS));
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
      // While the database is away nobody can tell.
      if (error instanceof TaskwireError && error.code === 'UNAUTHENTICATED') this.#end();
      else this.#arm(RETRY_MS);
    }
  }
}

function lookOf(watch: Watch): void {
  void watch.look();
}
