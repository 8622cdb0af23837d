import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { SharedRedis } from './redis.ts';
import { Windows } from './windows.ts';

export interface Balance {
  limit: number;
  remaining: number;
  reset: number;
  sufficed: boolean;
}

export interface Budget {
  spend(key: string, points: number): Promise<Balance>;
  refund(key: string, points?: number): Promise<void>;
}

/**
 * A budget in this process, or in a shared Redis. While Redis is unavailable, each process counts separately.
 * @param limit points; 0 means no limit.
 * @param seconds the window's length. It starts when a key first spends points.
 */
export function createBudget(name: string, limit: number, seconds: number, redis?: SharedRedis): Budget {
  if (limit === 0) return UNLIMITED;
  const here = inProcess(limit, seconds);
  return redis ? inRedis(name, limit, seconds, redis, here) : here;
}

function inProcess(limit: number, seconds: number): Budget {
  const windows = new Windows('budgets', seconds * 1000);
  return {
    spend(key, points) {
      const { spent, endsIn } = windows.spend(key, points);
      return Promise.resolve(balance(limit, limit - spent, endsIn));
    },
    refund(key, points) {
      windows.refund(key, points);
      return Promise.resolve();
    },
  };
}

function inRedis(
  name: string,
  limit: number,
  seconds: number,
  { client, namespace }: SharedRedis,
  here: Budget,
): Budget {
  const options = { keyPrefix: namespace.nameOf(name), points: limit, duration: seconds };
  const limiter = new RateLimiterRedis({ ...options, storeClient: client });
  const keyOf = (key: string) => namespace.hide(key);
  return {
    async spend(key, points) {
      try {
        const { remainingPoints, msBeforeNext } = await limiter.consume(keyOf(key), points);
        return balance(limit, remainingPoints, msBeforeNext);
      } catch (outcome) {
        if (!(outcome instanceof RateLimiterRes)) return here.spend(key, points);
        return { ...balance(limit, 0, outcome.msBeforeNext), sufficed: false };
      }
    },
    async refund(key, points) {
      const refund = points === undefined ? limiter.delete(keyOf(key)) : limiter.reward(keyOf(key), points);
      await refund.catch(() => here.refund(key, points));
    },
  };
}

const UNLIMITED: Budget = {
  spend: () => Promise.resolve({ limit: 0, remaining: 0, reset: 0, sufficed: true }),
  refund: () => Promise.resolve(),
};

function balance(limit: number, left: number, endsIn: number): Balance {
  return {
    limit,
    remaining: Math.max(0, left),
    reset: Math.max(1, Math.ceil(endsIn / 1000)),
    sufficed: left >= 0,
  };
}
