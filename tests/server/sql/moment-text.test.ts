import { expect, test } from 'vitest';
import { momentText } from '../../../server/sql/moment-text.ts';
import { dice } from '../../kit/dice.ts';

const LAST_MOMENT = 8.64e15;

test('a time is formatted like in JavaScript', () => {
  const { pick } = dice(7);
  const around = [
    0,
    -1,
    86_399_999,
    86_400_000,
    Date.UTC(2024, 1, 29),
    Date.UTC(9999, 11, 31),
    -LAST_MOMENT,
    LAST_MOMENT,
  ];
  for (let n = 0; n < 20_000; n += 1) {
    const time = pick(around) + pick([0, 1, -1, 59_999, 3_600_000]) * pick([0, 1, 7, 23]);
    if (Math.abs(time) <= LAST_MOMENT) expect(momentText(time)).toBe(new Date(time).toISOString());
  }
});

test.each([NaN, Infinity, LAST_MOMENT + 1])('%d is not a valid time', (time) => {
  expect(() => momentText(time)).toThrow(RangeError);
});
