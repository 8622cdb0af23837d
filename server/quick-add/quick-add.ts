import type { Day } from '../filter-text/days.ts';
import type { PRIORITIES } from '../filter-text/grammar.ts';
import type { DayInText } from './days-in-text.ts';

type TaskPriority = (typeof PRIORITIES)[keyof typeof PRIORITIES];

/** A part of a typed text that sets a field of the task. */
export type Marker = { start: number; end: number } & (
  | { kind: 'due'; value: Day }
  | { kind: 'priority'; value: TaskPriority }
  | { kind: 'label'; value: string }
  | { kind: 'assignee'; value: string; name: string }
);

export interface QuickAdd {
  /** The text without its markers. */
  title: string;
  /** In the order of the text. */
  markers: Marker[];
}

interface Person {
  id: string;
  name: string;
}

interface Known {
  /** The people that the task can be assigned to. */
  people: readonly Person[];
  /** The person who types. */
  viewerId: string | undefined;
  /** Markers that the person wants to keep in the title. */
  kept: ReadonlySet<string>;
  daysIn: (text: string) => readonly DayInText[];
}

const priorities: Record<string, TaskPriority> = {
  low: 'LOW',
  medium: 'MEDIUM',
  high: 'HIGH',
  urgent: 'URGENT',
  niedrig: 'LOW',
  mittel: 'MEDIUM',
  hoch: 'HIGH',
  dringend: 'URGENT',
};

/** The API's limit. */
const longestLabel = 50;

