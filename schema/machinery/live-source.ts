import { Unauthenticated } from '../../server/errors.ts';
import { cursorAt, encodeCursor } from '../../server/log/cursor.ts';
import type { Delivery, SubscriptionOptions } from '../../server/live/subscription.ts';
import { PayloadStream } from '../../server/live/payload-stream.ts';
import type { Context } from '../../server/graphql/context.ts';

interface Wanted extends SubscriptionOptions {
  /** Where the client is in the log; without it, here and now. */
  after?: string | null | undefined;
  /** Has it told again without anything having happened; its answer stops that. */
  clock?: (reconsider: () => void) => () => void;
}

/**
 * Makes a subscription's payloads of what its person hears, with the rights that they have by then as the context's.
 * What `tell` throws ends the subscription with one more payload, which is nothing but that error.
 * @param tell gives undefined where there is nothing to tell.
 */
export async function liveSource<Payload extends object>(
  context: Context,
  { after, clock, ...options }: Wanted,
  tell: (delivery: Delivery) => Payload | undefined | Promise<Payload | undefined>,
): Promise<PayloadStream<Payload>> {
  const { db, authServices, headers, live, outlet, person, snapshot: seen } = context;
  // A browser's EventSource that comes back says in this header how far it has got.
  const from = headers.get('last-event-id') ?? after ?? (await encodeCursor(db, cursorAt(seen)));
  const subscription = await live.follow(person, from, { ...options, isAlone: !outlet });
  const stopWatching = live.onEnd(
    person,
    () => authServices.credentials.resolve(headers),
    () => {
      subscription.fail(new Unauthenticated('Your credential has ended; sign in again.'));
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
    return tell(delivery);
  });
}
