import { Prisma, TaskPriority, TaskStage, TaskStatus } from '../../prisma/generated/client/client.ts';
import { run, type Database } from '../database/client.ts';
import type { Viewer } from '../policy.ts';
import { columnOf, conditionOf, within, type Column, type Columns, type Condition } from './columns.ts';
import type { Scope } from './counter-scope.ts';
import { tasks } from './tables.ts';
import { visibleSql } from './visible.ts';

/** A sort criterion. Null values come last in both directions. */
export interface Criterion {
  field: string;
  direction: 'asc' | 'desc';
  nullable?: boolean;
}

/** A total order; the last criterion is unique. */
export interface TotalOrder {
  criteria: readonly Criterion[];
  /** Only rows after, or before, a row with these values of the criteria. */
  bounds: readonly Bound[];
  /** Whether the page is read from its end. */
  isBackward: boolean;
}

export interface Bound {
  values: readonly unknown[];
  side: 'after' | 'before';
}

interface Wanted {
  where: Condition;
  order: TotalOrder;
  take: number;
}

/** A part of a list that PostgreSQL can read in the order of an index, until the limit. */
interface Scan {
  /** Conditions that an index may be used for. */
  indexed: readonly Prisma.Sql[];
  filters: readonly Prisma.Sql[];
  order: string;
}

/** What is known of all rows of a part. */
interface Known {
  stage: TaskStage;
  priority?: TaskPriority;
  isNull: Readonly<Record<string, boolean>>;
}

/** The columns that tasks are sorted by. */
interface Keys {
  columns: Columns;
  stage: string;
}

const ofTasks: Keys = { columns: within(tasks.name, tasks.columns), stage: 'stage' };
/** Shares have copies, except of the status: the stage has it. */
const ofShares: Keys = {
  columns: Object.fromEntries(
    Object.entries<Column>(tasks.columns).map(([field, column]) => [
      field,
      { ...column, name: field === 'status' ? 'tasks.status' : `task_${column.name}` },
    ]),
  ),
  stage: 'task_stage',
};

const stages = Object.values(TaskStage);
const statuses = Object.values(TaskStatus);
const priorities = Object.values(TaskPriority);

/** Filters by one of these match few rows. */
const PINNED: ReadonlySet<string> = new Set(['id', 'parentId', 'parent']);
/** Filters by one of these match few rows or many, which other indexes tell. */
const SELECTIVE: ReadonlySet<string> = new Set(['labels', 'title']);
const FEW = 1_000;

/**
 * A query for the first rows of a list, whatever its length: ordered index scans of each place and stage, merged. The
 * indexes of `tasks` start with a place, an owner or an assignee, and the stage; then follows one criterion.
 * @param scope null for all tasks that the viewer sees.
 * @param list the columns to select, qualified with `tasks`.
 */
export function orderedTasks(
  viewer: Viewer,
  scope: Scope | null,
  wanted: Wanted,
  list: Prisma.Sql,
): Prisma.Sql {
  const cut = Prisma.sql`ORDER BY ${Prisma.raw(orderText(wanted.order, ofTasks))} LIMIT ${wanted.take}`;
  const where = flat(wanted.where);
  // An unknown limit makes PostgreSQL expect a tenth of the rows, and read them in order instead of sorting all.
  const limit = Prisma.sql`(SELECT ${wanted.take}::int)`;
  const merged = (keys: Keys, sources: readonly Source[], wanting = where) => {
    const scans = scansOf(wanting, wanted.order, keys);
    const each = sources.flatMap(({ from = Prisma.sql`tasks`, key, filters, isNew }) =>
      scans.map((scan) => {
        const conditions = [key, ...scan.indexed, ...unindexed([...filters, ...scan.filters])];
        const first = (
          columns: Prisma.Sql,
        ) => Prisma.sql`(SELECT ${columns} FROM ${from} WHERE ${all(conditions)}
                                                           ORDER BY ${Prisma.raw(scan.order)} LIMIT ${limit})`;
        // After the limit: if most tasks of this part were in another, finding others would read all of them.
        return isNew
          ? Prisma.sql`(SELECT ${list} FROM ${first(Prisma.sql`*`)} AS tasks WHERE ${isNew})`
          : first(list);
      }),
    );
    return each.length > 0
      ? Prisma.sql`SELECT ${list} FROM (${Prisma.join(each, ' UNION ALL ')}) AS tasks ${cut}`
      : Prisma.sql`SELECT ${list} FROM tasks WHERE FALSE`;
  };
  if (scope) return merged(ofTasks, visibleSql.partsOf(viewer, scope));
  // One parameter, however many scans compare with it.
  const places = Prisma.sql`(SELECT ids FROM places)::uuid[]`;
  const { from, key, isLive, isOnly } = visibleSql.received(viewer, places);
  const others = where.filter((condition) => !('shares' in condition));
  if (others.length < where.length) return merged(ofShares, [{ from, key, filters: [isLive] }], others);
  return Prisma.sql`
    WITH places AS MATERIALIZED (SELECT ${visibleSql.places(viewer)} AS ids)
    SELECT ${list} FROM (
      SELECT ${list} FROM unnest(${places}) AS place (id)
        CROSS JOIN LATERAL (${merged(ofTasks, [{ key: Prisma.sql`place_id = place.id`, filters: [] }])}) AS tasks
      UNION ALL (${merged(ofShares, [{ from, key, filters: [isLive, isOnly] }])})
    ) AS tasks ${cut}`;
}

