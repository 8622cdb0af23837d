import { dayAfter, daysOf, FIRST_DAY, startOfDay, type Day, type Days } from './days.ts';
import {
  DEEPEST,
  KEYS,
  MOST_CONDITIONS,
  MOST_VALUES,
  PRIORITIES,
  STATUSES,
  type Condition,
  type ErrorCode,
  type FilterError,
  type Key,
  type Node,
  type Operator,
  type Span,
  type Value,
} from './grammar.ts';

type Conditions = Record<string, unknown>;

/** A `TaskFilter` as JSON. */
export interface FilterJson {
  [field: string]: unknown;
  and?: FilterJson[] | null;
  or?: FilterJson[] | null;
  not?: FilterJson | null;
}

/** What words mean for a viewer. */
export interface Meaning {
  viewerId: string;
  today: Day;
  timezone: string;
  /** Ids by address in lower case. */
  people: Pick<ReadonlyMap<string, string>, 'get'>;
  /** Ids by slug. */
  teams: Pick<ReadonlyMap<string, string>, 'get'>;
}

/** For filters of which only the shape matters. */
export const SHAPE_ONLY: Meaning = {
  viewerId: '',
  today: '2000-01-01',
  timezone: 'UTC',
  people: { get: () => '' },
  teams: { get: () => '' },
};

/** The names in a filter that only the API knows. */
export function namesIn(node: Node | null): { emails: Set<string>; slugs: Set<string>; hasDays: boolean } {
  const names = { emails: new Set<string>(), slugs: new Set<string>(), hasDays: false };
  const visit = (each: Node): void => {
    if (each.type === 'not') visit(each.part);
    else if (each.type !== 'condition') each.parts.forEach(visit);
    else {
      const { kind } = KEYS[each.key];
      names.hasDays ||= kind === 'day' || kind === 'time' || kind === 'flag';
      for (const { text } of each.values) {
        if (kind === 'person' && text.includes('@')) names.emails.add(text.toLowerCase());
        if (kind === 'team' && !isId(text)) names.slugs.add(text);
      }
    }
  };
  if (node) visit(node);
  return names;
}

/** The filter of a parsed text, for a viewer. Errors are unknown names and exceeded limits. */
export function toFilter(node: Node | null, meaning: Meaning): { filter: FilterJson; errors: FilterError[] } {
  const errors: FilterError[] = [];
  const filter = node ? new Translation(meaning, errors).filterOf(node) : {};
  return { filter: errors.length > 0 ? {} : filter, errors };
}

const NOTHING: FilterJson = { or: [] };
const EVERYTHING: FilterJson = { and: [] };

class Translation {
  readonly #meaning: Meaning;
  readonly #errors: FilterError[];

  constructor(meaning: Meaning, errors: FilterError[]) {
    this.#meaning = meaning;
    this.#errors = errors;
  }

  filterOf(node: Node): FilterJson {
    const filter = this.#filterOf(node);
    // The smallest part that exceeds a limit is reported.
    if (this.#errors.some(({ code }) => code === 'TOO_DEEP' || code === 'TOO_MANY_CONDITIONS')) return filter;
    if (depthOf(filter) > DEEPEST)
      this.#fail('TOO_DEEP', `A filter can be nested at most ${DEEPEST} levels deep.`, node);
    else if (conditionsIn(filter) > MOST_CONDITIONS)
      this.#fail('TOO_MANY_CONDITIONS', `A filter can have at most ${MOST_CONDITIONS} conditions.`, node);
    return filter;
  }

  #filterOf(node: Node): FilterJson {
    if (node.type === 'condition') return this.#condition(node);
    if (node.type === 'not') return opposite(this.filterOf(node.part));
    const parts = node.parts.map((part) => this.filterOf(part));
    return node.type === 'or' ? { or: parts } : parts.reduce(both, {});
  }

