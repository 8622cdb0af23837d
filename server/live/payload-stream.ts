import type { Feed, Heard } from './subscription.ts';
import { Handoff } from './rendezvous.ts';

/** The last payload of a subscription that ends with an error. */
export class Ending {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** @throws what ended the subscription. */
export function payloadOf<Payload>(told: Payload | Ending): Payload {
  if (told instanceof Ending) throw told.error;
  return told;
}

export interface PayloadReader<Payload> {
  /** The next one comes once the promise that this answers has settled, or else at once. */
  take(payload: Payload | Ending): void | Promise<void>;
  end(): void;
}

type Telling<Payload> = Payload | undefined;

/** The payloads of one subscription, for one who reads them: made of what its feed hears. */
export class Source<Payload extends object> implements AsyncIterable<Payload | Ending> {
  readonly #feed: Feed;
  readonly #tell: (heard: Heard) => Telling<Payload> | Promise<Telling<Payload>>;

  /** @param tell what it throws ends the subscription with one more payload, which is nothing but that error. */
  constructor(feed: Feed, tell: (heard: Heard) => Telling<Payload> | Promise<Telling<Payload>>) {
    this.#feed = feed;
    this.#tell = tell;
  }

  readBy(reader: PayloadReader<Payload>): void {
    const take = (payload: Telling<Payload>) => (payload === undefined ? undefined : reader.take(payload));
    this.#feed.readBy({
      hear: (heard) => {
        const payload = this.#tell(heard);
        return payload instanceof Promise ? payload.then(take) : take(payload);
      },
      end: (failure) => {
        const last = failure === null ? undefined : reader.take(new Ending(failure));
        if (last) void last.then(() => reader.end());
        else reader.end();
      },
    });
  }

  stop(): void {
    this.#feed.end();
  }

  /** What GraphQL knows a subscription by. */
  [Symbol.asyncIterator](): AsyncIterator<Payload | Ending, undefined> {
    return new Handoff<Payload | Ending>(
      (handoff) => this.readBy(handoff),
      () => this.stop(),
    );
  }
}
