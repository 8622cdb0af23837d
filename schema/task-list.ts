import { queryFromInfo } from '@pothos/plugin-prisma';
import type { GraphQLResolveInfo } from 'graphql';
import { z } from 'zod';
import { TaskPriority, TaskStatus, type Task as TaskRow } from '../prisma/generated/client/client.ts';
import type { Database } from '../server/database/client.ts';
import { classify } from '../server/database/failures.ts';
import { ListTooSlow, ValidationFailed } from '../server/errors.ts';
import { visible, type Viewer } from '../server/policy.ts';
import type { Context } from '../server/graphql/context.ts';
import { builder } from './machinery/builder.ts';
import {
  LARGEST_PAGE,
  moment,
  page,
  type Column,
  type Direction,
  type OrderBy,
  type PageArguments,
} from './machinery/connection.ts';
import { mentions } from './machinery/filters.ts';
import { countTasks, type Total } from '../server/sql/count-tasks.ts';
import { fewTasks, isPinned, orderedTasks, type TotalOrder } from '../server/sql/ordered-tasks.ts';
import { readIds, readPage, type Sources } from '../server/sql/read-page.ts';
import { tasks as table } from '../server/sql/tables.ts';
import { visibleSql } from '../server/sql/visible.ts';
import { NODES, selectedInPage } from './machinery/selection.ts';
import { countedTasks, scopeIn } from './task-count.ts';
import { FILTER_TEXT, readFilterText } from './filter-text.ts';
import { TaskFilter, wantedTasks } from './task-filter.ts';
import { Task } from './task.ts';

export const OrderDirection = builder.enumType('OrderDirection', {
  description: 'Sort direction. Null values come last in both directions.',
  values: {
    ASC: { value: 'asc', description: 'Ascending.' },
    DESC: { value: 'desc', description: 'Descending.' },
  } as const,
});

export const TaskOrderField = builder.enumType('TaskOrderField', {
  description: 'Fields by which tasks can be sorted.',
  values: {
    CREATED_AT: { value: 'createdAt', description: 'Creation time.' },
    UPDATED_AT: { value: 'updatedAt', description: 'Time of the last change.' },
    DUE_ON: { value: 'dueOn', description: 'Due date. Ties are broken by id, the newest first.' },
    PRIORITY: { value: 'priority', description: 'Priority, from NONE to URGENT.' },
    STATUS: { value: 'status', description: 'Status, from TODO to CANCELLED.' },
    TITLE: { value: 'title', description: 'Title, in the collation of the database.' },
    POSITION: { value: 'position', description: 'Manual order, set by `moveTask`. New tasks come last.' },
    COMPLETED_AT: { value: 'completedAt', description: 'Completion time.' },
  } as const,
});

export type TaskOrderField = typeof TaskOrderField.$inferType;

const storable = z.string().refine((value) => !value.includes('\0'), 'Text must not contain NUL characters.');

const columns: { [Field in TaskOrderField]: Column<Field> } = {
  createdAt: { field: 'createdAt', value: moment },
  updatedAt: { field: 'updatedAt', value: moment },
  // New tasks without a date are not at the end of the list.
  dueOn: { field: 'dueOn', value: moment, nullable: true, ties: 'desc' },
  priority: { field: 'priority', value: z.enum(TaskPriority), ranks: Object.values(TaskPriority) },
  status: { field: 'status', value: z.enum(TaskStatus), ranks: Object.values(TaskStatus) },
  title: { field: 'title', value: storable },
  position: { field: 'position', value: storable },
  completedAt: { field: 'completedAt', value: moment, nullable: true },
};

export const TaskOrder = builder.inputType('TaskOrder', {
  description: 'A sort criterion for tasks. Ties are broken by id.',
  fields: (t) => ({
    field: t.field({ type: TaskOrderField, required: true, description: 'Field to sort by.' }),
    direction: t.field({
      type: OrderDirection,
      required: true,
      defaultValue: 'desc',
      description: 'Sort direction.',
    }),
  }),
});

export interface OrderPart {
  field: TaskOrderField;
  direction: Direction;
}

const LATEST_FIRST: readonly OrderPart[] = [{ field: 'createdAt', direction: 'desc' }];

function orderOf(parts: readonly OrderPart[] | null | undefined): OrderBy<TaskOrderField>[] {
  const given = parts?.length ? parts : LATEST_FIRST;
  if (new Set(given.map(({ field }) => field)).size < given.length) {
    throw new ValidationFailed('`orderBy` can contain each field only once.', { field: 'orderBy' });
  }
  return given.map(({ field, direction }) => ({ ...columns[field], direction }));
}

/** The total order of a list. */
export function totalOrderOf(parts: readonly OrderPart[] | null | undefined): TotalOrder {
  return page({}, orderOf(parts)).order;
}

/**
 * Reads relations only for the rows of the page: with joins in the page's own query, PostgreSQL would
 * evaluate them for every task before sorting. The ids are repeated to a fixed length, so that all page sizes
 * share one prepared statement.
 */
