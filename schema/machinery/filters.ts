import type { EnumRef, InputFieldMap, InputShapeFromFields } from '@pothos/core';
import type { Prisma } from '../../prisma/generated/client/client.ts';
import { ValidationFailed } from '../../server/errors.ts';
import { charactersOf } from '../../server/domain/validation.ts';
import { uuidOf, type IdType } from '../../server/ids.ts';
import { builder } from './builder.ts';

type Types = typeof builder.$inferSchemaTypes;
type InputFields = PothosSchemaTypes.InputFieldBuilder<Types, 'InputObject'>;

const MOST_CONDITIONS = 50;
const DEEPEST = 5;
const MOST_VALUES = 100;
const LONGEST_TEXT = 200;

const one = 'Equal to this value.';
const some = `Equal to one of these values; at most ${MOST_VALUES}.`;
const none = `Equal to none of these values; at most ${MOST_VALUES}. Also matches null.`;

export const TextFilter = builder.inputType('TextFilter', {
  description: 'Conditions on a text. All given conditions must hold. Null counts as omitted.',
  fields: (t) => ({
    eq: t.string({ description: 'Equal to this text.' }),
    in: t.stringList({ description: some }),
    notIn: t.stringList({ description: none }),
    contains: t.string({
      description: `Contains this text, ignoring case; at most ${LONGEST_TEXT} characters.`,
    }),
  }),
});

export const IdFilter = builder.inputType('IdFilter', {
  description:
    'Conditions on an object id. All given conditions must hold. Null counts as omitted. Objects that the viewer cannot see match nothing.',
  fields: (t) => ({
    eq: t.id({ description: one }),
    in: t.idList({ description: some }),
    notIn: t.idList({ description: none }),
    isNull: t.boolean({ description: 'Whether there is no object, or none that the viewer can see.' }),
  }),
});

export const DateFilter = builder.inputType('DateFilter', {
  description: 'Conditions on a date. All given conditions must hold. Null counts as omitted.',
  fields: (t) => ({
    eq: t.field({ type: 'Date', description: one }),
    in: t.field({ type: ['Date'], description: some }),
    notIn: t.field({ type: ['Date'], description: none }),
    before: t.field({ type: 'Date', description: 'Before this day, exclusive.' }),
    after: t.field({ type: 'Date', description: 'After this day, exclusive.' }),
    isNull: t.boolean({ description: 'Whether no date is set.' }),
  }),
});

export const DateTimeFilter = builder.inputType('DateTimeFilter', {
  description: 'Conditions on a time. All given conditions must hold. Null counts as omitted.',
  fields: (t) => ({
    before: t.field({ type: 'DateTime', description: 'Before this time.' }),
    after: t.field({ type: 'DateTime', description: 'After this time.' }),
    isNull: t.boolean({ description: 'Whether no time is set.' }),
  }),
});

export const LabelsFilter = builder.inputType('LabelsFilter', {
  description: 'Conditions on labels. All given conditions must hold. Null counts as omitted.',
  fields: (t) => ({
    has: t.string({ description: 'Has this label.' }),
    hasSome: t.stringList({ description: `Has at least one of these labels; at most ${MOST_VALUES}.` }),
    hasEvery: t.stringList({ description: `Has all of these labels; at most ${MOST_VALUES}.` }),
    isEmpty: t.boolean({ description: 'Whether there are no labels.' }),
  }),
});

export function enumFilter<Value extends string>(
  name: string,
  type: EnumRef<Types, Value, Value>,
  description: string,
) {
  return builder.inputType(name, {
    description: `${description}. All given conditions must hold. Null counts as omitted.`,
    fields: (t) => ({
      eq: t.field({ type, description: one }),
      in: t.field({ type: [type], description: some }),
      notIn: t.field({ type: [type], description: none }),
    }),
  });
}

type Combined<Fields> = Fields & {
  and?: Combined<Fields>[] | null;
  or?: Combined<Fields>[] | null;
  not?: Combined<Fields> | null;
};

/** Creates a filter type. Its conditions can be combined with `and`, `or` and `not`. */
export function filterType<Fields extends InputFieldMap>(
  name: string,
  description: string,
  fields: (t: InputFields) => Fields,
) {
  const filter = builder.inputRef<Combined<InputShapeFromFields<Fields>>>(name);
  const combinations = (t: InputFields) => ({
    and: t.field({ type: [filter], description: 'All of these filters match.' }),
    or: t.field({ type: [filter], description: 'At least one of these filters matches.' }),
    not: t.field({ type: filter, description: 'This filter does not match.' }),
  });
  return filter.implement({
    description: `${description}. All given conditions must hold. At most ${MOST_CONDITIONS} conditions, with \`and\`, \`or\` and \`not\` nested at most ${DEEPEST} levels deep.`,
    fields: ((t: InputFields) => ({ ...fields(t), ...combinations(t) })) as never,
  });
}

