import { wordsOf, type Word } from './words.ts';

/** One word of a query. */
export interface Term {
  /** How it may be written, the form that was typed first. */
  forms: string[];
  /** Whether it may go on. */
  isPrefix: boolean;
  /** How many words after the first one of its phrase. */
  offset: number;
}

/** Words that stand together, each at its offset. */
export type Phrase = Term[];

/** All its phrases must be in a text. */
export interface SearchQuery {
  phrases: Phrase[];
  /** As a tsquery: what a text must have, and by what its rank is counted. */
  condition: string;
  rank: string;
}

/** The time that a phrase takes grows with its words, where a text repeats them. What is longer is two phrases. */
const MOST_WORDS_IN_A_PHRASE = 5;
/** What follows these is not looked for. */
export const MOST_WORDS = 20;

const QUOTE = /[“”„«»]/gu;
const GROUP = /"([^"]*)("?)|[^\s"]+/gu;

/**
 * Reads what a person typed: all words must be there, those in quotes or without a space between them stand together,
 * and the last one may be unfinished.
 * @returns null where there is no word.
 */
export function parseQuery(typed: string): SearchQuery | null {
  const phrases: Phrase[] = [];
  let left = MOST_WORDS;
  const groups = [...typed.replaceAll(QUOTE, '"').matchAll(GROUP)]
    .map(([whole, quoted, end]) => ({ words: wordsOf(quoted ?? whole), isClosed: end === '"' }))
    .filter(({ words }) => words.length > 0);
  for (const [at, { words, isClosed }] of groups.entries()) {
    const terms = termsOf(words, at === groups.length - 1 && !isClosed).slice(0, left);
    left -= terms.length;
    for (let from = 0; from < terms.length; from += MOST_WORDS_IN_A_PHRASE) {
      phrases.push(terms.slice(from, from + MOST_WORDS_IN_A_PHRASE));
    }
  }
  if (phrases.length === 0) return null;
  const forms = phrases.flat().flatMap((term) => lexemesOf(term));
  return {
    phrases,
    condition: [...new Set(phrases.map(conditionOf))].join(' & '),
    // By OR, for the rank by AND compares the places of all words with each other.
    rank: [...new Set(forms)].join(' | '),
  };
}

function termsOf(words: Word[], isUnfinished: boolean): Term[] {
  return words.flatMap((word, at) => {
    const before = words[at - 1];
    // The last character of such a script is in the pair before it.
    if (word.isUnspaced && before?.isUnspaced && before.end === word.end) return [];
    const isAlone = word.isUnspaced && Array.from(word.exact).length === 1;
    const isLast = at === words.length - 1 && !word.isUnspaced;
    const forms = [...new Set(formsOf(word, at === 0 && words.length > 1))];
    return [{ forms, isPrefix: isAlone || (isLast && isUnfinished), offset: at }];
  });
}

function formsOf({ exact, plain }: Word, beginsCompound: boolean): string[] {
  return [
    exact,
    ...(plain === '' ? [] : [plain]),
    // German umlauts as they are typed without the keys for them.
    exact.replace(/[aou]e/gu, (letters) => UMLAUTS[letters] ?? letters),
    exact.replace(/[äöü]/gu, (letter) => SPELLED[letter] ?? letter),
    // 1.24 is in v1.24.
    ...(beginsCompound && /^\d+$/u.test(exact) ? [`v${exact}`] : []),
  ];
}

const UMLAUTS: Record<string, string> = { ae: 'ä', oe: 'ö', ue: 'ü' };
const SPELLED: Record<string, string> = { ä: 'ae', ö: 'oe', ü: 'ue' };

function conditionOf(phrase: Phrase): string {
  const [first, ...others] = phrase.map((term) => ({ offset: term.offset, sql: alternatives(term) }));
  let sql = first?.sql ?? '';
  let at = first?.offset ?? 0;
  for (const { offset, sql: next } of others) {
    sql += ` <${offset - at}> ${next}`;
    at = offset;
  }
  return `(${sql})`;
}

function alternatives(term: Term): string {
  return `(${lexemesOf(term).join(' | ')})`;
}

/** A word has no quote and no backslash: those separate words. */
function lexemesOf({ forms, isPrefix }: Term): string[] {
  return forms.map((form) => `'${form}'${isPrefix ? ':*' : ''}`);
}
