import { locale } from './format.ts';

const MONDAY = 1;

/** A method in some browsers, a property in others, and missing in the rest. */
interface WeekInfo {
  firstDay: number;
}

/**
 * The first day of the week, 1 for Monday to 7 for Sunday, in the person's language: with their region, if the browser
 * tells it.
 */
export function firstWeekday(tags: readonly string[] = navigator.languages): number {
  const language = locale().slice(0, 2);
  const tag = tags.find((each) => each.slice(0, 2) === language) ?? locale();
  try {
    const known: Partial<Record<'weekInfo', WeekInfo> & { getWeekInfo: () => WeekInfo }> = new Intl.Locale(
      tag,
    );
    return (known.getWeekInfo?.() ?? known.weekInfo)?.firstDay ?? MONDAY;
  } catch {
    return MONDAY;
  }
}
