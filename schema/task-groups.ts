import type { GraphQLResolveInfo } from 'graphql';
import { TaskPriority, TaskStatus } from '../prisma/generated/client/client.ts';
import { ValidationFailed } from '../server/errors.ts';
import { dayAfter, dayIn } from '../server/filter-text/days.ts';
import type { FilterJson } from '../server/filter-text/to-filter.ts';
import type { Context } from '../server/graphql/context.ts';
import { publicId } from '../server/ids.ts';
import { firstOfGroups, groupTasks, type GroupCount, type GroupKey } from '../server/sql/group-tasks.ts';
import { builder } from './machinery/builder.ts';
import { batched } from './machinery/loaders.ts';
import { findVisible } from './machinery/nodes.ts';
import { FILTER_TEXT, inputOf } from './filter-text.ts';
import { countedTasks } from './task-count.ts';
import { TaskFilter } from './task-filter.ts';
import {
  listTasks,
  refusingSlow,
  selected,
  TaskOrder,
  type TaskSelection,
  totalOrderOf,
} from './task-list.ts';
import { Task } from './task.ts';
import { User } from './user.ts';
import { TaskGroupBy } from './view.ts';

const MOST_GROUPS = 50;
const USUAL_GROUPS = 12;
const MOST_FIRST = 50;
const USUAL_FIRST = 3;

type GroupBy = typeof TaskGroupBy.$inferType;

const keyOf: Record<GroupBy, GroupKey> = {
  STATUS: 'status',
  PRIORITY: 'priority',
  ASSIGNEE: 'assignee',
  LABEL: 'label',
  DUE_WEEK: 'dueWeek',
  DUE_DAY: 'dueDay',
};

interface Group extends GroupCount {
  by: GroupBy;
  isExact: boolean;
  selection: TaskSelection;
  /** The ids of the first tasks of all groups of the list, by their keys. */
  firstOfAll: (most: number) => ReturnType<typeof firstOfGroups>;
}

/** The conditions of a group. */
function filterOf({ by, key }: Pick<Group, 'by' | 'key'>): FilterJson {
  if (by === 'STATUS') return { status: { eq: key } };
  if (by === 'PRIORITY') return { priority: { eq: key } };
  if (by === 'LABEL') return { labels: key === null ? { isEmpty: true } : { has: key } };
  if (by === 'ASSIGNEE') return { assignee: key === null ? { isNull: true } : { eq: publicId('User', key) } };
  if (by === 'DUE_DAY') return { dueOn: key === null ? { isNull: true } : { eq: key } };
  return { dueOn: key === null ? { isNull: true } : { after: dayAfter(key, -1), before: dayAfter(key, 7) } };
}

async function assigneeOf({ by, key }: Group, context: Context, info: GraphQLResolveInfo) {
  if (by !== 'ASSIGNEE' || key === null) return null;
  const user = await batched(context, info, key, (ids) => findVisible('User', ids, context, info));
  return (user ?? null) as never;
}

const TaskGroup = builder.objectRef<Group>('TaskGroup').implement({
  description: 'The tasks of a list that have the same value.',
  fields: (t) => ({
    key: t.string({
      nullable: true,
      description:
        'The value: a `TaskStatus`, a `TaskPriority`, the id of the assignee, a label, the day, or the Monday of the week. Null for tasks without one.',
      resolve: ({ by, key }) => (by === 'ASSIGNEE' && key !== null ? publicId('User', key) : key),
    }),
    assignee: t.field({
      type: User,
      nullable: true,
      description: 'The assignee. Null for tasks without one, and for groups by something else.',
      resolve: (group, _args, context, info) => assigneeOf(group, context, info),
    }),
    filter: t.field({
      type: 'JSON',
      description: 'The conditions of the group as a `TaskFilter`, in addition to those of the list.',
      resolve: (group) => filterOf(group),
    }),
    count: t.exposeInt('count', { description: 'Number of its tasks.' }),
    isCountExact: t.boolean({
      description: 'Whether the number is exact. False if more than 10,000 tasks would have to be counted.',
      resolve: ({ isExact }) => isExact,
    }),
    firstTasks: t.field({
      type: [Task],
      description:
        'Its first tasks, in the order of the list. Those of all groups are read at once; `tasks` has pages.',
      args: {
        first: t.arg.int({
          required: true,
          defaultValue: USUAL_FIRST,
          description: `Number of tasks. At most ${MOST_FIRST}.`,
        }),
      },
      resolve: async ({ key, firstOfAll }, { first }, context, info) => {
        if (first < 0 || first > MOST_FIRST)
          throw new ValidationFailed(`You can get 0 to ${MOST_FIRST} first tasks of a group.`, {
            field: 'first',
          });
        const ids = (await firstOfAll(first)).get(key) ?? [];
        const read = (all: readonly string[]) => findVisible('Task', all, context, info);
        const found = await Promise.all(ids.map((id) => batched(context, info, id, read)));
        return found.filter((task) => task !== undefined) as never[];
      },
    }),
    tasks: t.connection(
      {
        type: Task,
        description: 'Its tasks, in the order of the list.',
        resolve: ({ selection, ...group }, args, context, info) =>
          listTasks(context, info, { ...selection, within: inputOf(info.schema, filterOf(group)) }, args),
      },
      { description: 'A page of the tasks of a group.' },
      { description: 'An edge in a page of the tasks of a group.' },
    ),
  }),
});

