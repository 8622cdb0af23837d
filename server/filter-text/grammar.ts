/** Characters. */
export const LONGEST_FILTER = 1_000;
/** The same limits as those of `TaskFilter`. */
export const MOST_CONDITIONS = 50;
export const DEEPEST = 5;
export const MOST_VALUES = 100;
export const LONGEST_WORDS = 200;

export const STATUSES = { todo: 'TODO', doing: 'IN_PROGRESS', done: 'DONE', cancelled: 'CANCELLED' } as const;
/** In order. */
export const PRIORITIES = {
  none: 'NONE',
  low: 'LOW',
  medium: 'MEDIUM',
  high: 'HIGH',
  urgent: 'URGENT',
} as const;
export const FLAGS = ['open', 'overdue', 'mine', 'shared', 'archived', 'any'] as const;

/** The kind of a key's values. */
export type Kind =
  | 'status'
  | 'priority'
  | 'day'
  | 'time'
  | 'label'
  | 'person'
  | 'team'
  | 'task'
  | 'title'
  | 'words'
  | 'flag'
  | 'key';

/** Every key, with the field of `TaskFilter` that it is about. */
export const KEYS = {
  status: { kind: 'status', field: 'status' },
  priority: { kind: 'priority', field: 'priority' },
  due: { kind: 'day', field: 'dueOn' },
  label: { kind: 'label', field: 'labels' },
  assignee: { kind: 'person', field: 'assignee' },
  owner: { kind: 'person', field: 'owner' },
  team: { kind: 'team', field: 'team' },
  text: { kind: 'words', field: 'text' },
  title: { kind: 'title', field: 'title' },
  is: { kind: 'flag', field: '' },
  no: { kind: 'key', field: '' },
  has: { kind: 'key', field: '' },
  created: { kind: 'time', field: 'createdAt' },
  updated: { kind: 'time', field: 'updatedAt' },
  completed: { kind: 'time', field: 'completedAt' },
  parent: { kind: 'task', field: 'parent' },
  id: { kind: 'task', field: 'id' },
} as const satisfies Record<string, { kind: Kind; field: string }>;

export type Key = keyof typeof KEYS;

/** The values of `no:` and `has:`. */
export const NULLABLE = [
  'due',
  'label',
  'assignee',
  'team',
  'parent',
  'completed',
  'owner',
  'created',
  'updated',
  'id',
] as const satisfies readonly Key[];

const COMPARISONS = ['<', '<=', '>', '>='] as const;
/** Longer ones first. `=` is the exact title. */
export const OPERATORS = ['<=', '>=', '<', '>', '='] as const;

export type Operator = (typeof OPERATORS)[number] | '';

export function operatorsOf(kind: Kind): readonly Operator[] {
  if (kind === 'title') return ['='];
  return kind === 'day' || kind === 'time' || kind === 'priority' ? COMPARISONS : [];
}

/** Whether a condition can have several values, separated by commas. */
export function takesMany(kind: Kind, operator: Operator): boolean {
  if (kind === 'title') return operator === '=';
  return operator === '' && !['time', 'words', 'flag', 'key'].includes(kind);
}

/** A part of the text, in UTF-16 code units. */
export interface Span {
  offset: number;
  length: number;
}

/** In canonical spelling. */
export interface Value extends Span {
  text: string;
}

export type Condition = { type: 'condition'; key: Key; operator: Operator; values: Value[] } & Span;
export type Group = { type: 'and' | 'or'; parts: Node[] } & Span;
export type Negation = { type: 'not'; part: Node } & Span;
export type Node = Condition | Group | Negation;

export type ErrorCode =
  | 'TOO_LONG'
  | 'INVALID_CHARACTER'
  | 'EXPECTED_CONDITION'
  | 'NOT_A_CONDITION'
  | 'UNKNOWN_KEY'
  | 'UNEXPECTED_OPERATOR'
  | 'EXPECTED_VALUE'
  | 'INVALID_VALUE'
  | 'TOO_MANY_VALUES'
  | 'UNCLOSED_QUOTE'
  | 'UNCLOSED_PARENTHESIS'
  | 'UNEXPECTED_PARENTHESIS'
  | 'TOO_MANY_CONDITIONS'
  | 'TOO_DEEP'
  | 'UNKNOWN_PERSON'
  | 'UNKNOWN_TEAM';

export interface FilterError extends Span {
  code: ErrorCode;
  message: string;
  /** The wrong word, or the key that lacks a value. */
  word: string;
  /** Possible words at this place; empty if there are too many. */
  expected: readonly string[];
}

/** A condition without a place in a text. */
export function condition(key: Key, operator: Operator, ...values: string[]): Condition {
  return {
    type: 'condition',
    key,
    operator,
    values: values.map((text) => ({ text, ...NOWHERE })),
    ...NOWHERE,
  };
}

const NOWHERE: Span = { offset: 0, length: 0 };

/** Without groups of one, or groups of the same type inside each other. */
export function group(type: Group['type'], parts: readonly Node[], span = NOWHERE): Node {
  const flat = parts.flatMap((part) => (part.type === type ? part.parts : [part]));
  const [only] = flat;
  return flat.length === 1 && only ? only : { type, parts: flat, ...span };
}

export function negation(part: Node, span = NOWHERE): Node {
  return part.type === 'not' ? part.part : { type: 'not', part, ...span };
}
