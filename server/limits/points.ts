import { parseFilter } from '../filter-text/parse.ts';
import { SHAPE_ONLY, toFilter } from '../filter-text/to-filter.ts';

/** Fields that count a list. With both, it is counted once. */
export const COUNTING = ['totalCount', 'isTotalCountExact'];

export type Arguments = Readonly<Record<string, unknown>>;

/** Points for work other than objects in the response. Compare with CPU time by `npm run cost:report`. */
export const POINTS = {
  /** A mutation writes rows, an event and about ten index entries. */
  change: 10,
  bytesPerPoint: 100,
  /** `totalCount` of a list at the root. Conditions cost extra. */
  count: 10,
  /** `totalCount` of a nested list, counted once per page. */
  nestedCount: 1,
  condition: 10,
  /** `contains` reads the text of each row. */
  contains: 200,
  listed: 1,
  ordered: 5,
  mutations: {
    // Password hashing is deliberately slow.
    signIn: 50,
    signUp: 50,
    undoRun: 200,
  } as Readonly<Record<string, number>>,
  fields: {
    'Query.search': ({ query }) => ofSearch(query),
    'Query.dashboard': () => 10,
    'Subscription.dashboard': () => 10,
    'Dashboard.history': ({ days }) => 50 + 2 * Number(days),
    'Query.activity': () => 20,
    'Query.invitation': () => 10,
    'Query.labels': () => 200,
    'Query.undoPreview': () => 200,
    'Query.taskGroups': (args) => 10 + 2 * conditionPoints(args),
    'TaskGroup.tasks': () => 10,
    // The conditions of a view are known only when it is read.
    'View.tasks': () => 20,
    'View.totalCount': () => 20,
    'View.isTotalCountExact': () => 1,
    // Its widgets are known only when it is read.
    'DashboardWidget.data': () => 30,
    'Query.widgetData': ({ widget }) => 30 + conditionPoints(widget as Arguments),
    'Query.performance': () => 50,
  } as Readonly<Record<string, (args: Arguments) => number>>,
} as const;

export function conditionPoints({ filter, filterText, orderBy }: Arguments): number {
  const parts = Array.isArray(orderBy) ? orderBy.length : Number(orderBy != null);
  const ofText = typeof filterText === 'string' ? ofFilter(shapeOf(filterText)) : 0;
  return ofFilter(filter) + ofText + parts * POINTS.ordered;
}

function shapeOf(text: string): unknown {
  const { node } = parseFilter(text);
  return toFilter(node, SHAPE_ONLY).filter;
}

function ofFilter(filter: unknown): number {
  if (typeof filter !== 'object' || filter === null) return 0;
  let points = 0;
  for (const [field, condition] of Object.entries(filter)) {
    if (condition == null) continue;
    if (field === 'not') points += ofFilter(condition);
    else if (field === 'and' || field === 'or')
      for (const each of condition as unknown[]) points += ofFilter(each);
    else points += field === 'text' ? ofSearch(condition) : ofConditions(condition);
  }
  return points;
}

function ofConditions(conditions: unknown): number {
  if (typeof conditions !== 'object' || conditions === null || conditions instanceof Date)
    return POINTS.condition;
  let points = 0;
  for (const [operator, value] of Object.entries(conditions)) {
    if (value == null) continue;
    points += operator === 'contains' ? POINTS.contains : POINTS.condition;
    if (Array.isArray(value)) points += value.length * POINTS.listed;
  }
  return points;
}

export function bytesOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value !== 'object' || value === null) return 0;
  let bytes = 0;
  for (const each of Object.values(value)) bytes += bytesOf(each);
  return bytes;
}

function ofSearch(query: unknown): number {
  return 200 + 20 * String(query).trim().split(/\s+/).length;
}
