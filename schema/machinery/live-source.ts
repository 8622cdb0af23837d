import { Unauthenticated } from '../../server/errors.ts';
import { markOf, toCursor } from '../../server/log/cursor.ts';
import type { Heard, Wishes } from '../../server/live/subscription.ts';
import { Source } from '../../server/live/payload-stream.ts';
import type { Context } from '../../server/graphql/context.ts';

interface Wanted extends Wishes {
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
  { after, clock, ...wishes }: Wanted,
  tell: (heard: Heard) => Payload | undefined | Promise<Payload | undefined>,
): Promise<Source<Payload>> {
  const { db, gate, headers, live, outlet, person, seen } = context;
  // A browser's EventSource that comes back says in this header how far it has got.
  const from = headers.get('last-event-id') ?? after ?? (await toCursor(db, markOf(seen)));
  const feed = await live.follow(person, from, { ...wishes, isAlone: !outlet });
  const stopWatching = live.onEnd(
    person,
    () => gate.credentials.resolve(headers),
    () => {
      feed.fail(new Unauthenticated('Your credential has ended; sign in again.'));
    },
  );
  const stopClock = clock?.(() => {
    feed.reconsider();
  });
  feed.onceEnded(() => {
    stopWatching();
    stopClock?.();
  });
  return new Source(feed, (heard) => {
    context.become(heard.rights);
    return tell(heard);
  });
}
