import type { SharePermission } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { retryUnavailable } from '../database/retry.ts';
import { shareOf } from '../sql/shares.ts';

export const MOST_KNOWN = 1_000;

/** As old as the person's rights, which are reloaded after each change of their shares. */
export class KnownShares {
  readonly #db: Database;
  readonly #userId: string;
  readonly #holdsAny: boolean;
  readonly #known = new Map<string, SharePermission | null>();

  constructor(db: Database, userId: string, holdsAny: boolean) {
    this.#db = db;
    this.#userId = userId;
    this.#holdsAny = holdsAny;
  }

  get size(): number {
    return this.#known.size;
  }

  /** The permission of an active share; null without one. Synchronous if known. */
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
