import type { GraphQLResolveInfo } from 'graphql';
import { TaskPriority, TaskStatus } from '../prisma/generated/client/client.ts';
import type { Database } from '../server/database/client.ts';
import { LimitedToTeams, NotFound, ValidationFailed } from '../server/errors.ts';
import { uuidOf } from '../server/ids.ts';
import type { Viewer } from '../server/policy.ts';
import type { Scope } from '../server/sql/counter-scope.ts';
import { MOST_DAYS } from '../server/sql/local-days.ts';
import { countDashboard, type DashboardCounts } from '../server/sql/dashboard.ts';
import { builder } from './machinery/builder.ts';
import { argumentsBelow } from './machinery/selection.ts';
import { Priority, Status } from './task.ts';

const Statistics = builder.objectRef<DashboardCounts>('Statistics').implement({
  description: 'Main numbers of a dashboard.',
  fields: (t) => ({
    total: t.int({ description: 'All tasks that are not archived.', resolve: total }),
    pending: t.int({ description: 'Tasks that are neither DONE nor CANCELLED.', resolve: pending }),
    completed: t.int({ description: 'Tasks that are DONE.', resolve: ({ byStatus }) => byStatus.DONE }),
    shared: t.int({
      description:
        'Tasks of other people with an active share for the viewer. In a team scope, only tasks of the team.',
      resolve: ({ sharedToView, sharedToEdit }) => sharedToView + sharedToEdit,
    }),
  }),
});

const StatusCount = builder.objectRef<{ status: TaskStatus; count: number }>('StatusCount').implement({
  description: 'Number of tasks in a status.',
  fields: (t) => ({
    status: t.expose('status', { type: Status, description: 'The counted status.' }),
    count: t.exposeInt('count', { description: 'Number of tasks, without archived ones.' }),
  }),
});

const PriorityCount = builder
  .objectRef<{ priority: TaskPriority; count: number }>('PriorityCount')
  .implement({
    description: 'Number of pending tasks with a priority.',
    fields: (t) => ({
      priority: t.expose('priority', { type: Priority, description: 'The counted priority.' }),
      count: t.exposeInt('count', { description: 'Number of pending tasks, without archived ones.' }),
    }),
  });

const DashboardActivity = builder.objectRef<DashboardCounts>('DashboardActivity').implement({
  description: 'Recent activity. Days and weeks are in the viewer’s time zone. Weeks start on Monday.',
  fields: (t) => ({
    createdToday: t.exposeInt('createdToday', { description: 'Tasks created today.' }),
    createdThisWeek: t.exposeInt('createdThisWeek', { description: 'Tasks created this week.' }),
    completedToday: t.exposeInt('completedToday', { description: 'Tasks that became DONE today.' }),
    completedThisWeek: t.exposeInt('completedThisWeek', {
      description: 'Tasks that became DONE this week.',
    }),
    completionRate: t.float({
      description: 'Percentage of tasks that are DONE, to one decimal. 0 if there are no tasks.',
      resolve: (counts) => {
        const all = total(counts);
        return all === 0 ? 0 : Math.round((counts.byStatus.DONE / all) * 1000) / 10;
      },
    }),
  }),
});

const SharedCount = builder.objectRef<DashboardCounts>('SharedCount').implement({
  description: 'Tasks with an active share for the viewer. In a team scope, only tasks of the team.',
  fields: (t) => ({
    total: t.int({
      description: 'Number of shared tasks.',
      resolve: ({ sharedToView, sharedToEdit }) => sharedToView + sharedToEdit,
    }),
    viewOnly: t.exposeInt('sharedToView', { description: 'Number of tasks shared with VIEW.' }),
    canEdit: t.exposeInt('sharedToEdit', { description: 'Number of tasks shared with EDIT.' }),
  }),
});

const DayCount = builder.objectRef<{ day: Date; count: number }>('DayCount').implement({
  description: 'Number of tasks on one day.',
  fields: (t) => ({
    day: t.expose('day', { type: 'Date', description: 'A day in the viewer’s time zone.' }),
    count: t.exposeInt('count', { description: 'Number of tasks, without archived ones.' }),
  }),
});

const daysDescription = `Length of the period in days, including today; 1 to ${MOST_DAYS}.`;

function checkedDays(days: number): number {
  if (days >= 1 && days <= MOST_DAYS) return days;
  throw new ValidationFailed(`\`days\` must be between 1 and ${MOST_DAYS}.`, { field: 'days' });
}

/** The last days of those that were read. */
function lastDays(counts: DashboardCounts, days: number, series: 'created' | 'completed') {
  return counts.perDay
    .slice(-checkedDays(days))
    .map((each) => ({ day: new Date(each.day), count: each[series] }));
}

