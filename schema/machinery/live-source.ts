import { Unauthenticated } from '../../server/errors.ts';
import { cursorAt, encodeCursor } from '../../server/log/cursor.ts';
import type { Delivery, SubscriptionOptions } from '../../server/live/subscription.ts';
import { PayloadStream } from '../../server/live/payload-stream.ts';
import type { Context } from '../../server/graphql/context.ts';

interface Wanted extends SubscriptionOptions {
  /** The client's log cursor. Default: now. */
  after?: string | null | undefined;
  /** Starts a timer that calls `reconsider`; returns a function that stops it. */
  clock?: (reconsider: () => void) => () => void;
}

/**
 * Creates the payload stream of a subscription. The rights of each delivery become the context's. An error
 * that `toPayload` throws ends the subscription and is its last payload.
 * @param toPayload returns undefined to send nothing.
 */
export async function liveSource<Payload extends object>(
  context: Context,
  { after, clock, ...options }: Wanted,
  toPayload: (delivery: Delivery) => Payload | undefined | Promise<Payload | undefined>,
): Promise<PayloadStream<Payload>> {
  const { db, headers, live, outlet, person, snapshot: seen } = context;
  // EventSource sends this header when it reconnects.
  const from = headers.get('last-event-id') ?? after ?? (await encodeCursor(db, cursorAt(seen)));
  const subscription = await live.follow(person, from, { ...options, isAlone: !outlet });
  const stopWatching = live.onEnd(
    person,
    () => context.stillSignedIn(),
    () => {
      subscription.fail(new Unauthenticated('Your session or token has ended. Sign in again.'));
    },
  );
  const stopClock = clock?.(() => {
    subscription.reconsider();
  });
  subscription.onceEnded(() => {
    stopWatching();
    stopClock?.();
  });
  return new PayloadStream(subscription, (delivery) => {
    context.become(delivery.rights);
    return toPayload(delivery);
  });
}
