import { describe, expect, test } from 'vitest';
import { salutation } from '../../client/src/lib/dashboard/salutation.ts';
import {
  dayFault,
  dayIn,
  daysBetween,
  describeDue,
  endOfDay,
  knownZone,
  lastDayBefore,
} from '../../client/src/lib/task/due-day.ts';

const lateSundayInUtc = new Date('2026-11-22T23:30:00Z');

describe('days in the person’s time zone', () => {
  test.each([
    ['UTC', '2026-11-22'],
    ['Europe/Berlin', '2026-11-23'],
    ['America/Los_Angeles', '2026-11-22'],
    ['Pacific/Kiritimati', '2026-11-23'],
  ])('in %s it is %s', (timezone, day) => {
    expect(dayIn(timezone, lateSundayInUtc)).toBe(day);
  });

  test('a time zone that the browser does not know falls back to UTC', () => {
    expect(knownZone('Mars/Olympus')).toBe('UTC');
    expect(dayIn('Mars/Olympus', lateSundayInUtc)).toBe('2026-11-22');
  });

  test.each([
    ['2026-11-22', 'UTC', '2026-11-23T00:00:00.000Z'],
    ['2026-11-22', 'Asia/Kathmandu', '2026-11-22T18:15:00.000Z'],
    ['2026-11-22', 'Pacific/Kiritimati', '2026-11-22T10:00:00.000Z'],
    ['2026-10-25', 'Europe/Berlin', '2026-10-25T23:00:00.000Z'],
    ['2026-03-29', 'Europe/Berlin', '2026-03-29T22:00:00.000Z'],
    // On the next day the clocks in Beirut change from midnight to 1 a.m.
    ['2026-03-28', 'Asia/Beirut', '2026-03-28T22:00:00.000Z'],
  ])('%s ends in %s at %s', (day, timezone, moment) => {
    expect(endOfDay(day, timezone)).toBe(moment);
    expect(dayIn(timezone, new Date(Date.parse(moment) - 1))).toBe(day);
    expect(lastDayBefore(moment, timezone)).toContain(`${Number(day.slice(8))} `);
  });

  test('the greeting fits the person’s local time', () => {
    expect(salutation(lateSundayInUtc, 'UTC')).toBe('Good evening');
    expect(salutation(lateSundayInUtc, 'Asia/Tokyo')).toBe('Good morning');
    expect(salutation(lateSundayInUtc, 'America/Los_Angeles')).toBe('Good afternoon');
  });
});

describe('the label of a due day', () => {
  const today = '2026-11-22';

  test.each([
    ['2026-11-10', '12 days late', 'late'],
    ['2026-11-21', 'Due yesterday', 'late'],
    ['2026-11-22', 'Due today', 'today'],
    ['2026-11-23', 'Due tomorrow', 'soon'],
    ['2026-11-27', 'Due Friday', 'soon'],
    ['2026-12-01', 'Due 1 Dec', 'later'],
    ['2027-01-05', 'Due 5 Jan 2027', 'later'],
  ])('%s reads “%s”', (dueOn, label, urgency) => {
    expect(describeDue(dueOn, today)).toEqual({ label, urgency });
  });

  test('a day one week ahead is not named by its weekday, which is also today’s', () => {
    expect(describeDue('2026-11-29', today).label).toBe('Due 29 Nov');
  });

  test('a change of the clocks does not lose a day', () => {
    expect(daysBetween('2026-03-28', '2026-03-30')).toBe(2);
    expect(daysBetween('2026-10-26', '2026-10-24')).toBe(-2);
  });
});

test('an incomplete date and an unlikely year get an error message (YEAR-6)', () => {
  const fine = { badInput: false, rangeUnderflow: false, rangeOverflow: false };
  expect(dayFault(fine)).toBeUndefined();
  expect(dayFault({ ...fine, badInput: true })).toMatch(/incomplete or does not exist/);
  for (const odd of [{ rangeUnderflow: true }, { rangeOverflow: true }])
    expect(dayFault({ ...fine, ...odd })).toBe('Check the year: it must be between 1900 and 2200.');
});
