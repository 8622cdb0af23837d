import { setTimeout as sleep } from 'node:timers/promises';
import { Follower, type FollowerOptions } from './follower.ts';
import { createdIn, type SignedInUser } from './workspace.ts';

const AT_ONCE = 50;
const SETTLE_WITHIN_MS = 60_000;

export interface Delivery {
  missed: number;
  repeated: number;
  /** Milliseconds. */
  slowestMs: number;
}

export class Crowd {
  readonly followers: readonly Follower[];

  private constructor(followers: readonly Follower[]) {
    this.followers = followers;
  }

  static of(...crowds: Crowd[]): Crowd {
    return new Crowd(crowds.flatMap(({ followers }) => followers));
  }

  /** Resolves once all followers are live. */
  static async gather(
    url: string,
    { token }: Pick<SignedInUser, 'token'>,
    many: number,
    options?: FollowerOptions,
  ): Promise<Crowd> {
    const followers: Follower[] = [];
    while (followers.length < many) {
      const some = Array.from(
        { length: Math.min(AT_ONCE, many - followers.length) },
        () => new Follower(url, token, options),
      );
      followers.push(...some);
      await Promise.all(some.map((follower) => follower.start()));
    }
    return new Crowd(followers);
  }

  /** Compares with the log. Waits at most a minute until all followers have all events. */
  async compare(user: SignedInUser): Promise<Delivery> {
    const created = await createdIn(user);
    const delivery = await this.compareWith(created.map(({ id }) => id));
    const happenedAt = new Map(created.map(({ id, at }) => [id, Date.parse(at)]));
    const delays = this.followers.map(({ received, receivedAt }) =>
      received.reduce(
        (longest, id, n) => Math.max(longest, (receivedAt[n] ?? 0) - (happenedAt.get(id) ?? Infinity)),
        0,
      ),
    );
    return { ...delivery, slowestMs: Math.max(0, ...delays) };
  }

  async compareWith(all: readonly string[]): Promise<Pick<Delivery, 'missed' | 'repeated'>> {
    const ids = new Set(all);
    const deadline = Date.now() + SETTLE_WITHIN_MS;
    while (this.followers.some(({ received }) => received.length < ids.size) && Date.now() < deadline)
      await sleep(100);
    const sum = (of: (follower: Follower) => number) =>
      this.followers.reduce((total, follower) => total + of(follower), 0);
    return {
      missed: sum(({ received }) => ids.difference(new Set(received)).size),
      repeated: sum(({ received }) => received.length - new Set(received).size),
    };
  }

  /** The 99th percentile of delivery times, for events between `from` and `to`. */
  async p99Ms(user: SignedInUser, from: number, to: number): Promise<number> {
    const happenedAt = new Map((await createdIn(user)).map(({ id, at }) => [id, Date.parse(at)]));
    const delays = this.followers.flatMap(({ received, receivedAt }) =>
      received.flatMap((id, n) => {
        const at = happenedAt.get(id) ?? 0;
        return at >= from && at < to ? [(receivedAt[n] ?? 0) - at] : [];
      }),
    );
    return delays.sort((a, b) => a - b)[Math.floor(delays.length * 0.99)] ?? NaN;
  }

  stop(): void {
    for (const follower of this.followers) follower.stop();
  }
}
