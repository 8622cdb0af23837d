import { setTimeout as sleep } from 'node:timers/promises';
import { Follower, type Manner } from './follower.ts';
import { createdIn, type SignedInUser } from './workspace.ts';

const AT_ONCE = 50;
const SETTLE_WITHIN_MS = 60_000;

/** What many followers were told, beside what the log says. */
export interface Told {
  missed: number;
  repeated: number;
  /** The longest from an event to the last follower's hearing of it, in milliseconds. */
  slowestMs: number;
}

/** Many who follow what one person creates. */
export class Crowd {
  readonly followers: readonly Follower[];

  private constructor(followers: readonly Follower[]) {
    this.followers = followers;
  }

  static of(...crowds: Crowd[]): Crowd {
    return new Crowd(crowds.flatMap(({ followers }) => followers));
  }

  /** Resolves once all of them are live. */
  static async gather(
    url: string,
    { token }: Pick<SignedInUser, 'token'>,
    many: number,
    manner?: Manner,
  ): Promise<Crowd> {
    const followers: Follower[] = [];
    while (followers.length < many) {
      const some = Array.from(
        { length: Math.min(AT_ONCE, many - followers.length) },
        () => new Follower(url, token, manner),
      );
      followers.push(...some);
      await Promise.all(some.map((follower) => follower.start()));
    }
    return new Crowd(followers);
  }

  /** Waits a minute at most for everybody to be told everything that the person has created. */
  async compare(somebody: SignedInUser): Promise<Told> {
    const created = await createdIn(somebody);
    const told = await this.compareWith(created.map(({ id }) => id));
    const happenedAt = new Map(created.map(({ id, at }) => [id, Date.parse(at)]));
    const delays = this.followers.map(({ seen, seenAt }) =>
      seen.reduce(
        (longest, id, n) => Math.max(longest, (seenAt[n] ?? 0) - (happenedAt.get(id) ?? Infinity)),
        0,
      ),
    );
    return { ...told, slowestMs: Math.max(0, ...delays) };
  }

  /** The same with all that they should be told of. */
  async compareWith(all: readonly string[]): Promise<Pick<Told, 'missed' | 'repeated'>> {
    const ids = new Set(all);
    const deadline = Date.now() + SETTLE_WITHIN_MS;
    while (this.followers.some(({ seen }) => seen.length < ids.size) && Date.now() < deadline)
      await sleep(100);
    const sum = (of: (follower: Follower) => number) =>
      this.followers.reduce((total, follower) => total + of(follower), 0);
    return {
      missed: sum(({ seen }) => ids.difference(new Set(seen)).size),
      repeated: sum(({ seen }) => seen.length - new Set(seen).size),
    };
  }

  /** The 99th of a hundred times from an event to a follower's hearing of it, of those that happened in a stretch of time. */
  async p99Ms(somebody: SignedInUser, from: number, to: number): Promise<number> {
    const happenedAt = new Map((await createdIn(somebody)).map(({ id, at }) => [id, Date.parse(at)]));
    const delays = this.followers.flatMap(({ seen, seenAt }) =>
      seen.flatMap((id, n) => {
        const at = happenedAt.get(id) ?? 0;
        return at >= from && at < to ? [(seenAt[n] ?? 0) - at] : [];
      }),
    );
    return delays.sort((a, b) => a - b)[Math.floor(delays.length * 0.99)] ?? NaN;
  }

  stop(): void {
    for (const follower of this.followers) follower.stop();
  }
}
