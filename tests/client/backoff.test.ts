import { expect, test } from 'vitest';
import { backoff } from '../../client/src/lib/api/backoff.ts';

test('[FR-023] waits double from 1 to 32 seconds and stay there', () => {
  const longest = Array.from({ length: 8 }, (_, attempt) => backoff(attempt, () => 1));
  expect(longest).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000, 32_000]);
  expect(backoff(5_000, () => 1)).toBe(32_000);
});

test('[FR-023] pages that lose the server at the same time reconnect at different times', () => {
  const waits = Array.from({ length: 100 }, (_, page) => backoff(3, () => page / 100));
  expect(Math.min(...waits)).toBe(4_000);
  expect(new Set(waits).size).toBe(100);
});
