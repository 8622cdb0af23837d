const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** Formats a duration: `40 minutes`, `2.5 hours`, `12 days`. */
export function durationWords(seconds: number): string {
  if (seconds < minute) return 'less than a minute';
  if (seconds < 1.5 * hour) return count(Math.round(seconds / minute), 'minute');
  if (seconds < 1.5 * day) return count(rounded(seconds / hour), 'hour');
  return count(rounded(seconds / day), 'day');
}

function rounded(number: number): number {
  return number < 9.95 ? Math.round(number * 10) / 10 : Math.round(number);
}

function count(number: number, unit: string): string {
  return `${number.toLocaleString('en')} ${unit}${number === 1 ? '' : 's'}`;
}
