import type { Day } from '../filter-text/days.ts';
import { parseFilter } from '../filter-text/parse.ts';
import { quoted } from '../filter-text/print.ts';
import { daysInText } from '../quick-add/days-in-text.ts';
import { readQuickAdd } from '../quick-add/quick-add.ts';

/** Words with their conditions, the longest first. Each is removed from the text once it is understood. */
const WORDS: readonly [RegExp, string][] = [
  [/(?:due |fällig )?(?:this week|diese woche|in dieser woche)/, 'due:this-week'],
  [/(?:due |fällig )?(?:next week|nächste woche|kommende woche)/, 'due:next-week'],
  [/(?:due |fällig )?(?:this month|diesen monat|in diesem monat)/, 'due:this-month'],
  [/(?:due |fällig )?(?:next month|nächsten monat)/, 'due:next-month'],
  [/without (?:a )?(?:due )?date|ohne (?:fälligkeit|datum)/, 'no:due'],
  [/overdue|überfällig(?:e)?/, 'is:overdue'],
  [/in progress|in arbeit/, 'status:doing'],
  [/done|completed|erledigte?/, 'status:done'],
  [/cancelled|abgebrochene?/, 'status:cancelled'],
  [/assigned to me|mir zugewiesene?/, 'assignee:me'],
  [/mine|my|meine/, 'is:mine'],
  [/shared(?: with me)?|geteilte?/, 'is:shared'],
  [/urgent|dringende?/, 'priority:urgent'],
  [/high(?: priority)?|hohe priorität|hoch/, 'priority:high'],
  [/all|alle/, 'is:any'],
  [/open|offene?/, 'is:open'],
  [/tasks?|aufgaben?|due|fällig/, ''],
];

/** One condition of a filter as text. */
const CONDITION = /(?<=^|\s)-?[a-z]+:(?:[<>]=?|=)?(?:"[^"]*"|[^\s"]+)/gi;

const DECIDES_STATUS = /^(?:status:|is:(?:open|overdue|any))/;

/**
 * Reads what a person wants to list, such as `due this week #home !high`, in English or German. A filter as text is taken
 * as it is; words that mean nothing else are searched. Only open tasks, unless it says otherwise.
 */
export function listFilter(text: string, today: Day): string {
  if (isFilter(text)) return text;
  const conditions: string[] = [];
  const typed = text.replaceAll(CONDITION, (condition) => {
    if (!isFilter(condition)) return condition;
    conditions.push(condition);
    return ' ';
  });
  const daysIn = (words: string) => daysInText(words, today);
  // Markers first: a label can be called “done”.
  const signs = readQuickAdd(typed, { people: [], viewerId: undefined, kept: new Set(), daysIn: () => [] });
  for (const { kind, value } of signs.markers) {
    if (kind === 'priority') conditions.push(`priority:${value.toLowerCase()}`);
    if (kind === 'label') conditions.push(`label:${quoted(value)}`);
  }
  let rest = signs.title;
  for (const [words, condition] of WORDS) {
    const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(?:${words.source})(?![\\p{L}\\p{N}])`, 'iu');
    if (!pattern.test(rest)) continue;
    rest = rest.replace(pattern, ' ');
    if (condition !== '') conditions.push(condition);
  }
  rest = rest.replaceAll(/\s+/g, ' ').trim();
  const [day] = daysIn(rest);
  if (day) {
    conditions.push(`due:${day.day}`);
    rest = `${rest.slice(0, day.start)} ${rest.slice(day.end)}`;
  }
  const words = rest.replaceAll(/[\s,.!?]+/g, ' ').trim();
  if (words !== '') conditions.push(`text:${quoted(words.slice(0, LONGEST_WORDS))}`);
  if (!conditions.some((one) => DECIDES_STATUS.test(one))) conditions.push('is:open');
  return conditions.join(' ');
}

const LONGEST_WORDS = 200;

function isFilter(text: string): boolean {
  const { node, errors } = parseFilter(text);
  return node !== null && errors.length === 0;
}