/** A Prisma condition. */
type Where = object;

/** Prisma ignores an empty AND or OR inside NOT, so always-false and always-true are written out. */
function nothing(column = 'id'): Where {
  return { [column]: { in: [] } };
}
function everything(column = 'id'): Where {
  return { NOT: nothing(column) };
}

/**
 * Reads the conditions on one field. Each must be true or false for every row, never unknown, so that `not`
 * works.
 */
type FieldReader<Given> = (given: Given, path: string) => Where[];

/**
 * Converts a filter to a Prisma condition.
 * @param key a column without nulls; default: the id.
 * @throws ValidationFailed for too many conditions or an invalid value.
 */
export function matching<Filter extends object>(
  filter: Filter | null | undefined,
  readers: {
    [Field in Exclude<keyof Filter, 'and' | 'or' | 'not'>]-?: FieldReader<NonNullable<Filter[Field]>>;
  },
  key?: string,
): Where {
  const read = readers as unknown as Record<string, FieldReader<unknown>>;
  let conditions = 0;

  // Null if all conditions are omitted, for example by unset variables. Inside `not` that is no condition
  // either.
  const all = (given: object, depth: number, path: string): Where | null => {
    if (depth > DEEPEST) {
      throw new ValidationFailed(`A filter can be nested at most ${DEEPEST} levels deep.`, {
        field: 'filter',
      });
    }
    const { and, or, not, ...fields } = given as Combined<Record<string, unknown>>;
    const inner = (name: string) => (part: object, i: number) => all(part, depth + 1, `${path}.${name}.${i}`);
    // An empty group counts as a condition; otherwise the number of empty groups would be unlimited.
    const parts = Object.entries(fields).flatMap(([field, value]) =>
      value == null ? [] : (read[field]?.(value, `${path}.${field}`) ?? []),
    );
    let leavesOut = Object.keys(fields).length > 0 || not === null;
    conditions += Math.max(parts.length, 1);
    if (conditions > MOST_CONDITIONS) {
      throw new ValidationFailed(`A filter can have at most ${MOST_CONDITIONS} conditions.`, {
        field: 'filter',
      });
    }
    if (and) {
      const every = atMost(and, MOST_CONDITIONS, `${path}.and`).map(inner('and'));
      parts.push(...every.filter((part) => part !== null));
      leavesOut ||= every.includes(null);
    }
    if (or) {
      const some = atMost(or, MOST_CONDITIONS, `${path}.or`).map(inner('or'));
      const conditional = some.filter((part) => part !== null);
      if (some.length === 0) parts.push(nothing(key));
      // A part without conditions always matches, and so does the whole group.
      else if (conditional.length < some.length) leavesOut = true;
      else parts.push({ OR: conditional });
    }
    const excluded = not ? all(not, depth + 1, `${path}.not`) : null;
    if (excluded) parts.push({ NOT: excluded });
    else if (not) leavesOut = true;
    if (parts.length > 0) return { AND: parts };
    return leavesOut ? null : everything(key);
  };
  return (filter && all(filter, 0, 'filter')) ?? {};
}

/** Whether a filter has a condition on a field, at any depth. */
export function mentions(filter: object | null | undefined, field: string): boolean {
  if (!filter) return false;
  const { and, or, not, ...fields } = filter as Combined<Record<string, unknown>>;
  return fields[field] != null || [...(and ?? []), ...(or ?? []), not].some((part) => mentions(part, field));
}

interface Conditions {
  eq?: unknown;
  in?: readonly unknown[] | null;
  notIn?: readonly unknown[] | null;
  contains?: string | null;
  before?: Date | null;
  after?: Date | null;
  isNull?: boolean | null;
}

/** Reads the conditions on a column. Nullable columns are compared only where they have a value. */
export function onColumn(column: string, { nullable = false } = {}): FieldReader<Conditions> {
  const compared = (condition: object): Where =>
    nullable ? { AND: [{ [column]: { not: null } }, { [column]: condition }] } : { [column]: condition };
  return (given, path) => {
    const found: Where[] = [];
    if (given.eq != null) found.push(compared({ equals: storable(given.eq, `${path}.eq`) }));
    if (given.in) found.push(compared({ in: values(given.in, `${path}.in`) }));
    if (given.notIn) found.push({ NOT: compared({ in: values(given.notIn, `${path}.notIn`) }) });
    if (given.contains != null) found.push(compared(containing(given.contains, `${path}.contains`)));
    if (given.before) found.push(compared({ lt: storable(given.before, `${path}.before`) }));
    if (given.after) found.push(compared({ gt: storable(given.after, `${path}.after`) }));
    if (given.isNull != null)
      found.push(
        nullable ? isNull(column, given.isNull) : given.isNull ? nothing(column) : everything(column),
      );
    return found;
  };
}

