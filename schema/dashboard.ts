import { TaskPriority, TaskStatus } from '../prisma/generated/client/client.ts';
import { countDashboard, type DashboardCounts } from '../server/sql/dashboard.ts';
import { builder } from './builder.ts';
import { Priority, Status } from './task.ts';

const Statistics = builder.objectRef<DashboardCounts>('Statistics').implement({
  description: 'The four numbers at the top of a dashboard.',
  fields: (t) => ({
    total: t.int({ description: 'All tasks that are not archived.', resolve: total }),
    pending: t.int({ description: 'Those neither DONE nor CANCELLED.', resolve: pending }),
    completed: t.int({ description: 'Those that are DONE.', resolve: ({ byStatus }) => byStatus.DONE }),
    shared: t.int({
      description: 'Tasks of others that are shared with the viewer now.',
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

const Dashboard = builder.objectRef<DashboardCounts>('Dashboard').implement({
  description: 'The viewer’s own tasks in numbers, all of the same moment.',
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
    cursor: t.exposeString('cursor', {
      description: 'The log’s position up to which everything is counted.',
    }),
  }),
});

builder.queryField('dashboard', (t) =>
  t.field({
    type: Dashboard,
    description: 'The viewer’s own tasks in numbers, exact at the moment of reading.',
    resolve: (_root, _args, { db, viewer }) => countDashboard(db, viewer),
  }),
);

function pending({ byStatus }: DashboardCounts): number {
  return byStatus.TODO + byStatus.IN_PROGRESS;
}

function total({ byStatus }: DashboardCounts): number {
  return Object.values(byStatus).reduce((sum, count) => sum + count, 0);
}
