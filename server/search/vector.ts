import { foldedWordsOf } from './words.ts';

/** Weights of a word as it is written, and of its plain form: in titles, and in all other texts. */
const TITLE = ['A', 'C'] as const;
const TEXT = ['B', 'D'] as const;

/** The search words of a task, as text for `::tsvector`: what the trigger of the table makes, for a tenth of its time. */
export function taskVector({ title, description }: { title: string; description: string }): string {
  const titleEntries = entriesOf(title, TITLE, 0);
  return [...titleEntries, ...entriesOf(description, TEXT, titleEntries.length)].join(' ');
}

/** The search words of a comment or a message. */
export function textVector(text: string): string {
  return entriesOf(text, TEXT, 0).join(' ');
}

/** One entry for each word; no word has a quote or a backslash. */
function entriesOf(text: string, [exact, plain]: typeof TITLE | typeof TEXT, before: number): string[] {
  return foldedWordsOf(text).map((word, at) => {
    const place = before + at + 1;
    const entry = `'${word.exact}':${place}${exact}`;
    return word.plain === word.exact || word.plain === ''
      ? entry
      : `${entry} '${word.plain}':${place}${plain}`;
  });
}
