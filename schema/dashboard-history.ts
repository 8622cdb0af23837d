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

/** No task is older, and far earlier days can no longer be told to PostgreSQL as JavaScript writes them. */
const FIRST_DAY = '1970-01-01';

const day = (text: string) => new Date(text);
const total = ({ todo, inProgress, done, cancelled }: StatusesOfDay) => todo + inProgress + done + cancelled;

const BurnUpDay = builder.objectRef<StatusesOfDay>('BurnUpDay').implement({
  description: 'How far the work was at the end of a day.',
  fields: (t) => ({
    day: t.field({
      type: 'Date',
      description: 'A day of the viewer’s timezone.',
      resolve: (each) => day(each.day),
    }),
    total: t.int({ description: 'All tasks that there were then.', resolve: total }),
    completed: t.exposeInt('done', { description: 'Those of them that were DONE then.' }),
  }),
});

const FlowDay = builder.objectRef<StatusesOfDay>('FlowDay').implement({
  description: 'How many tasks each status had at the end of a day.',
  fields: (t) => ({
    day: t.field({
      type: 'Date',
      description: 'A day of the viewer’s timezone.',
      resolve: (each) => day(each.day),
    }),
    todo: t.exposeInt('todo', { description: 'Not begun then.' }),
    inProgress: t.exposeInt('inProgress', { description: 'Being worked on then.' }),
    done: t.exposeInt('done', { description: 'Done by then.' }),
    cancelled: t.exposeInt('cancelled', { description: 'Given up by then.' }),
  }),
});

interface Week {
  monday: Date;
  completed: number;
}

const WeekCount = builder.objectRef<Week>('WeekCount').implement({
  description: 'How much got done in a week.',
  fields: (t) => ({
    week: t.expose('monday', {
      type: 'Date',
      description: 'The week’s Monday; it may lie before the first day that was asked for.',
    }),
    completed: t.exposeInt('completed', {
      description:
        'How often a task became DONE in those days of the week that were asked for; what was reopened later counts too.',
    }),
  }),
});

const DurationSpread = builder.objectRef<Durations>('DurationSpread').implement({
  description: 'How long tasks took, in seconds, each number off by at most 1 %.',
  fields: (t) => ({
    median: t.exposeFloat('median', {
      nullable: true,
      description: 'Half of them took no longer; null where none became DONE.',
    }),
    p85: t.exposeFloat('p85', {
      nullable: true,
      description: 'Of 100, 85 took no longer; null where none became DONE.',
    }),
  }),
});

const History = builder.objectRef<DashboardHistory>('DashboardHistory').implement({
  description:
    'What the numbers were, by what had happened by then: what happens later, as a deletion, changes nothing of it.',
  fields: (t) => ({
    burnUp: t.field({
      type: [BurnUpDay],
      description: 'The earliest day first, each day once.',
      resolve: ({ days }) => days,
    }),
    cumulativeFlow: t.field({
      type: [FlowDay],
      description:
        'The earliest day first, each day once. The last one is what there was at the end of `asOf`.',
      resolve: ({ days }) => days,
    }),
    throughput: t.field({
      type: [WeekCount],
      description: 'The earliest week first, each week once.',
      resolve: ({ days }) => weeksOf(days),
    }),
    cycleTime: t.field({
      type: DurationSpread,
      description:
        'From first becoming IN_PROGRESS to DONE, of the tasks that became DONE on these days and were IN_PROGRESS before.',
      resolve: ({ cycleTime }) => cycleTime,
    }),
    leadTime: t.field({
      type: DurationSpread,
      description: 'From being created to DONE, of the tasks that became DONE on these days.',
      resolve: ({ leadTime }) => leadTime,
    }),
  }),
});

builder.objectField(Dashboard, 'history', (t) =>
  t.field({
    type: History,
    description:
      'The same tasks over time. Those that the viewer sees only since somebody shared them are left out, and a task of a team that is gone counts as if it had never been in one.',
    args: {
      days: t.arg.int({
        required: true,
        defaultValue: 30,
        description: `How many days back, the last one included; 1 to ${MOST_DAYS}.`,
      }),
      asOf: t.arg({
        type: 'Date',
        description: `The last day, from ${FIRST_DAY} on; today when left out, and never later.`,
      }),
    },
    resolve: async ({ scope, viewer }, { days, asOf }, { db }) => {
      if (days < 1 || days > MOST_DAYS) {
        throw new ValidationFailed(`Ask for 1 to ${MOST_DAYS} days.`, { field: 'days' });
      }
      if (asOf && asOf < day(FIRST_DAY)) {
        throw new ValidationFailed(`The history begins on ${FIRST_DAY}.`, { field: 'asOf' });
      }
      const history = await readHistory(db, viewer, scope, days, asOf?.toISOString().slice(0, 10) ?? null);
      if (!history) throw new ValidationFailed('This day has yet to come.', { field: 'asOf' });
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
