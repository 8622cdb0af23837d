const firstWait = 1_000;
const longestWait = 32_000;

/**
 * How long to wait before try number `attempt` (from 0), in milliseconds: doubling from 1 s to 32 s, of which a random
 * half is spread so that many dashboards do not return in the same instant.
 */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(longestWait, firstWait * 2 ** attempt);
  return Math.round(full / 2 + (full / 2) * random());
}