/**
 * Reads the conditions on a reference, by public id. With `seen`, references to objects that the viewer
 * cannot see count as null, as they do in the response.
 */
export function onReference(
  column: string,
  type: IdType,
  { nullable = false, seen }: { nullable?: boolean; seen?: Where } = {},
): FieldReader<Conditions> {
  const compared = onColumn(column, { nullable });
  const known = (condition: Where): Where => (seen ? { AND: [seen, condition] } : condition);
  return ({ eq, in: some, notIn, isNull: missing }, path) => {
    const uuid = (operator: string) => (id: unknown) => uuidOf(type, String(id), `${path}.${operator}`);
    const found: Where[] = [];
    if (eq != null) found.push(...compared({ eq: uuid('eq')(eq) }, path).map(known));
    if (some) {
      found.push(
        ...compared({ in: atMost(some, MOST_VALUES, `${path}.in`).map(uuid('in')) }, path).map(known),
      );
    }
    if (notIn) {
      const ids = atMost(notIn, MOST_VALUES, `${path}.notIn`).map(uuid('notIn'));
      found.push(...compared({ in: ids }, path).map((condition) => ({ NOT: known(condition) })));
    }
    if (missing != null) {
      const there = known(nullable ? isNull(column, false) : everything(column));
      found.push(missing ? { NOT: there } : there);
    }
    return found;
  };
}

/** Reads the conditions on a list of labels. */
export function onLabels(column: string): FieldReader<typeof LabelsFilter.$inferInput> {
  return (given, path) => {
    const found: Where[] = [];
    // Labels are stored trimmed.
    const trimmed = (labels: readonly string[]) => labels.map((label) => label.trim());
    if (given.has != null) found.push({ [column]: { has: storable(given.has.trim(), `${path}.has`) } });
    if (given.hasSome)
      found.push({ [column]: { hasSome: values(trimmed(given.hasSome), `${path}.hasSome`) } });
    if (given.hasEvery)
      found.push({ [column]: { hasEvery: values(trimmed(given.hasEvery), `${path}.hasEvery`) } });
    if (given.isEmpty != null) found.push({ [column]: { isEmpty: given.isEmpty } });
    return found;
  };
}

/** Reads a full-text condition. `idsOf` returns null if the text has no word; then nothing matches. */
export function onWords(idsOf: (words: string) => Prisma.Sql | null): FieldReader<string> {
  return (given, path) => {
    const ids = idsOf(String(storable(bounded(given, path), path)));
    return [ids ? { id: { in: ids } } : nothing()];
  };
}

export function onFlag(yes: Where): FieldReader<boolean> {
  return (given) => [given ? yes : { NOT: yes }];
}

function isNull(column: string, yes: boolean): Where {
  return { [column]: yes ? null : { not: null } };
}

function values(given: readonly unknown[], path: string): unknown[] {
  return atMost(given, MOST_VALUES, path).map((value) => storable(value, path));
}

function atMost<Value>(given: readonly Value[], most: number, path: string): readonly Value[] {
  if (given.length <= most) return given;
  throw new ValidationFailed(`A list in a filter can have at most ${most} entries.`, { field: path });
}

/** Prisma does not escape the pattern of LIKE. */
function containing(given: string, path: string): object {
  return {
    contains: String(storable(bounded(given, path), path)).replaceAll(/[\\%_]/g, '\\$&'),
    mode: 'insensitive',
  };
}

function bounded(given: string, path: string): string {
  if (charactersOf(given) <= LONGEST_TEXT) return given;
  throw new ValidationFailed(`A search text can have at most ${LONGEST_TEXT} characters.`, { field: path });
}

const FIRST_DAY = new Date('0001-01-01');
const LAST_DAY = new Date('9999-12-31T23:59:59.999Z');

/** PostgreSQL cannot store NUL or unpaired surrogates. ISO 8601 has four digits for the year. */
function storable(value: unknown, path: string): unknown {
  if (typeof value === 'string' && (value.includes('\0') || !value.isWellFormed())) {
    throw new ValidationFailed('The filter contains an invalid character.', { field: path });
  }
  if (value instanceof Date && !(value >= FIRST_DAY && value <= LAST_DAY)) {
    throw new ValidationFailed('Dates must be between the years 1 and 9999.', { field: path });
  }
  return typeof value === 'string' ? value.normalize('NFC') : value;
}
