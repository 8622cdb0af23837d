import type { Phrase, SearchQuery, Term } from './query.ts';
import { foldedWordsOf, wordsOf, type FoldedWord, type Word } from './words.ts';

export interface SnippetPart {
  text: string;
  matched: boolean;
}

interface Range {
  start: number;
  end: number;
}

const WINDOW = 2_000;
const PASSAGE = 160;
const AHEAD = 50;
const MOST_PASSAGES = 2;
const BETWEEN = ' … ';

/** A short text as a whole, and the beginning of a text without matches. */
export function snippetOf(text: string, phrases: Phrase[]): SnippetPart[] {
  if (text.length <= PASSAGE) return marked(text, phrases);
  const matches = firstMatches(text, phrases);
  const passages = passagesOf(text, matches);
  return passages.flatMap((passage, at) => [
    ...(passage.start > (passages[at - 1]?.end ?? 0)
      ? [{ text: at > 0 ? BETWEEN : '… ', matched: false }]
      : []),
    ...partsOf(text, passage, matches),
    ...(at === passages.length - 1 && passage.end < text.length ? [{ text: ' …', matched: false }] : []),
  ]);
}

export interface Highlights {
  title: SnippetPart[];
  description: SnippetPart[];
}

/** Matches in the title, and in passages of the description for words that the title lacks. */
export function highlightsOf(
  { title, description }: { title: string; description: string },
  { phrases }: SearchQuery,
): Highlights {
  const words = foldedWordsOf(title);
  const others = phrases.filter((phrase) => !isIn(words, [phrase]));
  const snippet = others.length > 0 ? snippetOf(description, others) : [];
  return {
    title: marked(title, phrases),
    description: snippet.some(({ matched }) => matched) ? snippet : [],
  };
}

function marked(text: string, phrases: Phrase[]): SnippetPart[] {
  return partsOf(text, { start: 0, end: text.length }, matchesIn(text, phrases));
}

function firstMatches(text: string, phrases: Phrase[]): Range[] {
  const near = Math.max(0, whereWritten(text, phrases) - AHEAD * 2);
  for (const from of new Set([edgeBefore(text, near), ...windowsOf(text)])) {
    const window = text.slice(from, from + WINDOW);
    // Faster without offsets.
    if (!isIn(foldedWordsOf(window), phrases)) continue;
    const matches = matchesIn(window, phrases);
    if (matches.length > 0)
      return matches.map(({ start, end }) => ({ start: start + from, end: end + from }));
  }
  return [];
}

function* windowsOf(text: string): Generator<number> {
  for (let from = 0; from < text.length; from += WINDOW - AHEAD) yield edgeBefore(text, from);
}

/** Finds a form as written, which is usually a match and faster. */
function whereWritten(text: string, phrases: Phrase[]): number {
  const lower = text.toLowerCase();
  const places = phrases.flat().flatMap(({ forms }) => forms.map((form) => lower.indexOf(form)));
  const found = places.filter((place) => place >= 0);
  return found.length > 0 ? Math.min(...found) : 0;
}

function matchesIn(text: string, phrases: Phrase[]): Range[] {
  const words = wordsOf(text);
  const found = words.flatMap((_, at) => phrases.flatMap((phrase) => matchAt(words, at, phrase)));
  const matches: Range[] = [];
  for (const { start, end } of found.sort((a, b) => a.start - b.start)) {
    const last = matches.at(-1);
    if (last && start < last.end) last.end = Math.max(last.end, end);
    else matches.push({ start, end });
  }
  return matches;
}

function isIn(words: readonly FoldedWord[], phrases: Phrase[]): boolean {
  return words.some((_, at) => phrases.some((phrase) => standsAt(words, at, phrase)));
}

function standsAt(words: readonly FoldedWord[], at: number, phrase: Phrase): boolean {
  const first = phrase[0]?.offset ?? 0;
  return phrase.every((term) => {
    const word = words[at + term.offset - first];
    return word !== undefined && isMatch(word, term);
  });
}

function matchAt(words: Word[], at: number, phrase: Phrase): Range[] {
  if (!standsAt(words, at, phrase)) return [];
  const first = phrase[0]?.offset ?? 0;
  return phrase.flatMap((term) => {
    const word = words[at + term.offset - first];
    return word ? [rangeOf(word, term)] : [];
  });
}

function isMatch({ exact, plain }: FoldedWord, { forms, isPrefix }: Term): boolean {
  return forms.some((form) =>
    isPrefix ? exact.startsWith(form) || plain.startsWith(form) : exact === form || plain === form,
  );
}

/** A single character of a script without spaces is half of a pair. */
function rangeOf(word: Word, { forms, isPrefix }: Term): Range {
  const length = word.isUnspaced && isPrefix ? (forms[0]?.length ?? 0) : word.end - word.start;
  return { start: word.start, end: Math.min(word.end, word.start + length) };
}

function passagesOf(text: string, matches: Range[]): Range[] {
  const passages: Range[] = [];
  for (const { start } of matches) {
    const last = passages.at(-1);
    if (last && start < last.end) continue;
    if (passages.length === MOST_PASSAGES) break;
    passages.push(passageAt(text, Math.max(start - AHEAD, last?.end ?? 0), start));
  }
  return passages.length > 0 ? passages : [passageAt(text, 0, 0)];
}

function passageAt(text: string, from: number, latest: number): Range {
  const start = Math.min(edgeAfter(text, from), latest);
  return { start, end: edgeBefore(text, Math.min(text.length, start + PASSAGE), start) };
}

function partsOf(text: string, { start, end }: Range, matches: Range[]): SnippetPart[] {
  const parts: SnippetPart[] = [];
  let at = start;
  for (const match of matches.filter((match) => match.start < end && match.end > start)) {
    const [from, to] = [Math.max(match.start, start), Math.min(match.end, end)];
    parts.push({ text: text.slice(at, from), matched: false }, { text: text.slice(from, to), matched: true });
    at = to;
  }
  parts.push({ text: text.slice(at, end), matched: false });
  return parts.filter(({ text }) => text !== '');
}

const LONGEST_STEP = 30;

/** The offset after the previous space, or nearby if there is none; never inside a character. */
function edgeBefore(text: string, at: number, least = 0): number {
  if (at >= text.length) return text.length;
  for (let place = at; place > Math.max(least, at - LONGEST_STEP); place -= 1) {
    if (/\s/u.test(text[place - 1] ?? '')) return place;
  }
  return whole(text, at);
}

function edgeAfter(text: string, at: number): number {
  if (at <= 0) return 0;
  for (let place = at; place < at + LONGEST_STEP; place += 1) {
    if (/\s/u.test(text[place - 1] ?? '')) return place;
  }
  return whole(text, at);
}

function whole(text: string, at: number): number {
  return /[\udc00-\udfff]/u.test(text[at] ?? '') ? at - 1 : at;
}
