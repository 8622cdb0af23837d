import { queryFromInfo } from '@pothos/plugin-prisma';
import { z } from 'zod';
import {
  TaskPriority,
  TaskStatus,
  type Prisma,
  type Task as TaskRow,
} from '../prisma/generated/client/client.ts';
import type { Database } from '../server/database/client.ts';
import { ValidationFailed } from '../server/errors.ts';
import { liveShareOf, visible, type Viewer } from '../server/policy.ts';
import { builder } from './machinery/builder.ts';
import {
  LARGEST_PAGE,
  moment,
  page,
  type Column,
  type Direction,
  type OrderBy,
} from './machinery/connection.ts';
import {
  DateFilter,
  DateTimeFilter,
  enumFilter,
  filterType,
  IdFilter,
  LabelsFilter,
  matching,
  mentions,
  onColumn,
  onFlag,
  onLabels,
  onReference,
  onWords,
  TextFilter,
} from './machinery/filters.ts';
import { countRows, readIds, readPage, type Sources } from '../server/sql/read-page.ts';
import { MOST_FINDS, MOST_MATCHES, NEWEST_LISTED, tasksWith } from '../server/sql/search.ts';
import { tasks as table } from '../server/sql/tables.ts';
import { visibleSql } from '../server/sql/visible.ts';
import { NODES, selectedInPage } from './machinery/selection.ts';
import { Priority, Status, Task } from './task.ts';

const TaskStatusFilter = enumFilter('TaskStatusFilter', Status, 'Which statuses');
const TaskPriorityFilter = enumFilter('TaskPriorityFilter', Priority, 'Which priorities');

const count = (number: number) => number.toLocaleString('en');

const TaskFilter = filterType('TaskFilter', 'Which tasks', (t) => ({
  id: t.field({ type: IdFilter, description: 'By themselves.' }),
  title: t.field({ type: TextFilter, description: 'By their titles.' }),
  status: t.field({ type: TaskStatusFilter, description: 'By how far they have come.' }),
  priority: t.field({ type: TaskPriorityFilter, description: 'By how much they matter.' }),
  dueOn: t.field({ type: DateFilter, description: 'By the last day on which they are in time.' }),
  labels: t.field({ type: LabelsFilter, description: 'By their labels.' }),
  owner: t.field({ type: IdFilter, description: 'By whom they belong to.' }),
  assignee: t.field({ type: IdFilter, description: 'By whom they are assigned to.' }),
  team: t.field({ type: IdFilter, description: 'By the team they are in; teams of others count as none.' }),
  parent: t.field({
    type: IdFilter,
    description: 'By the task they are part of; one that the viewer may not see counts as none.',
  }),
  createdAt: t.field({ type: DateTimeFilter, description: 'By when they were created.' }),
  updatedAt: t.field({ type: DateTimeFilter, description: 'By when they last changed.' }),
  completedAt: t.field({ type: DateTimeFilter, description: 'By when they were completed.' }),
  archived: t.boolean({
    description:
      'Whether they were put away. A list leaves archived tasks out unless its filter has a condition on this.',
  }),
  text: t.string({
    description: `By words of their titles and descriptions, read like the query of \`search\`; at most 200 characters, and without a word nothing is found. Looks through the newest ${count(NEWEST_LISTED)} tasks that the viewer sees, and through older ones if fewer than ${MOST_FINDS} of these have the words. Finds at most ${count(MOST_MATCHES)} tasks, the newest.`,
  }),
  sharedWithViewer: t.boolean({ description: 'Whether somebody shares them with the viewer now.' }),
}));

type TaskFilter = typeof TaskFilter.$inferInput;

/** Which of the tasks that a viewer sees a filter describes, in Prisma's words. */
function wantedTasks(viewer: Viewer, filter: TaskFilter | null | undefined): Prisma.TaskWhereInput {
  const wanted = matching(filter, {
    id: onReference('id', 'Task'),
    title: onColumn('title'),
    status: onColumn('status'),
    priority: onColumn('priority'),
    dueOn: onColumn('dueOn', { nullable: true }),
    labels: onLabels('labels'),
    owner: onReference('ownerId', 'User'),
    assignee: onReference('assigneeId', 'User', { nullable: true }),
    team: onReference('teamId', 'Team', {
      nullable: true,
      seen: { teamId: { in: [...viewer.teams.keys()] } },
    }),
    parent: onReference('parentId', 'Task', { nullable: true, seen: { parent: visible.task(viewer) } }),
    createdAt: onColumn('createdAt'),
    updatedAt: onColumn('updatedAt'),
    completedAt: onColumn('completedAt', { nullable: true }),
    archived: onFlag({ archivedAt: { not: null } }),
    text: onWords((words) => tasksWith(viewer, words)),
    sharedWithViewer: onFlag({ shares: { some: liveShareOf(viewer) } }),
  });
  const present = mentions(filter, 'archived') ? {} : { archivedAt: null };
  return { AND: [wanted, present] };
}

