import {
  MOST_WIDGETS,
  type SCOPES,
  widget as stored,
  type Widget,
} from '../server/domain/dashboard-widget.ts';
import { parse } from '../server/domain/validation.ts';
import { publicId } from '../server/ids.ts';
import type { DIMENSIONS, KINDS, MEASURES } from '../server/measures/widget.ts';
import { MOST_DAYS } from '../server/sql/local-days.ts';
import { FILTER_TEXT } from './filter-text.ts';
import { builder } from './machinery/builder.ts';
import { batched } from './machinery/loaders.ts';
import { answersOf, WidgetData } from './widget-data.ts';

const WidgetKind = builder.enumType('WidgetKind', {
  description: 'How a widget shows its numbers.',
  values: {
    NUMBER: { description: 'A single number, without groups, with its change.' },
    BAR: { description: 'A bar for each group.' },
    STACKED_BAR: { description: 'A bar for each group, split by a second dimension.' },
    LINE: { description: 'Lines over time.' },
    AREA: { description: 'Stacked areas over time.' },
    DONUT: { description: 'Parts of a whole.' },
    TABLE: { description: 'Rows and columns.' },
    HEAT_MAP: { description: 'A calendar with a shade for each day.' },
    BURN_UP: { description: 'All tasks and those that are done, over time. Measure COUNT.' },
    CUMULATIVE_FLOW: { description: 'Tasks in each status over time. Measure COUNT, split by STATUS.' },
    AGEING: {
      description:
        'The tasks in progress that were started first, at most 50, with the seconds since then. Measure OPEN. `key` and `name` are the id and title of a task.',
    },
  } satisfies Record<(typeof KINDS)[number], object>,
});

const WidgetMeasure = builder.enumType('WidgetMeasure', {
  description: 'What a widget measures. Archived tasks do not count.',
  values: {
    COUNT: { description: 'Tasks, in any status. By time: those at the end of each day, week or month.' },
    OPEN: {
      description: 'Tasks in TODO or IN_PROGRESS. By time: those at the end of each day, week or month.',
    },
    OVERDUE: { description: 'Open tasks with a due date before today.' },
    CREATED: { description: 'Tasks that were created in the period, and exist now.' },
    COMPLETED: { description: 'Tasks that became DONE in the period, and are DONE now.' },
    THROUGHPUT: {
      description:
        'How often tasks became DONE in the period, as recorded at the time: also those that were reopened or deleted later. For a scope, not for a filter.',
    },
    LEAD_TIME: {
      description:
        'Seconds from creation to DONE of tasks that became DONE in the period: median and 85th percentile. For a scope, as recorded at the time and accurate to 1 %; for a filter, and grouped by something other than time, of tasks that are DONE now.',
    },
    CYCLE_TIME: {
      description: 'The same from IN_PROGRESS (the first time) to DONE, of tasks that were IN_PROGRESS.',
    },
  } satisfies Record<(typeof MEASURES)[number], object>,
});

const WidgetDimension = builder.enumType('WidgetDimension', {
  description: 'What a widget groups tasks by.',
  values: {
    STATUS: { description: 'Their status.' },
    PRIORITY: { description: 'Their priority.' },
    ASSIGNEE: { description: 'Their assignee.' },
    OWNER: { description: 'Their owner.' },
    LABEL: { description: 'Their labels. A task with several labels counts in several groups.' },
    TEAM: { description: 'Their team. A team that the viewer is not a member of counts as no team.' },
    DAY: { description: 'Days of the period, in the viewer’s time zone.' },
    WEEK: { description: 'Weeks of the period, from Monday. The first and last can be cut off.' },
    MONTH: { description: 'Months of the period. The first and last can be cut off.' },
  } satisfies Record<(typeof DIMENSIONS)[number], object>,
});

const WidgetScope = builder.enumType('WidgetScope', {
  description: 'The tasks of a widget, for the person who looks at it. Counters know their numbers.',
  values: {
    OWN: { description: 'Tasks that the viewer owns.' },
    ASSIGNED: { description: 'Tasks that are assigned to the viewer.' },
    OWN_OR_ASSIGNED: { description: 'Tasks that the viewer owns or that are assigned to the viewer.' },
    TEAM: { description: 'Tasks of a team, for its members.' },
  } satisfies Record<(typeof SCOPES)[number], object>,
});

const DAYS = `Length of the period in days, including its last day; 1 to ${MOST_DAYS}.`;