builder.queryField('taskGroups', (t) =>
  t.field({
    type: [TaskGroup],
    description: `The tasks of a list in groups, such as the columns of a board. By status and priority there is a group for each value. Otherwise those with most tasks, or the days or weeks next to today: at most ${MOST_GROUPS}.`,
    args: {
      by: t.arg({ type: TaskGroupBy, required: true, description: 'What the tasks are grouped by.' }),
      filter: t.arg({ type: TaskFilter, description: 'Filter conditions.' }),
      filterText: t.arg.string({ description: `${FILTER_TEXT} With \`filter\`, both must match.` }),
      orderBy: t.arg({ type: [TaskOrder], description: 'Sort criteria of the tasks in a group.' }),
      first: t.arg.int({
        required: true,
        defaultValue: USUAL_GROUPS,
        description: `Number of groups by assignee, label, day or week. At most ${MOST_GROUPS}.`,
      }),
    },
    resolve: async (_root, { by, first, ...selection }, context, info) => {
      if (first < 0 || first > MOST_GROUPS)
        throw new ValidationFailed(`You can get 0 to ${MOST_GROUPS} groups.`, { field: 'first' });
      const { db, viewer } = context;
      const { filter, wanted, scope } = await selected(context, info, selection);
      const today = await todayOf(context);
      const { groups, isExact } = await refusingSlow(selection, () =>
        groupTasks(db, viewer, keyOf[by], countedTasks(viewer, filter), scope, wanted, {
          most: first,
          today,
        }),
      );
      const ordered = inOrder(by, groups);
      const keys = ordered.map(({ key }) => key);
      const order = totalOrderOf(selection.orderBy);
      const firsts = new Map<number, ReturnType<typeof firstOfGroups>>();
      const firstOfAll: Group['firstOfAll'] = (most) => {
        const read =
          firsts.get(most) ??
          refusingSlow(selection, () =>
            firstOfGroups(db, viewer, keyOf[by], scope, wanted, { keys, most, order }),
          );
        firsts.set(most, read);
        return read;
      };
      return ordered.map((group) => ({ ...group, by, isExact, selection, firstOfAll }));
    },
  }),
);

async function todayOf({ db, viewer }: Context): Promise<string> {
  const here = await db.user.findUnique({ where: { id: viewer.actorId }, select: { timezone: true } });
  return dayIn(here?.timezone ?? 'UTC', new Date());
}

/** In the order of statuses, priorities, days or weeks. Tasks without a value come first. */
function inOrder(by: GroupBy, groups: readonly GroupCount[]): GroupCount[] {
  const values = by === 'STATUS' ? TaskStatus : by === 'PRIORITY' ? TaskPriority : null;
  if (values) {
    const counts = new Map(groups.map(({ key, count }) => [key, count]));
    return Object.values(values).map((key) => ({ key, count: counts.get(key) ?? 0 }));
  }
  if (by !== 'DUE_WEEK' && by !== 'DUE_DAY') return [...groups];
  return groups.toSorted((one, other) => (one.key ?? '').localeCompare(other.key ?? ''));
}
