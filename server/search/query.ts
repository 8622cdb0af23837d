import { wordsOf, type Word } from './words.ts';

export interface Term {
  forms: string[];
  isPrefix: boolean;
  offset: number;
}

export type Phrase = Term[];

export interface SearchQuery {
  phrases: Phrase[];
  /** tsqueries: the condition, and the one for ranking. */
  condition: string;
  rank: string;
}

/** The cost of a phrase grows with its words if a text repeats them. Longer phrases are split. */
const MOST_WORDS_IN_A_PHRASE = 5;
/** Further words are ignored. */
export const MOST_WORDS = 20;

const QUOTE = /[“”„«»]/gu;
const GROUP = /"([^"]*)("?)|[^\s"]+/gu;

/** All words must match; words in quotes or joined without spaces must be adjacent. The last one may be incomplete. */
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
    // OR, since ranking by AND compares the positions of all words.
    rank: [...new Set(forms)].join(' | '),
  };
}

function termsOf(words: Word[], isUnfinished: boolean): Term[] {
  return words.flatMap((word, at) => {
    const before = words[at - 1];
    // The last character of such a script is part of the previous pair.
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
    exact.replace(/[aou]e/gu, (letters) => UMLAUTS[letters] ?? letters),
    exact.replace(/[äöü]/gu, (letter) => SPELLED[letter] ?? letter),
    // "1.24" matches "v1.24".
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

/** Words contain no quotes or backslashes. */
function lexemesOf({ forms, isPrefix }: Term): string[] {
  return forms.map((form) => `'${form}'${isPrefix ? ':*' : ''}`);
}
