import { FLAGS, KEYS, type Key, type Kind, type Span } from './grammar.ts';
import { valuesOf } from './parse.ts';

/** The word before the cursor, which a completion replaces. */
export interface Word extends Span {
  /** The key of a value; null for a key. */
  key: Key | null;
  kind: Kind | null;
  /** What is typed of it so far, in lower case. */
  typed: string;
}

const TOKEN = /(?:"(?:[^"\\]|\\.)*"?|[^\s()"])+$/u;
const PARTS = /^-*([a-z]+):(?:[<>]=?|=)?(.*)$/isu;

/** The word that ends at the cursor. */
export function wordAt(text: string, cursor: number): Word {
  const before = text.slice(0, cursor);
  const token = TOKEN.exec(before)?.[0] ?? '';
  const [, name = '', values = ''] = PARTS.exec(token) ?? [];
  const key = name.toLowerCase();
  if (!Object.hasOwn(KEYS, key)) {
    const typed = token.replace(/^-+/, '');
    return {
      key: null,
      kind: null,
      typed: typed.toLowerCase(),
      offset: cursor - typed.length,
      length: typed.length,
    };
  }
  const start = lastValue(values);
  const typed = values.slice(start);
  const offset = cursor - values.length + start;
  const of = key as Key;
  return {
    key: of,
    kind: KEYS[of].kind,
    typed: typed.replace(/^"/, '').toLowerCase(),
    offset,
    length: typed.length,
  };
}

/** Words that can stand at the cursor, without names from the API. */
export function completionsAt({ kind, typed }: Word): readonly string[] {
  if (kind) return valuesOf(kind).filter((value) => value.startsWith(typed));
  const keys = Object.keys(KEYS).map((key) => `${key}:`);
  const flags = typed === '' ? [] : FLAGS.map((flag) => `is:${flag}`);
  return [
    ...keys.filter((key) => key.startsWith(typed)),
    ...flags.filter((flag) => flag.slice('is:'.length).startsWith(typed)),
  ];
}

/** After the last comma outside of quotes. */
function lastValue(values: string): number {
  let start = 0;
  let isQuoted = false;
  for (const [at, character] of values.split('').entries()) {
    if (character === '"') isQuoted = !isQuoted;
    else if (character === ',' && !isQuoted) start = at + 1;
  }
  return start;
}