  #condition({ key, operator, values }: Condition): FilterJson {
    const { kind, field } = KEYS[key];
    const texts = values.map(({ text }) => text);
    const [text = ''] = texts;
    if (kind === 'flag') return this.#flag(text);
    if (kind === 'key') return isMissing(text as Key, key === 'no');
    if (kind === 'words') return { [field]: text };
    if (kind === 'label') return { [field]: texts.length > 1 ? { hasSome: texts } : { has: text } };
    if (kind === 'title' && operator === '') return { [field]: { contains: text } };
    if (kind === 'priority') return { [field]: oneOf(ranked(operator, texts)) };
    if (kind === 'status')
      return { [field]: oneOf(texts.map((each) => STATUSES[each as keyof typeof STATUSES])) };
    if (kind === 'person') return { [field]: oneOf(values.map((value) => this.#person(value))) };
    if (kind === 'team') return { [field]: oneOf(values.map((value) => this.#team(value))) };
    if (kind === 'day') return this.#days(field, operator, texts);
    if (kind === 'time') return this.#time(field, operator, text);
    return { [field]: oneOf(texts) };
  }

  #flag(name: string): FilterJson {
    const open = { status: { in: [STATUSES.todo, STATUSES.doing] } };
    if (name === 'open') return open;
    if (name === 'overdue') return { ...open, dueOn: { before: this.#meaning.today } };
    if (name === 'any') return EVERYTHING;
    return { [name === 'mine' ? 'ownedOrAssigned' : name === 'shared' ? 'sharedWithViewer' : name]: true };
  }

  #person(value: Value): string {
    const { text } = value;
    if (text === 'me') return this.#meaning.viewerId;
    if (!text.includes('@')) return text;
    const id = this.#meaning.people.get(text.toLowerCase());
    if (id === undefined)
      this.#fail('UNKNOWN_PERSON', `You share no team with a person who uses ${text}.`, value, text);
    return id ?? text;
  }

  #team(value: Value): string {
    const { text } = value;
    const id = isId(text) ? text : this.#meaning.teams.get(text);
    if (id === undefined) this.#fail('UNKNOWN_TEAM', `You are not in a team “${text}”.`, value, text);
    return id ?? text;
  }

  #days(field: string, operator: Operator, words: readonly string[]): FilterJson {
    const all = words.map((word) => daysOf(word, this.#meaning.today));
    const [only] = all;
    if (operator === '' && all.every(({ first, last }) => first === last))
      return { [field]: oneOf(all.map(({ first }) => first)) };
    if (operator === '' && all.length > 1) return { or: all.map((days) => within(field, days)) };
    if (!only) return EVERYTHING;
    if (operator === '') return within(field, only);
    if (operator === '<') return before(field, only.first);
    if (operator === '<=') return before(field, dayAfter(only.last, 1));
    return after(field, operator === '>' ? only.last : dayAfter(only.first, -1));
  }

  #time(field: string, operator: Operator, word: string): FilterJson {
    const { today, timezone } = this.#meaning;
    const isTime = word.includes('T');
    const days = isTime ? null : daysOf(word, today);
    const start = days ? startOf(days.first, timezone) : Date.parse(word);
    const end = days ? startOf(dayAfter(days.last, 1), timezone) : start + 1;
    if (operator === '<') return before(field, start);
    if (operator === '<=') return before(field, end);
    if (operator === '>') return after(field, end - 1);
    if (operator === '>=') return after(field, start - 1);
    return both(after(field, start - 1), before(field, end));
  }

  #fail(code: ErrorCode, message: string, { offset, length }: Span, word = ''): void {
    this.#errors.push({ code, message, offset, length, word, expected: [] });
  }
}

function isId(text: string): boolean {
  return text.includes('_');
}

function oneOf(values: readonly string[]): Conditions {
  const [only] = values;
  return values.length === 1 ? { eq: only } : { in: values };
}

function ranked(operator: Operator, words: readonly string[]): string[] {
  const all = Object.keys(PRIORITIES) as (keyof typeof PRIORITIES)[];
  const at = all.indexOf(words[0] as keyof typeof PRIORITIES);
  const some =
    operator === ''
      ? all.filter((each) => words.includes(each))
      : all.filter((_, n) =>
          operator.startsWith('<')
            ? n < at || (n === at && operator === '<=')
            : n > at || (n === at && operator === '>='),
        );
  return some.map((each) => PRIORITIES[each]);
}

function isMissing(key: Key, yes: boolean): FilterJson {
  const { kind, field } = KEYS[key];
  return { [field]: { [kind === 'label' ? 'isEmpty' : 'isNull']: yes } };
}

function within(field: string, { first, last }: Days): FilterJson {
  return both(after(field, dayAfter(first, -1)), before(field, dayAfter(last, 1)));
}

/** A day, or a time in milliseconds. Beyond the limits of dates, only the value's existence matters. */
function before(field: string, bound: Day | number): FilterJson {
  if (place(bound) < 0) return NOTHING;
  return { [field]: place(bound) > 0 ? { isNull: false } : { before: written(bound) } };
}

function after(field: string, bound: Day | number): FilterJson {
  if (place(bound) > 0) return NOTHING;
  return { [field]: place(bound) < 0 ? { isNull: false } : { after: written(bound) } };
}

const FIRST_TIME = Date.parse(`${FIRST_DAY}T00:00Z`);
const LAST_TIME = Date.parse('9999-12-31T23:59:59.999Z');

function place(bound: Day | number): number {
  if (typeof bound === 'number') return bound < FIRST_TIME ? -1 : bound > LAST_TIME ? 1 : 0;
  return bound.startsWith('+') ? 1 : bound < FIRST_DAY ? -1 : 0;
}

function written(bound: Day | number): string {
  return typeof bound === 'number' ? new Date(bound).toISOString() : bound;
}

/** Zones have whole offsets, and a calendar that computers know, since 1900. */
const FIRST_ZONED: Day = '1900-01-01';

function startOf(day: Day, timezone: string): number {
  if (place(day) !== 0 || day < FIRST_ZONED) return Date.parse(`${day}T00:00Z`);
  return startOfDay(day, timezone).getTime();
}

/** Both filters, in one object as far as possible. */
function both(filter: FilterJson, other: FilterJson): FilterJson {
  const joined: FilterJson = { ...filter };
  const rest: FilterJson[] = [];
  for (const [field, value] of Object.entries(other)) {
    const own = joined[field];
    const merged =
      own === undefined || isSame(own, value)
        ? value
        : field === 'and'
          ? [...asList(own), ...asList(value)]
          : field === 'not'
            ? undefined
            : mergedConditions(own, value);
    if (merged === undefined) rest.push({ [field]: value });
    else joined[field] = merged;
  }
  return rest.length > 0 ? { ...joined, and: [...(joined.and ?? []), ...rest] } : joined;
}

/** Undefined if one object cannot have both conditions. */
function mergedConditions(own: unknown, other: unknown): unknown {
  if (!isObject(own) || !isObject(other)) return undefined;
  const merged = { ...own };
  for (const [operator, value] of Object.entries(other)) {
    const taken = merged[operator];
    if (taken === undefined || isSame(taken, value)) merged[operator] = value;
    else if (operator === 'eq' && merged['in'] === undefined) merged['in'] = [value];
    else if (operator === 'has' && asList(merged['hasEvery']).length < MOST_VALUES - 1) {
      merged['hasEvery'] = [...asList(merged['hasEvery']), value];
    } else if (operator === 'notIn' && asList(taken).length + asList(value).length <= MOST_VALUES) {
      merged['notIn'] = [...new Set([...asList(taken), ...asList(value)])];
    } else return undefined;
  }
  return merged;
}

/** The opposite, without `not` if the condition has one. */
function opposite(filter: FilterJson): FilterJson {
  const [[field, value] = ['', null], ...others] = Object.entries(filter);
  if (others.length > 0 || field === '') return { not: filter };
  if (typeof value === 'boolean') return { [field]: !value };
  if ((field === 'and' || field === 'or') && asList(value).length === 0)
    return field === 'and' ? NOTHING : EVERYTHING;
  if (!isObject(value)) return { not: filter };
  const [[operator, given] = ['', null], ...more] = Object.entries(value);
  if (more.length > 0) return { not: filter };
  if (operator === 'eq') return { [field]: { notIn: [given] } };
  if (operator === 'in') return { [field]: { notIn: given } };
  if (operator === 'notIn') return { [field]: oneOf(asList(given) as string[]) };
  if (operator === 'isNull' || operator === 'isEmpty') return { [field]: { [operator]: given !== true } };
  return { not: filter };
}

function depthOf({ and, or, not }: FilterJson): number {
  const inner = [...(and ?? []), ...(or ?? []), ...(not ? [not] : [])];
  return inner.length > 0 ? 1 + Math.max(...inner.map(depthOf)) : 0;
}

/** As the API counts: an empty group is a condition, too. */
function conditionsIn({ and, or, not, ...fields }: FilterJson): number {
  const own = Object.values(fields).flatMap((value) => (isObject(value) ? Object.keys(value) : [value]));
  const inner = [...(and ?? []), ...(or ?? []), ...(not ? [not] : [])];
  return inner.reduce((sum, part) => sum + conditionsIn(part), Math.max(1, own.length));
}

function isObject(value: unknown): value is Conditions {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
