import type { Place } from './plot.ts';
import { dateWords } from '../language/format.ts';

const monday = 1;
/** Beyond this number of days, ticks mark months instead of weeks. */
const mostForWeeks = 35;

/** Days (`2026-11-22`) along an axis, with ticks at Mondays or at the first days of months. */
export function ticksOfDays(days: readonly string[]): Place[] {
  return days.map((day) => {
    const date = new Date(day);
    const name = words(date, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
    if (days.length <= mostForWeeks)
      return {
        name,
        tick: date.getUTCDay() === monday ? words(date, { day: 'numeric', month: 'short' }) : undefined,
      };
    const isFirst = date.getUTCDate() === 1;
    const isJanuary = isFirst && date.getUTCMonth() === 0;
    return {
      name,
      tick: isFirst ? words(date, isJanuary ? { year: 'numeric' } : { month: 'short' }) : undefined,
    };
  });
}

/** Weeks, given by their Mondays, along an axis. */
export function ticksOfWeeks(mondays: readonly string[]): Place[] {
  return mondays.map((day) => {
    const date = new Date(day);
    const name = words(date, { day: 'numeric', month: 'short', year: 'numeric' });
    return { name: `Week of ${name}`, tick: words(date, { day: 'numeric', month: 'short' }) };
  });
}

function words(date: Date, options: Intl.DateTimeFormatOptions): string {
  return dateWords(date, { ...options, timeZone: 'UTC' });
}