interface Numbers extends DashboardCounts {
  scope: Scope;
  /** The numbers can be shared with other viewers. */
  viewer: Viewer;
}

export const Dashboard = builder.objectRef<Numbers>('Dashboard').implement({
  description: 'Task numbers of a scope, all read at the same moment.',
  fields: (t) => ({
    statistics: t.field({
      type: Statistics,
      description: 'Main numbers.',
      resolve: (counts) => counts,
    }),
    breakdown: t.field({
      type: [StatusCount],
      description: 'One entry per status, in workflow order.',
      resolve: ({ byStatus }) =>
        Object.values(TaskStatus).map((status) => ({ status, count: byStatus[status] })),
    }),
    priorities: t.field({
      type: [PriorityCount],
      description: 'One entry per priority, lowest first.',
      resolve: ({ byPriority }) =>
        Object.values(TaskPriority).map((priority) => ({ priority, count: byPriority[priority] })),
    }),
    activity: t.field({
      type: DashboardActivity,
      description: 'Activity today and this week.',
      resolve: (counts) => counts,
    }),
    overdue: t.exposeInt('overdue', { description: 'Pending tasks with a due date before today.' }),
    dueToday: t.exposeInt('dueToday', { description: 'Pending tasks due today.' }),
    dueThisWeek: t.exposeInt('dueThisWeek', {
      description: 'Pending tasks due this week, Monday to Sunday.',
    }),
    shared: t.field({
      type: SharedCount,
      description: 'Tasks shared with the viewer.',
      resolve: (counts) => counts,
    }),
    createdPerDay: t.field({
      type: [DayCount],
      description: 'Tasks by creation day. One entry per day, earliest first; the last is today.',
      args: { days: t.arg.int({ required: true, defaultValue: 30, description: daysDescription }) },
      resolve: (counts, { days }) => lastDays(counts, days, 'created'),
    }),
    completedPerDay: t.field({
      type: [DayCount],
      description: 'DONE tasks by completion day. One entry per day, earliest first; the last is today.',
      args: { days: t.arg.int({ required: true, defaultValue: 30, description: daysDescription }) },
      resolve: (counts, { days }) => lastDays(counts, days, 'completed'),
    }),
    cursor: t.exposeString('cursor', {
      description: 'Log cursor. The numbers include every change up to this position.',
    }),
  }),
});

export const DashboardScope = builder.inputType('DashboardScope', {
  description: 'The tasks to count.',
  fields: (t) => ({
    teamId: t.id({
      description:
        'A team the viewer is a member of; otherwise NOT_FOUND. Default: tasks owned by the viewer.',
    }),
    assigned: t.boolean({
      description:
        'Count tasks assigned to the viewer instead, including tasks of other people. `shared` then counts only shared tasks among them. Cannot be combined with `teamId`.',
    }),
    ownedOrAssigned: t.boolean({
      description:
        'Count tasks that the viewer owns or that are assigned to the viewer. Cannot be combined with `teamId` or `assigned`.',
    }),
  }),
});

builder.queryField('dashboard', (t) =>
  t.field({
    type: Dashboard,
    description: 'Task numbers, exact at the time of reading.',
    args: {
      scope: t.arg({
        type: DashboardScope,
        description: 'Tasks to count. Default: tasks owned by the viewer.',
      }),
    },
    resolve: (_root, args, { db, viewer }, info) => {
      return dashboardOf(db, viewer, scopeOf(viewer, args.scope), daysBelow(info));
    },
  }),
);

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
  ownedOrAssigned?: boolean | null | undefined;
}

/** @throws NotFound for a team that the viewer is not in. */
export function scopeOf(viewer: Viewer, given: GivenScope | null | undefined): Scope {
  const { teamId: team, assigned, ownedOrAssigned } = given ?? {};
  const named = [team != null && 'teamId', assigned && 'assigned', ownedOrAssigned && 'ownedOrAssigned'];
  const [first, second] = named.filter((field) => typeof field === 'string');
  if (second)
    throw new ValidationFailed(`Specify either \`${first}\` or \`${second}\`, not both.`, {
      field: `scope.${second}`,
    });
  if (team == null && viewer.person.limit) throw LimitedToTeams.chooseOne('scope.teamId');
  if (team == null) return { teamId: null, by: assigned ? 'assignee' : ownedOrAssigned ? 'either' : 'owner' };
  const teamId = uuidOf('Team', team, 'scope.teamId');
  if (!viewer.teams.has(teamId)) throw new NotFound('team', teamId);
  return { teamId, by: 'owner' };
}

/**
 * The largest number of days that fields below a dashboard ask for. Excessive values are ignored here; their
 * own fields reject them.
 */
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