/** Tasks with a condition that an index starts with, and others. */
interface Source {
  from?: Prisma.Sql;
  key: Prisma.Sql;
  filters: readonly Prisma.Sql[];
  isNew?: Prisma.Sql;
}

/** An order with the columns that it reads, both qualified with `tasks`. */
export function orderColumns(order: TotalOrder): { columns: Prisma.Sql; text: Prisma.Sql } {
  const fields = new Set(['id', ...order.criteria.map(({ field }) => field)]);
  const names = [...fields].map((field) => columnOf(ofTasks.columns, field).name);
  return { columns: Prisma.raw(names.join(', ')), text: Prisma.raw(orderText(order, ofTasks)) };
}

/** Whether so few rows match that sorting them costs less than ordered scans. */
export function isPinned(where: Condition): boolean {
  return flat(where).some((condition) => Object.keys(condition).some((key) => PINNED.has(key)));
}

/**
 * The ids of all tasks that match, if the filter may match few of many and does: ordered scans would pass over most of the
 * list to find them. Null otherwise.
 */
export async function fewTasks(
  db: Database,
  viewer: Viewer,
  scope: Scope | null,
  where: Condition,
): Promise<string[] | null> {
  if (!flat(where).some((condition) => isAbout(condition, SELECTIVE))) return null;
  const rows = await run<{ id: string }>(
    db,
    Prisma.sql`
    /* fewTasks */ /* custom plan */
    SELECT id FROM ${visibleSql.tasks(viewer, scope)} AS tasks WHERE ${filterOf(where)} LIMIT ${FEW + 1}`,
  );
  return rows.length <= FEW ? rows.map(({ id }) => id) : null;
}

/** Whether a condition, or one inside of it, is about one of the fields. */
function isAbout(condition: Condition, fields: ReadonlySet<string>): boolean {
  return Object.entries(condition).some(([key, value]) =>
    ['AND', 'OR', 'NOT'].includes(key)
      ? asArray(value).some((part) => isAbout(part, fields))
      : fields.has(key),
  );
}

/**
 * One condition that PostgreSQL has no index for, and expects half of the rows to meet: otherwise it may expect few, and
 * sort what it finds by another index.
 */
function unindexed(filters: readonly Prisma.Sql[]): Prisma.Sql[] {
  return filters.length > 0 ? [Prisma.sql`CASE WHEN ${all(filters)} THEN TRUE END`] : [];
}

function all(conditions: readonly Prisma.Sql[]): Prisma.Sql {
  return Prisma.join(conditions, ' AND ');
}

function scansOf(conditions: readonly Condition[], order: TotalOrder, keys: Keys): Scan[] {
  const [first] = order.criteria;
  const isInIndex = (condition: Condition) =>
    Object.entries(condition).every(([key, value]) => key === first?.field || isDay(key, value));
  return stages.flatMap((stage) =>
    partsOf(order, knownOf(stage), keys).flatMap(({ known, indexed, order: text }) => {
      const results = conditions.map((condition) => holds(condition, known));
      if (results.includes(false)) return [];
      const open = conditions.filter((_, n) => results[n] !== true);
      const filters = open
        .filter((condition) => !isInIndex(condition))
        .map((condition) => filterOf(condition));
      const ranges = open.filter(isInIndex).map((condition) => filterOf(condition, keys));
      return [{ indexed: [...indexed, ...ranges], filters, order: text }];
    }),
  );
}

