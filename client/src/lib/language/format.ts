import { language } from './language.ts';

/** The BCP 47 tag for the formats of numbers and dates. */
export function locale(): string {
  return language() === 'en' ? 'en-GB' : language();
}

/** Marks a text that is shown, where the first letter does not tell: one with a small letter. */
export function msg(text: string): string {
  return text;
}

/** The form for a number, of one and of other numbers. `#` stands for the number. */
export function plural(count: number, [one = '', other = '']: readonly string[]): string {
  const form = new Intl.PluralRules(locale()).select(count) === 'one' ? one : other;
  return form.replace('#', numberWords(count));
}

export function numberWords(number: number, options?: Intl.NumberFormatOptions): string {
  return number.toLocaleString(locale(), options);
}

export function dateWords(date: Date, options: Intl.DateTimeFormatOptions): string {
  return date.toLocaleString(locale(), options);
}

/** “a, b and c” */
export function listWords(parts: readonly string[]): string {
  return new Intl.ListFormat(locale()).format(parts);
}

/** A label within a sentence. Only English writes all of them small there. */
export function withinSentence(label: string): string {
  return language() === 'en' ? label.toLowerCase() : label;
}

/** “1–7 Dec 2026” */
export function rangeWords(from: Date, to: Date, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(locale(), options).formatRange(from, to);
}
