import { type Day, daysBetween } from '../task/due-day.ts';
import { dateWords } from '../language/format.ts';

/** A past day as a heading: `Today`, `Yesterday`, `Monday 30 November`. */
export function pastDayWords(day: Day, today: Day): string {
  const distance = daysBetween(day, today);
  if (distance === 0) return 'Today';
  if (distance === 1) return 'Yesterday';
  const isThisYear = day.slice(0, 4) === today.slice(0, 4);
  return dateWords(new Date(`${day}T00:00Z`), {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    ...(isThisYear ? {} : { year: 'numeric' }),
    timeZone: 'UTC',
  });
}