/** Few tasks are due on a day. */
function isDay(field: string, value: unknown): boolean {
  return field === 'dueOn' && (value as Condition | null)?.['equals'] !== undefined;
}

/** Only completed tasks have a completion time; the database checks it. */
function knownOf(stage: TaskStage): Known {
  return { stage, isNull: stage === TaskStage.ARCHIVED ? {} : { completedAt: stage !== TaskStage.DONE } };
}

interface Part {
  known: Known;
  indexed: Prisma.Sql[];
  order: string;
}

/** The rows of a stage, split where the order's first criterion needs it. */
function partsOf(order: TotalOrder, known: Known, keys: Keys): Part[] {
  const [first, ...others] = order.criteria;
  const { stage } = known;
  const ofStage = Prisma.raw(`${keys.stage} = '${stage}'`);
  if (first?.field === 'status' && stage !== TaskStage.ARCHIVED) {
    const rest = restOf(order, (value) =>
      sign(first, statuses.indexOf(stage) - statuses.indexOf(value as TaskStatus)),
    );
    if (!rest) return [];
    if (others.length > 1) return partsOf(rest, known, keys);
    // No index has the id next to the stage.
    return priorities.map((priority) => ({
      known: { ...known, priority },
      indexed: [
        ofStage,
        Prisma.raw(`${columnOf(keys.columns, 'priority').name} = '${priority}'`),
        ...boundsOf(rest, keys),
      ],
      order: indexOrder(rest, keys),
    }));
  }
  if (!first?.nullable)
    return [{ known, indexed: [ofStage, ...boundsOf(order, keys)], order: indexOrder(order, keys) }];
  const column = columnOf(keys.columns, first.field).name;
  const part = (isNull: boolean, rest: TotalOrder): Part => ({
    known: { ...known, isNull: { ...known.isNull, [first.field]: isNull } },
    indexed: [ofStage, Prisma.raw(`${column} IS ${isNull ? '' : 'NOT '}NULL`), ...boundsOf(rest, keys)],
    // Among nulls, an index has the rest in both directions.
    order: indexOrder(
      isNull ? { ...order, criteria: [{ ...first, ...directionOf(others) }, ...others] } : order,
      keys,
    ),
  });
  const isAfterNull = order.bounds.some(({ values: [value], side }) => value === null && side === 'after');
  const nulls = restOf(order, (value) => (value === null ? 0 : 1));
  const values = {
    ...order,
    criteria: [{ ...first, nullable: false }, ...others],
    bounds: order.bounds.filter(({ values: [value] }) => value !== null),
  };
  const isNull = known.isNull[first.field];
  return [
    ...(isNull === true || isAfterNull ? [] : [part(false, values)]),
    ...(isNull === false || !nulls ? [] : [part(true, nulls)]),
  ];
}

/**
 * The order without its first criterion, for rows that have the same value of it. @param compare where that value is in
 * the order, relative to the value of a bound: before (< 0), equal, or after. @returns null if no row is within the bounds.
 */
function restOf(order: TotalOrder, compare: (value: unknown) => number): TotalOrder | null {
  const bounds: Bound[] = [];
  for (const { values, side } of order.bounds) {
    const found = compare(values[0]);
    if (found === 0) bounds.push({ values: values.slice(1), side });
    else if (found > 0 !== (side === 'after')) return null;
  }
  return { ...order, criteria: order.criteria.slice(1), bounds };
}

function directionOf([first]: readonly Criterion[]): Pick<Criterion, 'direction'> | undefined {
  return first && { direction: first.direction };
}

function sign({ direction }: Criterion, difference: number): number {
  return direction === 'asc' ? difference : -difference;
}

function boundsOf(order: TotalOrder, keys: Keys): Prisma.Sql[] {
  return order.bounds.map((bound) => beyond(order, bound, keys));
}

