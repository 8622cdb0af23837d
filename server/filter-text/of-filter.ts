import {
  condition,
  group,
  KEYS,
  negation,
  PRIORITIES,
  STATUSES,
  type Key,
  type Kind,
  type Node,
  type Operator,
} from './grammar.ts';
import type { FilterJson } from './to-filter.ts';

const ANY = condition('is', '', 'any');
const NONE = negation(ANY);

const FLAGS: Readonly<Record<string, string>> = {
  archived: 'archived',
  ownedOrAssigned: 'mine',
  sharedWithViewer: 'shared',
};

const keyOf = new Map<string, Key>(Object.entries(KEYS).map(([key, { field }]) => [field, key as Key]));
const wordOf = new Map<string, string>(
  [STATUSES, PRIORITIES].flatMap((words) =>
    Object.entries(words).map(([word, value]) => [value, word] as const),
  ),
);

/** A filter as a syntax tree; null for one without conditions. `in` without values matches nothing. */
export function ofFilter(filter: FilterJson): Node | null {
  const node = nodeOf(filter);
  return node === ANY ? null : node;
}

/** Null if all conditions are omitted, which is no condition, also inside of `not`. */
function nodeOf({ and, or, not, ...fields }: FilterJson): Node | null {
  const parts = Object.entries(fields).flatMap(([field, given]) =>
    given == null ? [] : conditionsOf(field, given),
  );
  let leavesOut = Object.keys(fields).length > 0 || not === null;
  if (and) {
    const every = and.map(nodeOf);
    parts.push(...every.filter((part) => part !== null));
    leavesOut ||= every.includes(null);
  }
  if (or) {
    const some = or.map(nodeOf);
    const conditional = some.filter((part) => part !== null);
    if (some.length === 0) parts.push(NONE);
    else if (conditional.length < some.length) leavesOut = true;
    else parts.push(group('or', conditional));
  }
  const excluded = not ? nodeOf(not) : null;
  if (excluded) parts.push(negation(excluded));
  else if (not) leavesOut = true;
  if (parts.length > 0) return group('and', parts);
  return leavesOut ? null : ANY;
}

function conditionsOf(field: string, given: unknown): Node[] {
  const flag = FLAGS[field];
  if (flag !== undefined) {
    const is = condition('is', '', flag);
    return [given === true ? is : negation(is)];
  }
  const key = keyOf.get(field);
  if (!key) throw new TypeError(`There is no key for the field ${field}`);
  if (field === 'text') return [condition(key, '', String(given))];
  return Object.entries(given as object).flatMap(([operator, value]: [string, unknown]) =>
    value == null ? [] : [one(key, operator, value)],
  );
}

function one(key: Key, operator: string, value: unknown): Node {
  if (typeof value === 'boolean') return condition(value ? 'no' : 'has', '', key);
  const { kind }: { kind: Kind } = KEYS[key];
  const words = (Array.isArray(value) ? value : [value]).map((each) => spelled(kind, each));
  const exact: Operator = kind === 'title' ? '=' : '';
  const [word = ''] = words;
  switch (operator) {
    case 'eq':
    case 'has':
      return condition(key, exact, word);
    case 'in':
    case 'hasSome':
      return words.length > 0 ? condition(key, exact, ...words) : NONE;
    case 'notIn':
      return words.length > 0 ? negation(condition(key, exact, ...words)) : ANY;
    case 'hasEvery':
      return words.length > 0
        ? group(
            'and',
            words.map((each) => condition(key, '', each)),
          )
        : ANY;
    case 'contains':
      return condition(key, '', word);
    default:
      return condition(key, operator === 'before' ? '<' : '>', word);
  }
}

/** A time is written in UTC. */
function spelled(kind: Kind, value: unknown): string {
  const text = String(value);
  if (kind === 'time') return new Date(text).toISOString();
  return kind === 'status' || kind === 'priority' ? (wordOf.get(text) ?? text) : text;
}
