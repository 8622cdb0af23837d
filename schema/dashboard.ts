import type { GraphQLResolveInfo } from 'graphql';
import { TaskPriority, TaskStatus } from '../prisma/generated/client/client.ts';
import type { Database } from '../server/database/client.ts';
import { NotFound, ValidationFailed } from '../server/errors.ts';
import { uuidOf } from '../server/ids.ts';
import type { Viewer } from '../server/policy.ts';
import type { Scope } from '../server/sql/counter-scope.ts';
import { MOST_DAYS } from '../server/sql/local-days.ts';
import { countDashboard, type DashboardCounts } from '../server/sql/dashboard.ts';
import { builder } from './machinery/builder.ts';
import { argumentsBelow } from './machinery/selection.ts';
import { Priority, Status } from './task.ts';

const Statistics = builder.objectRef<DashboardCounts>('Statistics').implement({
  description: 'The four numbers at the top of a dashboard.',
  fields: (t) => ({
    total: t.int({ description: 'All tasks that are not archived.', resolve: total }),
    pending: t.int({ description: 'Those neither DONE nor CANCELLED.', resolve: pending }),
    completed: t.int({ description: 'Those that are DONE.', resolve: ({ byStatus }) => byStatus.DONE }),
    shared: t.int({
      description: 'Tasks of others that are shared with the viewer now; in a team, of its tasks.',
      resolve: ({ sharedToView, sharedToEdit }) => sharedToView + sharedToEdit,
    }),
  }),
});

const StatusCount = builder.objectRef<{ status: TaskStatus; count: number }>('StatusCount').implement({
  description: 'How many tasks have a status.',
  fields: (t) => ({
    status: t.expose('status', { type: Status, description: 'Which status.' }),
    count: t.exposeInt('count', { description: 'How many tasks, not counting archived ones.' }),
  }),
});

const PriorityCount = builder
  .objectRef<{ priority: TaskPriority; count: number }>('PriorityCount')
  .implement({
    description: 'How many pending tasks have a priority.',
    fields: (t) => ({
      priority: t.expose('priority', { type: Priority, description: 'Which priority.' }),
      count: t.exposeInt('count', { description: 'How many pending tasks, not counting archived ones.' }),
    }),
  });

const DashboardActivity = builder.objectRef<DashboardCounts>('DashboardActivity').implement({
  description:
    'What got done lately. Days and weeks are those of the viewer’s timezone; a week begins on Monday.',
  fields: (t) => ({
    createdToday: t.exposeInt('createdToday', { description: 'Tasks created today.' }),
    createdThisWeek: t.exposeInt('createdThisWeek', { description: 'Tasks created since Monday.' }),
    completedToday: t.exposeInt('completedToday', { description: 'Tasks that became DONE today.' }),
    completedThisWeek: t.exposeInt('completedThisWeek', {
      description: 'Tasks that became DONE since Monday.',
    }),
    completionRate: t.float({
      description: 'Completed of all tasks in per cent, to one decimal; 0 when there are none.',
      resolve: (counts) => {
        const all = total(counts);
        return all === 0 ? 0 : Math.round((counts.byStatus.DONE / all) * 1000) / 10;
      },
    }),
  }),
});

const SharedCount = builder.objectRef<DashboardCounts>('SharedCount').implement({
  description: 'Tasks that are shared with the viewer now; in a team, of its tasks.',
  fields: (t) => ({
    total: t.int({
      description: 'All of them.',
      resolve: ({ sharedToView, sharedToEdit }) => sharedToView + sharedToEdit,
    }),
    viewOnly: t.exposeInt('sharedToView', { description: 'Those to look at only.' }),
    canEdit: t.exposeInt('sharedToEdit', { description: 'Those that the viewer may change.' }),
  }),
});

const DayCount = builder.objectRef<{ day: Date; count: number }>('DayCount').implement({
  description: 'How many tasks fall on a day.',
  fields: (t) => ({
    day: t.expose('day', { type: 'Date', description: 'A day of the viewer’s timezone.' }),
    count: t.exposeInt('count', { description: 'How many tasks, not counting archived ones.' }),
  }),
});

const daysDescription = `How many days back, today included; 1 to ${MOST_DAYS}.`;

function checkedDays(days: number): number {
  if (days >= 1 && days <= MOST_DAYS) return days;
  throw new ValidationFailed(`Ask for 1 to ${MOST_DAYS} days.`, { field: 'days' });
}

/** The last of the days that a dashboard was read for. */
function lastDays(counts: DashboardCounts, days: number, series: 'created' | 'completed') {
  return counts.perDay
    .slice(-checkedDays(days))
    .map((each) => ({ day: new Date(each.day), count: each[series] }));
}

interface Numbers extends DashboardCounts {
  scope: Scope;
  /** For whom they were counted; others may be told the same. */
  viewer: Viewer;
}

