import { msg, plural } from '../language/format.ts';

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** Formats a duration: `40 minutes`, `2.5 hours`, `12 days`. */
export function durationWords(seconds: number): string {
  if (seconds < minute) return msg('less than a minute');
  if (seconds < 1.5 * hour) return plural(Math.round(seconds / minute), ['# minute', '# minutes']);
  if (seconds < 1.5 * day) return plural(rounded(seconds / hour), ['# hour', '# hours']);
  return plural(rounded(seconds / day), ['# day', '# days']);
}

function rounded(number: number): number {
  return number < 9.95 ? Math.round(number * 10) / 10 : Math.round(number);
}
