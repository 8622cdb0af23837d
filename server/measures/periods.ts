import { dayAfter, type Day } from '../filter-text/days.ts';
import type { Period } from './widget.ts';

/** The first day of the period that a day is in. */
export function startOf(period: Period, day: Day): Day {
  if (period === 'DAY') return day;
  if (period === 'MONTH') return `${day.slice(0, 7)}-01`;
  return dayAfter(day, -((new Date(`${day}T00:00Z`).getUTCDay() + 6) % 7));
}

/** Days in their order by period, also those of a period that starts before them. */
export function inPeriods<Of extends { day: Day }>(period: Period, days: readonly Of[]): Map<Day, Of[]> {
  const periods = new Map<Day, Of[]>();
  for (const each of days) {
    const start = startOf(period, each.day);
    const known = periods.get(start);
    if (known) known.push(each);
    else periods.set(start, [each]);
  }
  return periods;
}

/** The days of a span up to `last`, earliest first. */
export function daysUpTo(last: Day, days: number): { day: Day }[] {
  return Array.from({ length: days }, (_, n) => ({ day: dayAfter(last, n - days + 1) }));
}