/** Quoted text, and a word that begins with an escaped sign. */
const literal = /"[^"]*"|“[^”]*”|„[^“”]*[“”]|(?<=^|\s)\\[#!@]\S*/g;
const escape = /(?<=^|\s)\\(?=[#!@])/g;
/** A sign that is typed at the beginning of a word. */
const sign = /(?<=^|\s)[#!@]/g;
const plainLabel = /^\p{L}[\p{L}\p{M}\p{N}_-]*/u;
const quotedLabel = /^"([^"]+)"/;
const endsWord = /^(?:$|[^\p{L}\p{N}])/u;

/**
 * Reads `Call Bob tomorrow !high #home @ada`. Quoted text stays as it is; a backslash before a sign keeps it. A text
 * without markers is the title, to the character. Of several days, priorities or people the last one counts.
 */
export function readQuickAdd(text: string, known: Known): QuickAdd {
  const hidden = hide(
    text,
    Array.from(text.matchAll(literal), ({ index, 0: words }) => ({ start: index, end: index + words.length }))
      // A label can be quoted itself.
      .filter(({ start }) => !/(?:^|\s)#$/.test(text.slice(0, start))),
  );
  const signs = Array.from(hidden.matchAll(sign)).flatMap(({ index, 0: first }): Marker[] => {
    const marker = markerAt(text, index, first, known);
    return marker && !isKept(text, marker, known) ? [marker] : [];
  });
  const days = known
    .daysIn(hide(hidden, signs))
    .map(({ start, end, day }): Marker => ({ kind: 'due', start, end, value: day }))
    .filter((marker) => !isKept(text, marker, known));
  const all = [...signs, ...days].sort((one, other) => one.start - other.start);
  const markers = all.filter((marker, place) => {
    return marker.kind === 'label' || all.slice(place + 1).every(({ kind }) => kind !== marker.kind);
  });
  return { title: titleOf(text, markers), markers };
}

interface Values {
  dueOn?: Day;
  priority?: TaskPriority;
  assigneeId?: string;
  labels?: string[];
}

/** The values of the markers, as an input of the API. */
export function valuesOf(markers: readonly Marker[]): Values {
  const values: Values = {};
  const labels = new Set<string>();
  for (const marker of markers) {
    if (marker.kind === 'due') values.dueOn = marker.value;
    else if (marker.kind === 'priority') values.priority = marker.value;
    else if (marker.kind === 'assignee') values.assigneeId = marker.value;
    else labels.add(marker.value);
  }
  return labels.size > 0 ? { ...values, labels: [...labels] } : values;
}

/** A label or name that is being typed. */
export interface Unfinished {
  kind: 'label' | 'assignee';
  /** The place of its sign. */
  start: number;
  typed: string;
}

/** What the person types at the cursor, if it is a label or a name. */
export function unfinishedAt(text: string, cursor: number): Unfinished | undefined {
  const match = /(?<=^|\s)([#@])("?[^\s"][^"#@]{0,49}|)$/u.exec(text.slice(0, cursor));
  if (!match) return undefined;
  const [, first = '', typed = ''] = match;
  // A name can have several words, a plain label cannot.
  if (first === '#' && !typed.startsWith('"') && /\s/.test(typed)) return undefined;
  return {
    kind: first === '#' ? 'label' : 'assignee',
    start: match.index,
    typed: typed.replace(/^"/, ''),
  };
}

/** The text with a finished label or name, and the cursor behind it. */
export function finish(
  text: string,
  cursor: number,
  { kind, start }: Unfinished,
  value: string,
): { text: string; cursor: number } {
  const isPlain = plainLabel.exec(value)?.[0] === value;
  const marker = kind === 'assignee' ? `@${value}` : isPlain ? `#${value}` : `#"${value}"`;
  const rest = text.slice(cursor);
  const before = `${text.slice(0, start)}${marker}${/^\s/.test(rest) ? '' : ' '}`;
  return { text: before + rest, cursor: before.length };
}

/** Replaces parts by signs that are no words, so that other places stay the same. */
function hide(text: string, parts: readonly { start: number; end: number }[]): string {
  let hidden = text;
  for (const { start, end } of parts)
    hidden = hidden.slice(0, start) + '|'.repeat(end - start) + hidden.slice(end);
  return hidden;
}

function isKept(text: string, { start, end }: Marker, { kept }: Known): boolean {
  return kept.has(text.slice(start, end));
}

function markerAt(text: string, start: number, first: string, known: Known): Marker | undefined {
  const rest = text.slice(start + 1);
  if (first === '!') {
    const [word] = /^\p{L}+/u.exec(rest) ?? [];
    const value = word && Object.hasOwn(priorities, word.toLowerCase()) && priorities[word.toLowerCase()];
    return value ? { kind: 'priority', start, end: start + 1 + word.length, value } : undefined;
  }
  if (first === '#') {
    const quoted = quotedLabel.exec(rest);
    const value = quoted?.[1]?.trim() ?? plainLabel.exec(rest)?.[0] ?? '';
    if (value === '' || value.length > longestLabel) return undefined;
    return { kind: 'label', start, end: start + 1 + (quoted?.[0] ?? value).length, value };
  }
  const person = personAt(rest, known);
  if (!person) return undefined;
  const { id, name, length } = person;
  return { kind: 'assignee', start, end: start + 1 + length, value: id, name };
}

/** By the whole name, or by the first name if only one person has it; `@me` is the viewer. */
function personAt(rest: string, { people, viewerId }: Known): (Person & { length: number }) | undefined {
  const begins = (name: string) =>
    rest.slice(0, name.length).toLowerCase() === name.toLowerCase() && endsWord.test(rest.slice(name.length));
  const whole = people.filter(({ name }) => begins(name));
  const [longest] = whole.sort((one, other) => other.name.length - one.name.length);
  if (longest) return { ...longest, length: longest.name.length };
  const word = /^\S+?(?=[.,;:!?)]*(?:\s|$))/.exec(rest)?.[0] ?? '';
  const isViewer = ['me', 'mich', 'ich'].includes(word.toLowerCase());
  const named = people.filter(({ id, name }) =>
    isViewer ? id === viewerId : name.split(/\s/)[0]?.toLowerCase() === word.toLowerCase(),
  );
  const [only] = named;
  return only && named.length === 1 && word !== '' ? { ...only, length: word.length } : undefined;
}

function titleOf(text: string, markers: readonly Marker[]): string {
  let title = text;
  for (const { start, end } of markers.toReversed()) {
    const before = title.slice(0, start);
    const rest = title.slice(end);
    if (rest.trim() === '') title = before.replace(/[\s,;–-]+$/, '');
    else if (/^[,.;:!?]/.test(rest)) title = before.trimEnd() + rest;
    else title = before.trim() === '' || /\s$/.test(before) ? before + rest.trimStart() : before + rest;
  }
  return title.replaceAll(escape, '');
}
