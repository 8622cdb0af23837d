import { ValidationFailed } from '../server/errors.ts';
import { MOST_DAYS } from '../server/sql/local-days.ts';
import {
  readHistory,
  type DashboardHistory,
  type Durations,
  type StatusesOfDay,
} from '../server/sql/dashboard-history.ts';
import { builder } from './machinery/builder.ts';
import { Dashboard } from './dashboard.ts';

/** No task is older. JavaScript formats much earlier dates in a way that PostgreSQL does not read. */
const FIRST_DAY = '1970-01-01';

const day = (text: string) => new Date(text);
const total = ({ todo, inProgress, done, cancelled }: StatusesOfDay) => todo + inProgress + done + cancelled;

const BurnUpDay = builder.objectRef<StatusesOfDay>('BurnUpDay').implement({
  description: 'Burn-up numbers at the end of one day.',
  fields: (t) => ({
    day: t.field({
      type: 'Date',
      description: 'A day in the viewer’s time zone.',
      resolve: (each) => day(each.day),
    }),
    total: t.int({ description: 'Number of tasks that existed.', resolve: total }),
    completed: t.exposeInt('done', { description: 'Number of tasks that were DONE.' }),
  }),
});

const FlowDay = builder.objectRef<StatusesOfDay>('FlowDay').implement({
  description: 'Number of tasks in each status at the end of one day.',
  fields: (t) => ({
    day: t.field({
      type: 'Date',
      description: 'A day in the viewer’s time zone.',
      resolve: (each) => day(each.day),
    }),
    todo: t.exposeInt('todo', { description: 'Number of tasks in TODO.' }),
    inProgress: t.exposeInt('inProgress', { description: 'Number of tasks in IN_PROGRESS.' }),
    done: t.exposeInt('done', { description: 'Number of tasks in DONE.' }),
    cancelled: t.exposeInt('cancelled', { description: 'Number of tasks in CANCELLED.' }),
  }),
});

interface Week {
  monday: Date;
  completed: number;
}

const WeekCount = builder.objectRef<Week>('WeekCount').implement({
  description: 'Throughput of one week.',
  fields: (t) => ({
    week: t.expose('monday', {
      type: 'Date',
      description: 'Monday of the week. Can be earlier than the first requested day.',
    }),
    completed: t.exposeInt('completed', {
      description:
        'How many times a task became DONE on the requested days of this week. Tasks reopened later are included.',
    }),
  }),
});

const DurationSpread = builder.objectRef<Durations>('DurationSpread').implement({
  description: 'Distribution of durations in seconds, accurate to 1 %.',
  fields: (t) => ({
    median: t.exposeFloat('median', {
      nullable: true,
      description: 'Median. Null if no task became DONE.',
    }),
    p85: t.exposeFloat('p85', {
      nullable: true,
      description: '85th percentile. Null if no task became DONE.',
    }),
  }),
});

const History = builder.objectRef<DashboardHistory>('DashboardHistory').implement({
  description:
    'Numbers over time, as they were at the time. Later changes, such as deletions, do not affect them.',
  fields: (t) => ({
    burnUp: t.field({
      type: [BurnUpDay],
      description: 'One entry per day, earliest first.',
      resolve: ({ days }) => days,
    }),
    cumulativeFlow: t.field({
      type: [FlowDay],
      description: 'One entry per day, earliest first. The last one is the state at the end of `asOf`.',
      resolve: ({ days }) => days,
    }),
    throughput: t.field({
      type: [WeekCount],
      description: 'One entry per week, earliest first.',
      resolve: ({ days }) => weeksOf(days),
    }),
    cycleTime: t.field({
      type: DurationSpread,
      description:
        'Time from IN_PROGRESS (the first time) to DONE, for tasks that became DONE in this period and had been IN_PROGRESS.',
      resolve: ({ cycleTime }) => cycleTime,
    }),
    leadTime: t.field({
      type: DurationSpread,
      description: 'Time from creation to DONE, for tasks that became DONE in this period.',
      resolve: ({ leadTime }) => leadTime,
    }),
  }),
});

builder.objectField(Dashboard, 'history', (t) =>
  t.field({
    type: History,
    description:
      'The numbers of this scope over time. Tasks visible to the viewer only through a share are left out. Tasks of a deleted team count as tasks that never had a team.',
    args: {
      days: t.arg.int({
        required: true,
        defaultValue: 30,
        description: `Length of the period in days, including the last day; 1 to ${MOST_DAYS}.`,
      }),
      asOf: t.arg({
        type: 'Date',
        description: `Last day of the period, ${FIRST_DAY} or later. Default: today. Must not be in the future.`,
      }),
    },
    resolve: async ({ scope, viewer }, { days, asOf }, { db }) => {
      if (days < 1 || days > MOST_DAYS) {
        throw new ValidationFailed(`\`days\` must be between 1 and ${MOST_DAYS}.`, { field: 'days' });
      }
      if (asOf && asOf < day(FIRST_DAY)) {
        throw new ValidationFailed(`\`asOf\` must not be before ${FIRST_DAY}.`, { field: 'asOf' });
      }
      const history = await readHistory(db, viewer, scope, days, asOf?.toISOString().slice(0, 10) ?? null);
      if (!history) throw new ValidationFailed('`asOf` must not be in the future.', { field: 'asOf' });
      return history;
    },
  }),
);

const DAY_MS = 86_400_000;

function weeksOf(days: readonly StatusesOfDay[]): Week[] {
  const weeks = new Map<number, number>();
  for (const { day: text, finished } of days) {
    const monday = Date.parse(text) - ((day(text).getUTCDay() + 6) % 7) * DAY_MS;
    weeks.set(monday, (weeks.get(monday) ?? 0) + finished);
  }
  return Array.from(weeks, ([monday, completed]) => ({ monday: new Date(monday), completed }));
}