async function readByPrisma(
  db: Database,
  viewer: Viewer,
  page: readonly { id: string; share?: unknown }[],
  selection: object,
): Promise<TaskRow[]> {
  if (page.length === 0) return [];
  const ids = Array.from({ length: LARGEST_PAGE + 1 }, (_, n) => page[n % page.length]?.id ?? '');
  const rows = await db.task.findMany({
    ...selection,
    where: { id: { in: ids }, AND: visible.task(viewer) },
    relationLoadStrategy: 'join',
  });
  const byId = new Map(rows.map((row) => [row.id, row]));
  return page.flatMap(({ id, share }) => {
    const row = byId.get(id);
    return row ? Object.assign(row, share === undefined ? {} : { share }) : [];
  });
}

/** The conditions by which tasks are found without reading those that do not match. */
const INDEXED: ReadonlySet<string> = new Set([
  'id',
  'parent',
  'owner',
  'assignee',
  'ownedOrAssigned',
  'team',
  'status',
  'archived',
  'dueOn',
]);

/** @throws ListTooSlow, instead of a statement's time limit, if the list has parts that no index helps with. */
export async function refusingSlow<Rows>(
  { filter, filterText, orderBy }: TaskSelection,
  read: () => Promise<Rows>,
): Promise<Rows> {
  try {
    return await read();
  } catch (error) {
    if (classify(error).why !== 'slow') throw error;
    const conditions = Object.keys(filter ?? {}).filter((field) => !INDEXED.has(field));
    const parts = conditions.map((field) => `\`filter.${field}\``);
    if (filterText) parts.push('`filterText`');
    if (orderBy && orderBy.length > 0) parts.push('`orderBy`');
    throw parts.length > 0 ? new ListTooSlow(parts.join(' or ')) : error;
  }
}

export interface TaskSelection {
  filter?: TaskFilter | null | undefined;
  filterText?: string | null | undefined;
  orderBy?: readonly OrderPart[] | null | undefined;
  /** Further conditions, such as those of a group. */
  within?: TaskFilter | undefined;
}

/** The tasks of a selection that the viewer sees. @throws ValidationFailed for an invalid text. */
export async function selected(
  context: Context,
  { schema }: GraphQLResolveInfo,
  { filter: given, filterText, within }: TaskSelection,
) {
  const { viewer } = context;
  const parts = [given ?? {}, await readFilterText(context, schema, filterText), within ?? {}];
  const filters = parts.filter((part) => Object.keys(part).length > 0);
  const [first = {}, ...more] = filters;
  const filter = more.length > 0 ? { and: filters } : first;
  return { filter, wanted: wantedTasks(viewer, filters), scope: scopeIn(viewer, filter) };
}

/** A page of the tasks of a selection. */
export async function listTasks(
  context: Context,
  info: GraphQLResolveInfo,
  selection: TaskSelection,
  args: PageArguments,
) {
  const { db, viewer } = context;
  const { filter, wanted, scope } = await selected(context, info, selection);
  const tasks = page(args, orderOf(selection.orderBy));
  const fields = tasks.withCursor(queryFromInfo({ context, info, paths: NODES }));
  const inPage = selectedInPage(info);
  const few = await refusingSlow(selection, () => fewTasks(db, viewer, scope, wanted));
  // Words would be looked for once for each scan.
  const isWhole = few !== null || isPinned(wanted) || mentions(filter, 'text');
  const where = { AND: [wanted, tasks.where] };
  const query = { where, orderBy: tasks.orderBy, take: tasks.take };
  const sources: Sources = {
    from: visibleSql.tasks(viewer, scope, few),
    rows: isWhole ? undefined : (list) => orderedTasks(viewer, scope, { ...tasks, where: wanted }, list),
    added: inPage.has('viewerCan') ? { share: visibleSql.share(viewer) } : undefined,
    isRepeated: inPage.isRepeated,
  };
  const rows = await refusingSlow(
    selection,
    async () =>
      (await readPage(db, table, { ...query, ...fields }, sources)) ??
      (await readByPrisma(db, viewer, await readIds(db, table, query, sources), fields)),
  );
  let counted: Promise<Total> | undefined = few
    ? Promise.resolve({ count: few.length, isExact: true })
    : undefined;
  const total = () => (counted ??= countTasks(db, viewer, countedTasks(viewer, filter), scope, wanted));
  return {
    ...tasks.connection(rows),
    totalCount: async () => (await total()).count,
    isTotalCountExact: async () => (await total()).isExact,
  };
}

/** The number of tasks of a selection. */
export async function countSelected(
  context: Context,
  info: GraphQLResolveInfo,
  selection: TaskSelection,
): Promise<Total> {
  const { db, viewer } = context;
  const { filter, wanted, scope } = await selected(context, info, selection);
  return refusingSlow(selection, () => countTasks(db, viewer, countedTasks(viewer, filter), scope, wanted));
}

builder.queryField('tasks', (t) =>
  t.connection(
    {
      type: Task,
      description: 'Tasks visible to the viewer. By default the newest come first.',
      args: {
        filter: t.arg({ type: TaskFilter, description: 'Filter conditions.' }),
        filterText: t.arg.string({
          description: `${FILTER_TEXT} With \`filter\`, both must match. An error is VALIDATION_FAILED, with \`offset\` and \`length\` of the wrong part.`,
        }),
        orderBy: t.arg({
          type: [TaskOrder],
          description: 'Sort criteria, applied in order.',
        }),
      },
      resolve: (_root, { filter, filterText, orderBy, ...args }, context, info) =>
        listTasks(context, info, { filter, filterText, orderBy }, args),
    },
    { description: 'A page of tasks.' },
    { description: 'An edge in a page of tasks.' },
  ),
);
