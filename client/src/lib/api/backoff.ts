const firstWait = 1_000;
const longestWait = 32_000;

/**
 * Milliseconds to wait before retry number `attempt` (from 0). The wait doubles from 1 s to 32 s; half of it is random, so
 * that dashboards do not reconnect all at once.
 */
export function backoff(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(longestWait, firstWait * 2 ** attempt);
  return Math.round(full / 2 + (full / 2) * random());
}