export const Dashboard = builder.objectRef<Numbers>('Dashboard').implement({
  description: 'The tasks of a scope in numbers, all of the same moment.',
  fields: (t) => ({
    statistics: t.field({
      type: Statistics,
      description: 'The four main numbers.',
      resolve: (counts) => counts,
    }),
    breakdown: t.field({
      type: [StatusCount],
      description: 'One entry for each status, in the order of work.',
      resolve: ({ byStatus }) =>
        Object.values(TaskStatus).map((status) => ({ status, count: byStatus[status] })),
    }),
    priorities: t.field({
      type: [PriorityCount],
      description: 'One entry for each priority, the lowest first.',
      resolve: ({ byPriority }) =>
        Object.values(TaskPriority).map((priority) => ({ priority, count: byPriority[priority] })),
    }),
    activity: t.field({
      type: DashboardActivity,
      description: 'Today and this week.',
      resolve: (counts) => counts,
    }),
    overdue: t.exposeInt('overdue', { description: 'Pending tasks whose day has passed.' }),
    dueToday: t.exposeInt('dueToday', { description: 'Pending tasks whose day is today.' }),
    dueThisWeek: t.exposeInt('dueThisWeek', {
      description: 'Pending tasks whose day lies in this week, Monday to Sunday.',
    }),
    shared: t.field({
      type: SharedCount,
      description: 'What others share with the viewer.',
      resolve: (counts) => counts,
    }),
    createdPerDay: t.field({
      type: [DayCount],
      description:
        'Tasks by the day on which they were created: the earliest day first, today last, each day once.',
      args: { days: t.arg.int({ required: true, defaultValue: 30, description: daysDescription }) },
      resolve: (counts, { days }) => lastDays(counts, days, 'created'),
    }),
    completedPerDay: t.field({
      type: [DayCount],
      description:
        'Tasks that are DONE by the day on which they became so: the earliest day first, today last, each day once.',
      args: { days: t.arg.int({ required: true, defaultValue: 30, description: daysDescription }) },
      resolve: (counts, { days }) => lastDays(counts, days, 'completed'),
    }),
    cursor: t.exposeString('cursor', {
      description: 'The log’s position up to which everything is counted.',
    }),
  }),
});

export const DashboardScope = builder.inputType('DashboardScope', {
  description: 'Whose tasks are counted.',
  fields: (t) => ({
    teamId: t.id({
      description:
        'A team that the viewer is in, NOT_FOUND otherwise; the tasks that the viewer owns when left out.',
    }),
    assigned: t.boolean({
      description:
        'Whether to count the tasks that are assigned to the viewer, those of others included, and among them only what is shared; not together with a team.',
    }),
  }),
});

builder.queryField('dashboard', (t) =>
  t.field({
    type: Dashboard,
    description: 'Tasks in numbers, exact at the moment of reading.',
    args: { scope: t.arg({ type: DashboardScope, description: 'Whose; the viewer’s own when left out.' }) },
    resolve: (_root, args, { db, viewer }, info) => {
      return dashboardOf(db, viewer, scopeOf(viewer, args.scope), daysBelow(info));
    },
  }),
);

/** The numbers of a scope, as of now. */
export async function dashboardOf(
  db: Database,
  viewer: Viewer,
  scope: Scope,
  days: number,
): Promise<Numbers> {
  return { ...(await countDashboard(db, viewer, scope, days)), scope, viewer };
}

interface GivenScope {
  teamId?: string | null | undefined;
  assigned?: boolean | null | undefined;
}

/** @throws NotFound for a team that the viewer is not in. */
export function scopeOf(viewer: Viewer, given: GivenScope | null | undefined): Scope {
  const assigned = given?.assigned ?? false;
  if (given?.teamId == null) return { teamId: null, assigned };
  if (assigned)
    throw new ValidationFailed('Choose a team or `assigned`, not both.', { field: 'scope.assigned' });
  const teamId = uuidOf('Team', given.teamId, 'scope.teamId');
  if (!viewer.teams.has(teamId)) throw new NotFound('team', teamId);
  return { teamId, assigned };
}

/** How many days back the fields below a dashboard go; what asks for too many of them is refused in its own place. */
export function daysBelow(info: GraphQLResolveInfo): number {
  const asked = argumentsBelow(info, ['createdPerDay', 'completedPerDay']).map(({ days }) => Number(days));
  return Math.max(0, ...asked.filter((days) => days <= MOST_DAYS));
}

function pending({ byStatus }: DashboardCounts): number {
  return byStatus.TODO + byStatus.IN_PROGRESS;
}

function total({ byStatus }: DashboardCounts): number {
  return Object.values(byStatus).reduce((sum, count) => sum + count, 0);
}
