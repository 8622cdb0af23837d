import type { ParsedResult } from 'chrono-node';
import { casual as german } from 'chrono-node/de';
import { GB as english } from 'chrono-node/en';
import type { Day } from '../filter-text/days.ts';

/** A day that a text names. */
export interface DayInText {
  start: number;
  end: number;
  day: Day;
}

const languages = [english, german];

/** Words before a day that belong to it. */
const introducing =
  /(?<=^|\s)(?:due |fällig )?(?:on|by|for|due|until|till|am|für|bis|bis zum|zum|kommenden|diesen)\s+$/i;
/** Words before a day that make it a part of the description. */
const describing =
  /(?<=^|\s)(?:before|after|since|from|every|each|vor|nach|seit|ab|von|jeden|jeder|jede|guten)\s+$/i;
/** Relative days that are not a length of time, such as “2 weeks”. */
const relative = /^(?:in|next|this|nächste|diese|kommende)/i;
const past = /^(?:last|past|letzte|vergangene)/i;
/** “So”, “Mo” and “Sun” are words and names too; “weekend” is a noun; 3/4 can be a fraction. */
const ambiguous = /^(?:on |am )?\p{L}{1,3}\.?$|^weekend$|^\d+\/\d+$/iu;
/** A German day and month without a year, which the library does not know. */
const dayAndMonth =
  /(?<=^|\s)(?:(?:am|bis|zum|on|by|due)|(?:Mon|Diens|Mitt|Donners|Frei|Sams|Sonn)\p{L}+,?)\s+(?:den\s+)?(\d{1,2})\.(\d{1,2})(?:\.|(?=\s|$))(?!\d)/giu;

/**
 * The days from `today` on that a text names in English or German, in order and without overlaps. Times of day are not
 * part of them.
 */
export function daysInText(text: string, today: Day): DayInText[] {
  const found = [
    ...dayAndMonthIn(text, today),
    ...languages.flatMap((language) =>
      parse(language, text, today).flatMap((result) => {
        const { index, text: words } = result;
        const fitting = result.start.isCertain('hour') ? withoutTime(language, words, today) : words;
        const offset = fitting === undefined ? -1 : words.indexOf(fitting);
        const [named] = fitting === undefined || offset < 0 ? [] : parse(language, fitting, today);
        return named && isDay(named, today)
          ? [{ start: index + offset, end: index + offset + named.text.length, day: dayOf(named) }]
          : [];
      }),
    ),
  ]
    .filter(({ start, end }) => {
      const before = text.slice(0, start);
      return !describing.test(before) && !(start > 0 && /^Morgen$/.test(text.slice(start, end)));
    })
    .map((each) => ({ ...each, start: introducing.exec(text.slice(0, each.start))?.index ?? each.start }));
  const byLength = found.toSorted((one, other) => other.end - other.start - (one.end - one.start));
  const kept = byLength.filter((each, place) =>
    byLength.slice(0, place).every(({ start, end }) => each.end <= start || each.start >= end),
  );
  return kept.sort((one, other) => one.start - other.start);
}

function parse(language: typeof english, text: string, today: Day): ParsedResult[] {
  // At noon of the device: with a zone, the library counts a weekday that is today from the wrong day.
  return language.parse(text, new Date(`${today}T12:00`), { forwardDate: true });
}

function isDay(result: ParsedResult, today: Day): boolean {
  const { start, end, text } = result;
  if (end || start.isCertain('hour') || !(start.isCertain('day') || start.isCertain('weekday'))) return false;
  if (ambiguous.test(text) || past.test(text)) return false;
  if (result.tags().has('result/relativeDate') && !relative.test(text)) return false;
  return dayOf({ start }) >= today;
}

function dayOf({ start }: Pick<ParsedResult, 'start'>): Day {
  const [year, month, day] = [start.get('year'), start.get('month'), start.get('day')];
  return dayFrom(year ?? 0, month ?? 0, day ?? 0);
}

function dayFrom(year: number, month: number, day: number): Day {
  return `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
}

/** The longest beginning or end of the words that names a day without a time. */
function withoutTime(language: typeof english, text: string, today: Day): string | undefined {
  const words = text.split(/(?<=\s)/);
  for (let count = words.length - 1; count > 0; count -= 1) {
    for (const part of [words.slice(0, count), words.slice(-count)]) {
      const candidate = part.join('').trim();
      const [named] = parse(language, candidate, today);
      if (named?.text === candidate && isDay(named, today)) return candidate;
    }
  }
  return undefined;
}

function dayAndMonthIn(text: string, today: Day): DayInText[] {
  const year = Number(today.slice(0, 4));
  return Array.from(text.matchAll(dayAndMonth)).flatMap((match) => {
    const [words, day, month] = match;
    const days = [year, year + 1].map((each) => dayFrom(each, Number(month), Number(day)));
    const next = days.find((each) => each >= today && isReal(each));
    return next === undefined ? [] : [{ start: match.index, end: match.index + words.length, day: next }];
  });
}

function isReal(day: Day): boolean {
  const date = new Date(`${day}T00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}
