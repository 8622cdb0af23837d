import type { Subscription, Delivery } from './subscription.ts';
import { Rendezvous } from './rendezvous.ts';

export class Ending {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** @throws the error that ended the subscription. */
export function payloadOf<Payload>(payload: Payload | Ending): Payload {
  if (payload instanceof Ending) throw payload.error;
  return payload;
}

export interface PayloadReader<Payload> {
  take(payload: Payload | Ending): void | Promise<void>;
  end(): void;
}

/** Converts the deliveries of a subscription to payloads. */
export class PayloadStream<Payload extends object> implements AsyncIterable<Payload | Ending> {
  readonly #subscription: Subscription;
  readonly #toPayload: (delivery: Delivery) => Payload | undefined | Promise<Payload | undefined>;

  /** @param toPayload an error that it throws ends the subscription and is its last payload. */
  constructor(
    subscription: Subscription,
    toPayload: (delivery: Delivery) => Payload | undefined | Promise<Payload | undefined>,
  ) {
    this.#subscription = subscription;
    this.#toPayload = toPayload;
  }

  readBy(reader: PayloadReader<Payload>): void {
    const take = (payload: Payload | undefined) => (payload === undefined ? undefined : reader.take(payload));
    this.#subscription.readBy({
      onDelivery: (delivery) => {
        const payload = this.#toPayload(delivery);
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