export const OrderDirection = builder.enumType('OrderDirection', {
  description: 'Which end of a list comes first. What has no value comes last either way.',
  values: {
    ASC: { value: 'asc', description: 'Smallest, or earliest, first.' },
    DESC: { value: 'desc', description: 'Greatest, or latest, first.' },
  } as const,
});

const TaskOrderField = builder.enumType('TaskOrderField', {
  description: 'What a list of tasks can be ordered by.',
  values: {
    CREATED_AT: { value: 'createdAt', description: 'When they were created.' },
    UPDATED_AT: { value: 'updatedAt', description: 'When they last changed.' },
    DUE_ON: { value: 'dueOn', description: 'The last day on which they are in time.' },
    PRIORITY: { value: 'priority', description: 'How much they matter, from NONE to URGENT.' },
    STATUS: { value: 'status', description: 'How far they have come, from TODO to CANCELLED.' },
    TITLE: { value: 'title', description: 'Their titles, as the database sorts text.' },
    POSITION: { value: 'position', description: 'Where people moved them to; new ones come last.' },
    COMPLETED_AT: { value: 'completedAt', description: 'When they were completed.' },
  } as const,
});

type TaskOrderField = typeof TaskOrderField.$inferType;

const storable = z.string().refine((value) => !value.includes('\0'), 'PostgreSQL has no NUL.');

const columns: { [Field in TaskOrderField]: Column<Field> } = {
  createdAt: { field: 'createdAt', value: moment },
  updatedAt: { field: 'updatedAt', value: moment },
  dueOn: { field: 'dueOn', value: moment, nullable: true },
  priority: { field: 'priority', value: z.enum(TaskPriority), ranks: Object.values(TaskPriority) },
  status: { field: 'status', value: z.enum(TaskStatus), ranks: Object.values(TaskStatus) },
  title: { field: 'title', value: storable },
  position: { field: 'position', value: storable },
  completedAt: { field: 'completedAt', value: moment, nullable: true },
};

const TaskOrder = builder.inputType('TaskOrder', {
  description:
    'One part of the order of a list of tasks. Where two are equal in all parts, their ids decide.',
  fields: (t) => ({
    field: t.field({ type: TaskOrderField, required: true, description: 'By what.' }),
    direction: t.field({
      type: OrderDirection,
      required: true,
      defaultValue: 'desc',
      description: 'Which way.',
    }),
  }),
});

interface OrderPart {
  field: TaskOrderField;
  direction: Direction;
}

const LATEST_FIRST: readonly OrderPart[] = [{ field: 'createdAt', direction: 'desc' }];

function orderOf(parts: readonly OrderPart[] | null | undefined): OrderBy<TaskOrderField>[] {
  const given = parts?.length ? parts : LATEST_FIRST;
  if (new Set(given.map(({ field }) => field)).size < given.length) {
    throw new ValidationFailed('An order can name each field once.', { field: 'orderBy' });
  }
  return given.map(({ field, direction }) => ({ ...columns[field], direction }));
}

/**
 * What belongs to a page's tasks is read once these are known: PostgreSQL would look it up for every task of the list,
 * and only then sort them. They are named as many times as makes a page of any size one statement.
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

builder.queryField('tasks', (t) =>
  t.connection(
    {
      type: Task,
      description:
        'The tasks that the viewer may see, the latest created first unless `orderBy` says otherwise.',
      args: {
        filter: t.arg({ type: TaskFilter, description: 'Only these.' }),
        orderBy: t.arg({
          type: [TaskOrder],
          description: 'In this order: by the first part, then where that is equal by the next, and so on.',
        }),
      },
      resolve: async (_root, { filter, orderBy, ...args }, context, info) => {
        const { db, viewer } = context;
        const wanted = wantedTasks(viewer, filter);
        const tasks = page(args, orderOf(orderBy));
        const selection = tasks.withCursor(queryFromInfo({ context, info, paths: NODES }));
        const query = { where: { AND: [wanted, tasks.where] }, orderBy: tasks.orderBy, take: tasks.take };
        const selected = selectedInPage(info);
        const sources: Sources = {
          from: visibleSql.tasks(viewer),
          added: selected.has('viewerCan') ? { share: visibleSql.share(viewer) } : undefined,
          isRepeated: selected.isRepeated,
        };
        const rows =
          (await readPage(db, table, { ...query, ...selection }, sources)) ??
          (await readByPrisma(db, viewer, await readIds(db, table, query, sources), selection));
        return { ...tasks.connection(rows), totalCount: () => countRows(db, table, wanted, sources) };
      },
    },
    { description: 'A page of tasks.' },
    { description: 'A task at its place of a list.' },
  ),
);
