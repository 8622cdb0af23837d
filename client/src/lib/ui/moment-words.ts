import { type Day, dayIn, daysBetween, knownZone } from '../task/due-day.ts';
import { dateWords, msg } from '../language/format.ts';

/** A past time, relative to the viewer's today: `14:05`, `yesterday at 14:05`, `12 Nov at 14:05`. */
export function momentWords(moment: string, timezone: string, today: Day): string {
  const at = new Date(moment);
  const day = dayIn(timezone, at);
  const time = timeOfDay(moment, timezone);
  const distance = daysBetween(day, today);
  if (distance <= 0) return time;
  if (distance === 1) return msg(`yesterday at ${time}`);
  const isThisYear = day.slice(0, 4) === today.slice(0, 4);
  const date = format(at, timezone, {
    day: 'numeric',
    month: 'short',
    ...(isThisYear ? {} : { year: 'numeric' }),
  });
  return msg(`${date} at ${time}`);
}

/** A time without its date: `14:05`. */
export function timeOfDay(moment: string, timezone: string): string {
  return format(new Date(moment), timezone, { hour: '2-digit', minute: '2-digit' });
}

/** A time with its full date, for a tooltip. */
export function exactMoment(moment: string, timezone: string): string {
  return format(new Date(moment), timezone, { dateStyle: 'full', timeStyle: 'short' });
}

function format(at: Date, timezone: string, options: Intl.DateTimeFormatOptions): string {
  return dateWords(at, { ...options, timeZone: knownZone(timezone) });
}
