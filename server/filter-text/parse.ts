import { dayWord, DAY_WORDS } from './days.ts';
import {
  FLAGS,
  group,
  KEYS,
  LONGEST_FILTER,
  LONGEST_WORDS,
  MOST_VALUES,
  negation,
  NULLABLE,
  OPERATORS,
  operatorsOf,
  PRIORITIES,
  STATUSES,
  takesMany,
  type Condition,
  type ErrorCode,
  type FilterError,
  type Group,
  type Key,
  type Kind,
  type Node,
  type Operator,
  type Span,
  type Value,
} from './grammar.ts';

export interface Parsed {
  /** Null for a text without conditions, and after an error. */
  node: Node | null;
  errors: FilterError[];
}

/** A structural error, after which the rest of the text cannot be read. */
class Stop extends Error {}

const MOST_ERRORS = 10;

const SPACE = /\s*/y;
const WORD = /[^\s()",:]*/y;
const BARE = /[^\s()",]+/y;
/** Not followed by more of a word. */
const KEYWORD = { and: /and(?![^\s()])/iy, or: /or(?![^\s()])/iy, not: /not(?![^\s()])/iy };
const SPAN_OF_DAYS = /(?:last|this|next) (?:week|month|year)(?![^\s(),])/iy;
const INVALID = /\0|\p{Surrogate}/u;

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/;
const SLUG = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const EMAIL = /^[^@\s]+@[^@\s]+$/;
const ID = '_[0-7][0-9a-hjkmnp-tv-z]{25}$';
const isUserId = new RegExp(`^user${ID}`);
const isTeamId = new RegExp(`^team${ID}`);
const isTaskId = new RegExp(`^task${ID}`);

/** Parses a filter. Reports all wrong words, and the first error in the structure. */
export function parseFilter(text: string): Parsed {
  const reader = new Reader(text);
  return reader.read();
}

class Reader {
  readonly #text: string;
  readonly #errors: FilterError[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Parsed {
    const text = this.#text;
    let node: Node | null = null;
    try {
      if (text.length > LONGEST_FILTER)
        this.#stop(
          'TOO_LONG',
          `A filter can have at most ${LONGEST_FILTER.toLocaleString('en')} characters.`,
          {
            offset: LONGEST_FILTER,
            length: text.length - LONGEST_FILTER,
          },
        );
      const invalid = INVALID.exec(text);
      if (invalid)
        this.#stop('INVALID_CHARACTER', 'This character cannot be stored.', {
          offset: invalid.index,
          length: 1,
        });
      this.#skip();
      if (this.#at < text.length) {
        node = this.#alternatives();
        if (this.#at < text.length)
          this.#stop('UNEXPECTED_PARENTHESIS', 'There is no “(” for this “)”.', {
            offset: this.#at,
            length: 1,
          });
      }
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
    }
    return { node: this.#errors.length > 0 ? null : node, errors: this.#errors };
  }

  #alternatives(): Node {
    return this.#group(
      'or',
      () => this.#all(),
      () => this.#takes(KEYWORD.or) !== null,
    );
  }

  #all(): Node {
    const hasMore = () =>
      this.#takes(KEYWORD.and) !== null ||
      (this.#at < this.#text.length && this.#next() !== ')' && !this.#sees(KEYWORD.or));
    return this.#group('and', () => this.#one(), hasMore);
  }

  #group(type: Group['type'], part: () => Node, hasMore: () => boolean): Node {
    const offset = this.#at;
    const parts = [part()];
    let end = this.#at;
    this.#skip();
    while (hasMore()) {
      this.#skip();
      parts.push(part());
      end = this.#at;
      this.#skip();
    }
    return group(type, parts, { offset, length: end - offset });
  }

  #one(): Node {
    const offset = this.#at;
    const isNot = this.#takes(KEYWORD.not) !== null;
    if (isNot) this.#skip();
    if (isNot || this.#next() === '-') {
      if (!isNot) this.#at += 1;
      const part = this.#one();
      return negation(part, this.#since(offset));
    }
    if (this.#next() !== '(') return this.#condition();
    this.#at += 1;
    this.#skip();
    const inner = this.#alternatives();
    if (this.#next() !== ')')
      this.#stop('UNCLOSED_PARENTHESIS', 'Expected “)” for this “(”.', { offset, length: 1 });
    this.#at += 1;
    return { ...inner, ...this.#since(offset) };
  }

  #condition(): Node {
    const offset = this.#at;
    const word = this.#takes(WORD) ?? '';
    const keySpan = this.#since(offset);
    if (word === '' || this.#next() !== ':') this.#refuseWord(offset, word);
    this.#at += 1;
    const key = word.toLowerCase();
    if (!isKey(key)) {
      this.#fail(
        'UNKNOWN_KEY',
        `There is no key “${word}”. Expected ${listed(Object.keys(KEYS))}.`,
        keySpan,
        {
          word,
          expected: Object.keys(KEYS),
        },
      );
      this.#values(null);
      return unknown(this.#since(offset));
    }
    const { kind } = KEYS[key];
    const operatorAt = this.#at;
    const operator: Operator = OPERATORS.find((each) => this.#text.startsWith(each, this.#at)) ?? '';
    this.#at += operator.length;
    if (operator !== '' && !operatorsOf(kind).includes(operator)) {
      const expected = operatorsOf(kind);
      this.#fail(
        'UNEXPECTED_OPERATOR',
        expected.length > 0
          ? `“${key}:” does not take “${operator}”. Expected ${listed(expected)} or a value.`
          : `“${key}:” does not take “${operator}”. Expected a value.`,
        this.#since(operatorAt),
        { word: operator, expected },
      );
    }
    const values = this.#values({ key, kind });
    const extra = values[takesMany(kind, operator) ? MOST_VALUES : 1];
    if (extra)
      this.#fail(
        'TOO_MANY_VALUES',
        takesMany(kind, operator)
          ? `A condition can have at most ${MOST_VALUES} values.`
          : `“${key}:${operator}” takes one value.`,
        extra,
        { word: extra.text },
      );
    const read = values.map((value) => this.#checked(key, kind, operator, value));
    return { type: 'condition', key, operator, values: read, ...this.#since(offset) };
  }

  /** Reads values that are separated by commas. @param of null for an unknown key. */
  #values(of: { key: Key; kind: Kind } | null): Value[] {
    const values: Value[] = [];
    do {
      if (values.length > 0) {
        this.#at += 1;
        this.#skip();
      }
      const offset = this.#at;
      const text = this.#value(of?.kind);
      if (text === null) {
        if (of) this.#refuseValue(of.key, of.kind, { offset, length: this.#next().length }, '');
        break;
      }
      values.push({ text, ...this.#since(offset) });
    } while (this.#next() === ',');
    return values;
  }

  /** Null without a value. */
  #value(kind: Kind | undefined): string | null {
    if (this.#next() === '"') return this.#quoted();
    if (kind === 'day' || kind === 'time') {
      const span = this.#takes(SPAN_OF_DAYS);
      if (span !== null) return span;
    }
    return this.#takes(BARE);
  }

  /** `\"` and `\\` are a quote and a backslash. */
  #quoted(): string {
    const offset = this.#at;
    let value = '';
    for (let at = offset + 1; at < this.#text.length; at += 1) {
      const character = this.#text[at] ?? '';
      if (character === '"') {
        this.#at = at + 1;
        return value;
      }
      const escaped = this.#text[at + 1];
      if (character === '\\' && (escaped === '"' || escaped === '\\')) {
        value += escaped;
        at += 1;
      } else value += character;
    }
    this.#stop('UNCLOSED_QUOTE', 'Expected a closing quote (").', {
      offset,
      length: this.#text.length - offset,
    });
  }

  #checked(key: Key, kind: Kind, operator: Operator, value: Value): Value {
    const text = canonical(kind, operator, value.text);
    if (text !== null) return { ...value, text };
    this.#refuseValue(key, kind, value, value.text);
    return value;
  }

  #refuseValue(key: Key, kind: Kind, span: Span, word: string): void {
    if (this.#errors.some(({ offset, length }) => offset === span.offset && length === span.length)) return;
    const expected = valuesOf(kind);
    const wanted = expected.length > 0 && kind !== 'day' ? listed(expected) : WANTED[kind];
    if (word === '')
      this.#stop('EXPECTED_VALUE', `Expected a value after “${key}:”: ${wanted}.`, span, {
        word: key,
        expected,
      });
    this.#fail('INVALID_VALUE', `“${word}” is not a value of “${key}:”. Expected ${wanted}.`, span, {
      word,
      expected,
    });
  }

  #refuseWord(offset: number, word: string): never {
    if (word === '') {
      const next = this.#next();
      const value = next === '"' ? this.#quoted() : null;
      if (value === null)
        this.#stop('EXPECTED_CONDITION', 'Expected a condition, such as status:todo.', {
          offset,
          length: next.length,
        });
      word = value;
    }
    this.#stop(
      'NOT_A_CONDITION',
      `“${word}” is not a condition. Expected a key and a value, such as status:todo or text:"${word}".`,
      this.#since(offset),
      { word },
    );
  }

  #skip(): void {
    this.#takes(SPACE);
  }

  #next(): string {
    return this.#text[this.#at] ?? '';
  }

  #sees(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    return pattern.test(this.#text);
  }

  #takes(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const [found = null] = pattern.exec(this.#text) ?? [];
    this.#at += found?.length ?? 0;
    return found;
  }

  #since(offset: number): Span {
    return { offset, length: this.#at - offset };
  }

  #fail(
    code: ErrorCode,
    message: string,
    { offset, length }: Span,
    { word = '', expected = [] }: Partial<Pick<FilterError, 'word' | 'expected'>> = {},
  ): void {
    this.#errors.push({ code, message, offset, length, word, expected });
    if (this.#errors.length === MOST_ERRORS) throw new Stop();
  }

  #stop(
    code: ErrorCode,
    message: string,
    at: Span,
    about: Partial<Pick<FilterError, 'word' | 'expected'>> = {},
  ): never {
    this.#fail(code, message, at, about);
    throw new Stop();
  }
}

