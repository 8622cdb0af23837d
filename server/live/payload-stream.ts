import type { Subscription, Delivery } from './subscription.ts';
import { Rendezvous } from './rendezvous.ts';

export class Ending {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** @throws the error that ended the subscription. */
export function payloadOf<Payload>(told: Payload | Ending): Payload {
  if (told instanceof Ending) throw told.error;
  return told;
}

export interface PayloadReader<Payload> {
  take(payload: Payload | Ending): void | Promise<void>;
  end(): void;
}

type Telling<Payload> = Payload | undefined;

/** Converts the deliveries of a subscription to payloads. */
export class PayloadStream<Payload extends object> implements AsyncIterable<Payload | Ending> {
  readonly #subscription: Subscription;
  readonly #tell: (delivery: Delivery) => Telling<Payload> | Promise<Telling<Payload>>;

  /** @param tell an error that it throws ends the subscription and is its last payload. */
  constructor(
    subscription: Subscription,
    tell: (delivery: Delivery) => Telling<Payload> | Promise<Telling<Payload>>,
  ) {
    this.#subscription = subscription;
    this.#tell = tell;
  }

  readBy(reader: PayloadReader<Payload>): void {
    const take = (payload: Telling<Payload>) => (payload === undefined ? undefined : reader.take(payload));
    this.#subscription.readBy({
      hear: (delivery) => {
        const payload = this.#tell(delivery);
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
    this.#subscription.end();
  }

  [Symbol.asyncIterator](): AsyncIterator<Payload | Ending, undefined> {
    return new Rendezvous<Payload | Ending>(
      (rendezvous) => this.readBy(rendezvous),
      () => this.stop(),
    );
  }
}
