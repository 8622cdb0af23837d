import { dateWords, plural } from '../language/format.ts';

/** A calendar day, `2026-11-22`. */
export type Day = string;

export type Urgency = 'late' | 'today' | 'soon' | 'later';

export interface DueDay {
  label: string;
  urgency: Urgency;
}

/** A due date outside this range has a mistyped year. */
export const earliestDue: Day = '1900-01-01';
export const latestDue: Day = '2200-12-31';

const millisecondsOfADay = 86_400_000;
const millisecondsOfAMinute = 60_000;
const daysCalledSoon = 7;

/** The error of a date field, from the browser's validity state. */
export function dayFault(validity: Pick<ValidityState, 'badInput' | 'rangeUnderflow' | 'rangeOverflow'>) {
  if (validity.badInput)
    return 'This date is incomplete or does not exist. Enter a day, a month and a year, or clear it.';
  if (validity.rangeUnderflow || validity.rangeOverflow)
    return `Check the year: it must be between ${earliestDue.slice(0, 4)} and ${latestDue.slice(0, 4)}.`;
  return undefined;
}

/** The calendar day at an instant in `timezone`; in UTC if the browser does not know the zone. */
export function dayIn(timezone: string, at: Date): Day {
  return at.toLocaleDateString('sv-SE', { timeZone: knownZone(timezone) });
}

/** The zone itself, or UTC if the browser does not know it. */
export function knownZone(timezone: string): string {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
    return timezone;
  } catch {
    return 'UTC';
  }
}

/** Days from one calendar day to another; negative when `to` lies before `from`. */
export function daysBetween(from: Day, to: Day): number {
  return Math.round((Date.parse(`${to}T00:00Z`) - Date.parse(`${from}T00:00Z`)) / millisecondsOfADay);
}

/** The day `days` days after another; negative values go back. */
export function dayAfter(day: Day, days: number): Day {
  return new Date(Date.parse(`${day}T00:00Z`) + days * millisecondsOfADay).toISOString().slice(0, 10);
}

/** The Monday of a day's week. */
export function mondayOf(day: Day): Day {
  const sinceMonday = (new Date(`${day}T00:00Z`).getUTCDay() + 6) % 7;
  return dayAfter(day, -sinceMonday);
}

/** The instant at which a day ends in `timezone`, in ISO 8601. */
export function endOfDay(day: Day, timezone: string): string {
  const midnight = Date.parse(`${dayAfter(day, 1)}T00:00Z`) / millisecondsOfAMinute;
  // No offset exceeds 15 hours; a binary search finds the exact one, also across clock changes.
  let within = midnight - 15 * 60;
  let beyond = midnight + 15 * 60;
  while (beyond - within > 1) {
    const middle = Math.floor((within + beyond) / 2);
    if (dayIn(timezone, new Date(middle * millisecondsOfAMinute)) <= day) within = middle;
    else beyond = middle;
  }
  return new Date(beyond * millisecondsOfAMinute).toISOString();
}

/** The last day before an instant in `timezone`, as `1 Dec 2026`. */
export function lastDayBefore(moment: string, timezone: string): string {
  const day = dayIn(timezone, new Date(Date.parse(moment) - 1));
  return dayWords(day);
}

/** A day as `1 Dec 2026`. */
export function dayWords(day: Day): string {
  return formatDay(day, { day: 'numeric', month: 'short', year: 'numeric' });
}

/** The label of a due day, relative to the viewer's today. */
export function describeDue(dueOn: Day, today: Day): DueDay {
  const distance = daysBetween(today, dueOn);
  if (distance < -1) return { label: plural(-distance, ['# day late', '# days late']), urgency: 'late' };
  if (distance === -1) return { label: 'Due yesterday', urgency: 'late' };
  if (distance === 0) return { label: 'Due today', urgency: 'today' };
  if (distance === 1) return { label: 'Due tomorrow', urgency: 'soon' };
  if (distance < daysCalledSoon)
    return { label: `Due ${formatDay(dueOn, { weekday: 'long' })}`, urgency: 'soon' };
  const sameYear = dueOn.slice(0, 4) === today.slice(0, 4);
  return {
    label: `Due ${formatDay(dueOn, { day: 'numeric', month: 'short', ...(sameYear ? {} : { year: 'numeric' }) })}`,
    urgency: 'later',
  };
}

/** The sections of a list by due date, in order. */
export const sections = ['overdue', 'today', 'tomorrow', 'week', 'later', 'none'] as const;
export type Section = (typeof sections)[number];

/** The section that a due date belongs to. */
export function sectionOf(dueOn: Day | null, today: Day): Section {
  if (dueOn === null) return 'none';
  const distance = daysBetween(today, dueOn);
  if (distance < 0) return 'overdue';
  if (distance === 0) return 'today';
  if (distance === 1) return 'tomorrow';
  return distance <= daysCalledSoon ? 'week' : 'later';
}

/** A day in the words of the language. */
export function formatDay(day: Day, options: Intl.DateTimeFormatOptions): string {
  return dateWords(new Date(`${day}T00:00Z`), { ...options, timeZone: 'UTC' });
}
