import { Unauthenticated } from '../server/errors.ts';
import { markOf, toCursor } from '../server/events/position.ts';
import type { Feed, Wishes } from '../server/live/feed.ts';
import type { Context } from './context.ts';

/** The last payload of a subscription that ends with an error. */
class Ending {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

interface Wanted extends Wishes {
  /** Where the client is in the log; without it, here and now. */
  after?: string | null | undefined;
}

/**
 * Makes a subscription's payloads of what its person hears. What `tell` throws ends the subscription with one more
 * payload, which is nothing but that error.
 * @param tell gets the feed, and the position from which on it is live.
 */
export async function liveSource<Payload>(
  { db, gate, headers, live, person, snapshot }: Context,
  { after, ...wishes }: Wanted,
  tell: (feed: Feed, cursor: string) => AsyncGenerator<Payload>,
): Promise<AsyncIterable<Payload | Ending>> {
  const { feed, cursor } = await live.follow(person, after ?? (await toCursor(db, markOf(snapshot))), wishes);
  const stopWatching = live.onEnd(
    person,
    () => gate.credentials.resolve(headers),
    () => {
      feed.fail(new Unauthenticated('Your credential has ended; sign in again.'));
    },
  );
  feed.onceEnded(stopWatching);
  const payloads = tell(feed, cursor);
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        try {
          return await payloads.next();
        } catch (error) {
          feed.end();
          return { done: false, value: new Ending(error) };
        }
      },
      // A generator that waits for an event would hear of this only with the event.
      return: () => {
        feed.end();
        return payloads.return(undefined);
      },
    }),
  };
}

/** @throws what ended the subscription. */
export function payloadOf<Payload>(told: Payload | Ending): Payload {
  if (told instanceof Ending) throw told.error;
  return told;
}
