import { foldedWordsOf } from './words.ts';

/** tsvector weights of exact and plain words, in titles and in other texts. */
const TITLE = ['A', 'C'] as const;
const TEXT = ['B', 'D'] as const;

/** The search words of a task as text for `::tsvector`, equal to the table's trigger but ten times faster. */
export function taskVector({ title, description }: { title: string; description: string }): string {
  const titleEntries = entriesOf(title, TITLE, 0);
  return [...titleEntries, ...entriesOf(description, TEXT, titleEntries.length)].join(' ');
}

export function textVector(text: string): string {
  return entriesOf(text, TEXT, 0).join(' ');
}

/** Words contain no quotes or backslashes. */
function entriesOf(text: string, [exact, plain]: typeof TITLE | typeof TEXT, before: number): string[] {
  return foldedWordsOf(text).map((word, at) => {
    const place = before + at + 1;
    const entry = `'${word.exact}':${place}${exact}`;
    return word.plain === word.exact || word.plain === ''
      ? entry
      : `${entry} '${word.plain}':${place}${plain}`;
  });
}
