import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { throttle } from '../../client/src/lib/api/throttle.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('[SC-004] the first event shows at once, a burst at most four times a second, and the last one always', () => {
  let shown = 0;
  let happened = 0;
  const seen: number[] = [];
  const show = throttle(250, () => {
    shown += 1;
    seen.push(happened);
  });
  happened += 1;
  show();
  expect(shown).toBe(1);
  for (let step = 0; step < 100; step += 1) {
    vi.advanceTimersByTime(10);
    happened += 1;
    show();
  }
  vi.advanceTimersByTime(250);
  expect(shown).toBeLessThanOrEqual(6);
  expect(seen.at(-1)).toBe(happened);
  vi.advanceTimersByTime(10_000);
  expect(shown).toBeLessThanOrEqual(6);
});

test('a cancelled run is dropped', () => {
  let shown = 0;
  const show = throttle(250, () => (shown += 1));
  show();
  show();
  show.cancel();
  vi.advanceTimersByTime(1_000);
  expect(shown).toBe(1);
});

test('the first run waits, later runs keep the interval', () => {
  let shown = 0;
  const show = throttle(250, () => (shown += 1));
  show(150);
  vi.advanceTimersByTime(149);
  show(150);
  expect(shown).toBe(0);
  vi.advanceTimersByTime(1);
  expect(shown).toBe(1);
  show(150);
  vi.advanceTimersByTime(249);
  expect(shown).toBe(1);
  vi.advanceTimersByTime(1);
  expect(shown).toBe(2);
  vi.advanceTimersByTime(10_000);
  expect(shown).toBe(2);
});
