import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { SharedRedis } from './redis.ts';

/** What is left of a budget after something was taken from it. */
export interface Balance {
  /** Points of a whole window. */
  limit: number;
  remaining: number;
  /** Seconds until the window ends, and with it what was taken. */
  reset: number;
  /** Whether there was enough. */
  sufficed: boolean;
}

/** Points that each of many keys may spend within a window of time. */
export interface Budget {
  spend(key: string, points: number): Promise<Balance>;
  /** Forgets what the key has spent, or of that, so many points. */
  refund(key: string, points?: number): Promise<void>;
}

/**
 * A budget in this process, or in a Redis that several share; while that is away, this process counts for itself.
 * @param limit points; 0 means that there is no limit.
 * @param seconds the window's length; it begins with a key's first spending.
 */
export function createBudget(name: string, limit: number, seconds: number, redis?: SharedRedis): Budget {
  if (limit === 0) return UNLIMITED;
  const options = { keyPrefix: redis?.namespace.nameOf(name) ?? name, points: limit, duration: seconds };
  const here = new RateLimiterMemory(options);
  const limiter = redis
    ? new RateLimiterRedis({ ...options, storeClient: redis.client, insuranceLimiter: here })
    : here;
  const keyOf = (key: string) => redis?.namespace.hide(key) ?? key;
  return {
    async spend(key, points) {
      try {
        return balance(limit, await limiter.consume(keyOf(key), points), true);
      } catch (outcome) {
        if (outcome instanceof RateLimiterRes) return balance(limit, outcome, false);
        throw outcome;
      }
    },
    async refund(key, points) {
      if (points === undefined) await limiter.delete(keyOf(key));
      else await limiter.reward(keyOf(key), points);
    },
  };
}

const UNLIMITED: Budget = {
  spend: () => Promise.resolve({ limit: 0, remaining: 0, reset: 0, sufficed: true }),
  refund: () => Promise.resolve(),
};

function balance(
  limit: number,
  { remainingPoints, msBeforeNext }: RateLimiterRes,
  sufficed: boolean,
): Balance {
  return {
    limit,
    remaining: Math.max(0, remainingPoints),
    reset: Math.max(1, Math.ceil(msBeforeNext / 1000)),
    sufficed,
  };
}