/** The rows beyond a bound. */
function beyond({ criteria }: TotalOrder, { values, side }: Bound, { columns }: Keys): Prisma.Sql {
  const [first] = criteria;
  const names = criteria.map(({ field }) => columnOf(columns, field).name);
  const typed = criteria.map(
    ({ field }, n) => Prisma.sql`${values[n]}${Prisma.raw(`::${columnOf(columns, field).type}`)}`,
  );
  const operator = (criterion: Criterion | undefined) =>
    Prisma.raw((criterion?.direction === 'asc') === (side === 'after') ? '>' : '<');
  const isPlain = criteria.every(({ nullable, direction }) => !nullable && direction === first?.direction);
  // An index can start at a row comparison.
  if (isPlain)
    return Prisma.sql`(${Prisma.raw(names.join(', '))}) ${operator(first)} (${Prisma.join(typed)})`;
  const from = (n: number): Prisma.Sql => {
    const criterion = criteria[n];
    const column = Prisma.raw(names[n] ?? '');
    const isNull = values[n] === null;
    const further = isNull
      ? Prisma.raw(side === 'after' ? 'FALSE' : `${names[n]} IS NOT NULL`)
      : criterion?.nullable && side === 'after'
        ? Prisma.sql`(${column} ${operator(criterion)} ${typed[n]} OR ${column} IS NULL)`
        : Prisma.sql`${column} ${operator(criterion)} ${typed[n]}`;
    if (n + 1 === criteria.length) return further;
    const equal = isNull ? Prisma.sql`${column} IS NULL` : Prisma.sql`${column} = ${typed[n]}`;
    return Prisma.sql`(${further} OR ${equal} AND ${from(n + 1)})`;
  };
  const start = first?.nullable
    ? Prisma.empty
    : Prisma.sql`${Prisma.raw(names[0] ?? '')} ${operator(first)}= ${typed[0]} AND `;
  return Prisma.sql`(${start}${from(0)})`;
}

/** The first criterion is null in all rows of a part or in none, so nulls may come where the index has them. */
function indexOrder(order: TotalOrder, keys: Keys): string {
  const [first, ...others] = order.criteria;
  return orderText({ ...order, criteria: first ? [{ ...first, nullable: false }, ...others] : [] }, keys);
}

function orderText({ criteria, isBackward }: TotalOrder, { columns }: Keys): string {
  return criteria
    .map(({ field, direction, nullable }) => {
      const isAscending = (direction === 'asc') !== isBackward;
      const nulls = nullable ? ` NULLS ${isBackward ? 'FIRST' : 'LAST'}` : '';
      return `${columnOf(columns, field).name} ${isAscending ? 'ASC' : 'DESC'}${nulls}`;
    })
    .join(', ');
}

/** @throws TypeError for a condition that has no SQL. */
function filterOf(where: Condition, { columns } = ofTasks): Prisma.Sql {
  const sql = conditionOf(columns, where, tasks.related);
  if (!sql) throw new TypeError('There is no SQL for this condition on tasks');
  return sql;
}

/** Conditions that must all hold, with one field each. */
function flat(condition: Condition): Condition[] {
  return Object.entries(condition).flatMap(([key, value]) =>
    key === 'AND' ? asArray(value).flatMap(flat) : [{ [key]: value }],
  );
}

/** Whether a condition holds for all rows of a part, or for none; null if that depends on the row. */
function holds(condition: Condition, known: Known): boolean | null {
  return every(
    Object.entries(condition).map(([key, value]) => {
      if (key === 'AND') return every(asArray(value).map((part) => holds(part, known)));
      if (key === 'OR') return not(every(asArray(value).map((part) => not(holds(part, known)))));
      if (key === 'NOT') return not(holds(value as Condition, known));
      if (key === 'status') return known.stage === TaskStage.ARCHIVED ? null : isOneOf(value, known.stage);
      if (key === 'priority') return known.priority === undefined ? null : isOneOf(value, known.priority);
      const isNull = key === 'archivedAt' ? known.stage !== TaskStage.ARCHIVED : known.isNull[key];
      if (isNull === undefined) return null;
      if (value === null) return isNull;
      if ((value as Condition)['not'] === null) return !isNull;
      return isNull ? false : null;
    }),
  );
}

function isOneOf(value: unknown, known: string): boolean | null {
  const {
    equals,
    in: some,
    ...others
  } = (typeof value === 'string' ? { equals: value } : value) as Condition;
  if (Object.keys(others).length > 0) return null;
  return (
    (equals === undefined || equals === known) &&
    (some === undefined || (Array.isArray(some) && some.includes(known)))
  );
}

function every(results: readonly (boolean | null)[]): boolean | null {
  if (results.includes(false)) return false;
  return results.includes(null) ? null : true;
}

function not(result: boolean | null): boolean | null {
  return result === null ? null : !result;
}

function asArray(value: unknown): Condition[] {
  return (Array.isArray(value) ? value : [value]) as Condition[];
}