export const DashboardWidget = builder.objectRef<Widget>('DashboardWidget').implement({
  description: 'A part of a dashboard.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'Identifies it in its dashboard.' }),
    title: t.exposeString('title', {
      nullable: true,
      description: '1 to 100 characters. Null if it is named after what it measures.',
    }),
    kind: t.field({ type: WidgetKind, description: 'How it is shown.', resolve: ({ kind }) => kind }),
    measure: t.field({
      type: WidgetMeasure,
      description: 'What it measures.',
      resolve: ({ measure }) => measure,
    }),
    by: t.field({
      type: WidgetDimension,
      nullable: true,
      description: 'What it groups by. Null for no groups.',
      resolve: ({ by }) => by,
    }),
    split: t.field({
      type: WidgetDimension,
      nullable: true,
      description: 'What its groups are split by. Null if they are not.',
      resolve: ({ split }) => split,
    }),
    days: t.exposeInt('days', { description: DAYS }),
    scope: t.field({
      type: WidgetScope,
      nullable: true,
      description: 'Its tasks. Null if a filter selects them.',
      resolve: ({ scope }) => scope,
    }),
    teamId: t.id({
      nullable: true,
      description: 'The team of the scope TEAM. Null for other scopes.',
      resolve: ({ teamId }) => (teamId === null ? null : publicId('Team', teamId)),
    }),
    filterText: t.exposeString('filterText', {
      nullable: true,
      description: 'Conditions on its tasks as text, in canonical spelling. Null if a scope selects them.',
    }),
    goal: t.exposeInt('goal', { nullable: true, description: 'A number to reach. Null without one.' }),
    width: t.exposeInt('width', { description: 'Columns, 2 to 12.' }),
    height: t.exposeInt('height', { description: 'Rows, 1 to 6.' }),
    phoneOrder: t.exposeInt('phoneOrder', {
      nullable: true,
      description: 'Its place on a phone, from 0. Null for its place in the list.',
    }),
    data: t.field({
      type: WidgetData,
      description: 'Its numbers, read together with those of the other widgets of the dashboard.',
      args: {
        asOf: t.arg({
          type: 'Date',
          description:
            'Last day of the period. Default: today. Numbers that are not kept for a past day are a problem.',
        }),
      },
      resolve: async (widget, { asOf }, context, info) => {
        const answer = await batched(context, info, widget, async (widgets) => {
          const answers = await answersOf(context, info.schema, widgets, asOf);
          return new Map(widgets.map((each, n) => [each, answers[n]]));
        });
        if (!answer) throw new TypeError('Each widget has an answer');
        return answer;
      },
    }),
  }),
});

export const DashboardWidgetInput = builder.inputType('DashboardWidgetInput', {
  description: 'What a widget shows, and where. Omitted fields get their defaults.',
  fields: (t) => ({
    key: t.string({
      description: 'Its key, to keep it; 1 to 40 letters, digits, “-” or “_”. Default: a new one.',
    }),
    title: t.string({ description: '1 to 100 characters. Default: none.' }),
    kind: t.field({ type: WidgetKind, required: true, description: 'How it is shown.' }),
    measure: t.field({ type: WidgetMeasure, required: true, description: 'What it measures.' }),
    by: t.field({ type: WidgetDimension, description: 'What it groups by. Default: no groups.' }),
    split: t.field({ type: WidgetDimension, description: 'What its groups are split by. Default: nothing.' }),
    days: t.int({ description: `${DAYS} Default: 30.` }),
    scope: t.field({
      type: WidgetScope,
      description: 'Its tasks. Default without `filterText`: OWN, or TEAM with `teamId`.',
    }),
    teamId: t.id({
      description: 'The team of the scope TEAM. For those who are not its members, the widget has a problem.',
    }),
    filterText: t.string({ description: `${FILTER_TEXT} Cannot be combined with \`scope\`.` }),
    goal: t.int({ description: 'A number to reach, of a NUMBER.' }),
    width: t.int({ description: 'Columns, 2 to 12. Default: 4.' }),
    height: t.int({ description: 'Rows, 1 to 6. Default: 2.' }),
    phoneOrder: t.int({ description: `Its place on a phone, 0 to ${MOST_WIDGETS - 1}.` }),
  }),
});

builder.queryField('widgetData', (t) =>
  t.field({
    type: WidgetData,
    description: 'The numbers of a widget that need not be part of a dashboard.',
    args: {
      widget: t.arg({
        type: DashboardWidgetInput,
        required: true,
        description: 'What to measure. Title and size are ignored.',
      }),
      asOf: t.arg({ type: 'Date', description: 'Last day of the period. Default: today.' }),
    },
    resolve: async (_root, { widget, asOf }, context, { schema }) => {
      const [answer] = await answersOf(context, schema, [parse(stored, widget)], asOf);
      if (!answer) throw new TypeError('Each widget has an answer');
      return answer;
    },
  }),
);
