/** A calendar day, `2026-11-30`. */
export type Day = string;

/** The first and the last day. */
export interface Days {
  first: Day;
  last: Day;
}

const A_DAY_MS = 86_400_000;
const A_MINUTE_MS = 60_000;
/** No offset exceeds it. */
const LARGEST_OFFSET_MS = 15 * 60 * A_MINUTE_MS;

export const FIRST_DAY: Day = '0001-01-01';

const WORDS = { yesterday: -1, today: 0, tomorrow: 1 } as const;
const RELATIVE = /^([+-]\d{1,3})([dwmy])$/;
const SPAN = /^(last|this|next)[ -](week|month|year)$/;
const DAY = /^\d{4}-\d\d-\d\d$/;

/** Suggestions, in the order in which they are most useful. */
export const DAY_WORDS = [
  'today',
  'tomorrow',
  'yesterday',
  'this-week',
  'next-week',
  'last-week',
  'this-month',
  'next-month',
  'last-month',
  '+7d',
  '-7d',
] as const;

/** The canonical spelling of a day, a relative day or several days; null for other words. */
export function dayWord(text: string): string | null {
  const word = text.toLowerCase();
  if (Object.hasOwn(WORDS, word) || RELATIVE.test(word)) return word;
  if (SPAN.test(word)) return word.replace(' ', '-');
  return isDay(text) ? text : null;
}

/** The days that a word from `dayWord` means. */
export function daysOf(word: string, today: Day): Days {
  if (Object.hasOwn(WORDS, word)) return only(dayAfter(today, WORDS[word as keyof typeof WORDS]));
  const [, amount, unit] = RELATIVE.exec(word) ?? [];
  if (unit === 'd' || unit === 'w') return only(dayAfter(today, Number(amount) * (unit === 'w' ? 7 : 1)));
  if (unit) return only(monthsAfter(today, Number(amount) * (unit === 'y' ? 12 : 1)));
  const [, which, span] = SPAN.exec(word) ?? [];
  const by = which === 'next' ? 1 : which === 'last' ? -1 : 0;
  if (span === 'week') {
    const monday = dayAfter(mondayOf(today), by * 7);
    return { first: monday, last: dayAfter(monday, 6) };
  }
  if (!span) return only(word);
  const months = span === 'year' ? 12 : 1;
  const begin = span === 'year' ? `${today.slice(0, 4)}-01-01` : `${today.slice(0, 7)}-01`;
  const first = monthsAfter(begin, by * months);
  return { first, last: dayAfter(monthsAfter(first, months), -1) };
}

function isDay(text: string): boolean {
  if (!DAY.test(text) || text < FIRST_DAY) return false;
  const at = Date.parse(`${text}T00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

/** The calendar day at a time in a zone. */
export function dayIn(timezone: string, at: Date): Day {
  return at.toLocaleDateString('sv-SE', { timeZone: timezone });
}

/** `days` can be negative. Days before the year 1 or after 9999 have another form, and sort wrongly. */
export function dayAfter(day: Day, days: number): Day {
  return dayOf(new Date(Date.parse(`${day}T00:00Z`) + days * A_DAY_MS));
}

/** When a day starts in a zone: the first minute of the day, also if it has no midnight. */
export function startOfDay(day: Day, timezone: string): Date {
  const midnight = Date.parse(`${day}T00:00Z`);
  let before = midnight - LARGEST_OFFSET_MS;
  let within = midnight + LARGEST_OFFSET_MS;
  while (within - before > A_MINUTE_MS) {
    const middle = before + Math.floor((within - before) / 2 / A_MINUTE_MS) * A_MINUTE_MS;
    if (dayIn(timezone, new Date(middle)) < day) before = middle;
    else within = middle;
  }
  return new Date(within);
}

function only(day: Day): Days {
  return { first: day, last: day };
}

function mondayOf(day: Day): Day {
  return dayAfter(day, -((new Date(`${day}T00:00Z`).getUTCDay() + 6) % 7));
}

/** The same day of another month, or its last day. */
function monthsAfter(day: Day, months: number): Day {
  const at = new Date(`${day}T00:00Z`);
  const then = new Date(at);
  then.setUTCDate(1);
  then.setUTCMonth(then.getUTCMonth() + months + 1, 0);
  then.setUTCDate(Math.min(at.getUTCDate(), then.getUTCDate()));
  return dayOf(then);
}

function dayOf(at: Date): Day {
  return at.toISOString().slice(0, -'T00:00:00.000Z'.length);
}
