import type { SharePermission } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { retryUnavailable } from '../database/retry.ts';
import { shareOf } from '../sql/shares.ts';

/** Of one person; the oldest is forgotten beyond that, for it can be looked up again. */
export const MOST_KNOWN = 1_000;

/**
 * What a person's shares allow, for the tasks of the events that their subscriptions hear. It is as old as the rights that
 * it belongs to, which are read again after each change of one of the person's shares.
 */
export class KnownShares {
  readonly #db: Database;
  readonly #userId: string;
  readonly #holdsAny: boolean;
  readonly #known = new Map<string, SharePermission | null>();

  /** @param holdsAny whether the person has been given any share at all; nothing is looked up without. */
  constructor(db: Database, userId: string, holdsAny: boolean) {
    this.#db = db;
    this.#userId = userId;
    this.#holdsAny = holdsAny;
  }

  get size(): number {
    return this.#known.size;
  }

  /** What a live share of this task allows; null without one. At once where it is known. */
  of(taskId: string): SharePermission | null | Promise<SharePermission | null> {
    const known = this.#known.get(taskId);
    if (known !== undefined) return known;
    return this.#holdsAny ? this.#lookedUp(taskId) : null;
  }

  learn(taskId: string, share: SharePermission | null): void {
    this.#known.set(taskId, share);
    if (this.#known.size <= MOST_KNOWN) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      break;
    }
  }

  /** Looks up the shares of some tasks together, as far as they can be remembered. */
  async lookUp(taskIds: Iterable<string>): Promise<void> {
    const wanted = [...new Set(taskIds)].slice(-MOST_KNOWN);
    await Promise.all(wanted.map(async (taskId) => this.of(taskId)));
  }

  async #lookedUp(taskId: string): Promise<SharePermission | null> {
    const share = await retryUnavailable(() => shareOf(this.#db, this.#userId, taskId));
    this.learn(taskId, share);
    return share;
  }
}