/** The fixed values of a kind; empty if others are possible, except for days. */
export function valuesOf(kind: Kind): readonly string[] {
  if (kind === 'status') return Object.keys(STATUSES);
  if (kind === 'priority') return Object.keys(PRIORITIES);
  if (kind === 'flag') return FLAGS;
  if (kind === 'key') return NULLABLE;
  return kind === 'day' || kind === 'time' ? DAY_WORDS : [];
}

const A_DAY = 'a day such as 2026-11-30, today, +7d, -3d or next-week';

const WANTED: Record<Kind, string> = {
  status: 'a status',
  priority: 'a priority',
  day: A_DAY,
  time: `${A_DAY}, or with <, <=, > or >= a time such as 2026-11-30T12:00:00Z`,
  label: 'a label; use quotes if it has spaces',
  person: 'me, an email address or the id of a person',
  team: 'the slug or the id of a team',
  task: 'the id of a task',
  title: 'a part of the title; use quotes if it has spaces',
  words: `words in quotes, at most ${LONGEST_WORDS} characters`,
  flag: 'a property',
  key: 'a key',
};

function canonical(kind: Kind, operator: Operator, text: string): string | null {
  const word = text.toLowerCase();
  const listed = kind === 'day' || kind === 'time' ? [] : valuesOf(kind);
  if (listed.length > 0) return listed.includes(word) ? word : null;
  if (kind === 'day') return dayWord(text);
  if (kind === 'time') return dayWord(text) ?? (operator === '' ? null : timeOf(text));
  if (kind === 'person') return word === 'me' ? word : isUserId.test(text) || EMAIL.test(text) ? text : null;
  if (kind === 'team') return isTeamId.test(text) || SLUG.test(word) ? word : null;
  if (kind === 'task') return isTaskId.test(text) ? text : null;
  const isBounded = kind === 'words' || (kind === 'title' && operator === '');
  return isBounded && Array.from(text).length > LONGEST_WORDS ? null : text;
}

function timeOf(text: string): string | null {
  const at = TIME.test(text) ? new Date(text) : null;
  if (!at || Number.isNaN(at.getTime())) return null;
  const time = at.toISOString();
  return /^(?!0000)\d{4}-/.test(time) ? time : null;
}

function isKey(word: string): word is Key {
  return Object.hasOwn(KEYS, word);
}

function unknown(span: Span): Condition {
  return { type: 'condition', key: 'is', operator: '', values: [{ text: 'any', ...span }], ...span };
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
