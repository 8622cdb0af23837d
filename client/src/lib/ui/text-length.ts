import { numberWords, plural } from '../language/format.ts';

/** The number of characters (code points), as the API counts them. */
export function charactersIn(text: string): number {
  return Array.from(text).length;
}

/** The error for a text that is too long; undefined if it fits. */
export function tooLong(what: string, text: string, most: number): string | undefined {
  return overLimit(what, charactersIn(text.trim().normalize('NFC')), most);
}

/** The error for a text with `length` characters; undefined if it fits. */
export function overLimit(what: string, length: number, most: number): string | undefined {
  const over = length - most;
  if (over <= 0) return undefined;
  const characters = plural(over, ['# character', '# characters']);
  return `${what} is ${characters} too long; the limit is ${numberWords(most)}.`;
}

/** The first characters of a text, without splitting any. */
export function beginningOf(text: string, most: number): string {
  return Array.from(text).slice(0, most).join('');
}
