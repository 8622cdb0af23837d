import { type Day, dayAfter, daysBetween } from '../task/due-day.ts';

export type Span = 'month' | 'week';

const DAYS = 7;

/** 1 for Monday to 7 for Sunday. */
function weekdayOf(day: Day): number {
  return new Date(`${day}T00:00Z`).getUTCDay() || DAYS;
}

/** The first day of a day's week. */
function startOfWeek(day: Day, firstWeekday: number): Day {
  return dayAfter(day, -((weekdayOf(day) - firstWeekday + DAYS) % DAYS));
}

/** The days of a week, or the whole weeks of a month. */
export function daysOf(span: Span, day: Day, firstWeekday: number): Day[] {
  const [first, last] = span === 'week' ? [day, day] : [firstOfMonth(day), dayAfter(monthsAfter(day, 1), -1)];
  const start = startOfWeek(first, firstWeekday);
  const count = daysBetween(start, startOfWeek(last, firstWeekday)) + DAYS;
  return Array.from({ length: count }, (_, n) => dayAfter(start, n));
}

/** The first day of the next span; of the previous one with -1. */
export function step(span: Span, day: Day, by: number, firstWeekday: number): Day {
  return span === 'week' ? dayAfter(startOfWeek(day, firstWeekday), DAYS * by) : monthsAfter(day, by);
}

function firstOfMonth(day: Day): Day {
  return `${day.slice(0, 8)}01`;
}

/** The first day of a month. */
function monthsAfter(day: Day, months: number): Day {
  const [year = 0, month = 1] = day.split('-').map(Number);
  return new Date(Date.UTC(year, month - 1 + months, 1)).toISOString().slice(0, 10);
}

export function isSameMonth(one: Day, other: Day): boolean {
  return one.slice(0, 7) === other.slice(0, 7);
}

/** Days by arrow and other keys, from the active one; undefined for other keys. */
export function dayByKey(
  key: string,
  active: Day,
  { span, firstWeekday }: { span: Span; firstWeekday: number },
) {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -DAYS,
    ArrowDown: DAYS,
  };
  const days = steps[key];
  if (days !== undefined) return dayAfter(active, days);
  const start = startOfWeek(active, firstWeekday);
  if (key === 'Home') return start;
  if (key === 'End') return dayAfter(start, DAYS - 1);
  if (key === 'PageUp') return sameDayIn(step(span, active, -1, firstWeekday), active, span);
  if (key === 'PageDown') return sameDayIn(step(span, active, 1, firstWeekday), active, span);
  return undefined;
}

/** The same day of another span: the 31st becomes the last day of a shorter month. */
function sameDayIn(first: Day, day: Day, span: Span): Day {
  if (span === 'week') return dayAfter(day, first < day ? -DAYS : DAYS);
  const wanted = dayAfter(first, Number(day.slice(8)) - 1);
  return isSameMonth(wanted, first) ? wanted : dayAfter(monthsAfter(first, 1), -1);
}
