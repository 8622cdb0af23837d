import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dayAfter } from '../../../server/filter-text/days.ts';
import { FORECAST_DAYS, forecastOf } from '../../../server/measures/forecast.ts';

const LAST = '2026-11-30';

/** A history in which `weekly[0]` tasks were completed in the first of the weeks that end on the day before the last. */
function history(weekly: readonly number[], open: number) {
  const finished = [...weekly.flatMap((count) => [0, 0, count, 0, 0, 0, 0]), 0];
  return finished.map((count, n) => ({
    day: dayAfter(LAST, n - finished.length + 1),
    todo: open,
    inProgress: 0,
    done: 0,
    cancelled: 0,
    finished: count,
  }));
}

describe('a forecast', () => {
  test('of a steady team is the number of weeks that its open tasks take', () => {
    expect(forecastOf(history([5, 5, 5, 5], 20))).toEqual({
      openTasks: 20,
      weeks: 4,
      p50: dayAfter(LAST, 28),
      p85: dayAfter(LAST, 28),
    });
  });

  test('of a team that completes ten tasks in every second week knows how likely a lucky week is', () => {
    // Ten tasks are done after k weeks with a probability of 1 − 0.5ᵏ.
    expect(forecastOf(history([0, 10, 0, 10, 0, 10], 10))).toMatchObject({
      p50: expect.stringMatching(`${dayAfter(LAST, 7)}|${dayAfter(LAST, 14)}`) as string,
      p85: dayAfter(LAST, 21),
    });
  });

  test('is the same for the same history, and never earlier at 85 % than at 50 %', () => {
    const weeks = fc.array(fc.nat(30), { minLength: 3, maxLength: 12 });
    fc.assert(
      fc.property(weeks, fc.integer({ min: 1, max: 500 }), (weekly, open) => {
        const forecast = forecastOf(history(weekly, open));
        expect(forecastOf(history(weekly, open))).toEqual(forecast);
        if (weekly.every((count) => count === 0)) expect(forecast).toBeNull();
        else expect((forecast?.p50 ?? '9') <= (forecast?.p85 ?? '9')).toBe(true);
        const fastest = Math.ceil(open / Math.max(1, ...weekly)) * 7;
        if (forecast?.p50) expect(forecast.p50 >= dayAfter(LAST, fastest)).toBe(true);
      }),
    );
  });

  test('needs open tasks, three weeks, and a completed task in them', () => {
    expect(forecastOf(history([5, 5, 5], 0))).toBeNull();
    expect(forecastOf(history([5, 5], 10))).toBeNull();
    expect(forecastOf(history([0, 0, 0, 0], 10))).toBeNull();
    expect(forecastOf([])).toBeNull();
  });

  test('leaves out weeks before the first task, and looks back twelve weeks', () => {
    const before = history([0, 0, 0, 0], 0).slice(0, -1);
    const empty = before.map((each, n) => ({ ...each, day: dayAfter(LAST, n - 60) }));
    expect(forecastOf([...empty, ...history([5, 5, 5, 5], 20)])?.weeks).toBe(4);
    expect(forecastOf(history(new Array<number>(30).fill(2), 4))?.weeks).toBe(12);
    expect(history(new Array<number>(12).fill(2), 4)).toHaveLength(FORECAST_DAYS);
  });

  test('of more than five years is none', () => {
    expect(forecastOf(history([0, 0, 1, 0], 1_000))).toMatchObject({ p50: null, p85: null });
  });
});
