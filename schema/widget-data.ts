import type { GraphQLSchema } from 'graphql';
import type { Widget } from '../server/domain/dashboard-widget.ts';
import { ValidationFailed } from '../server/errors.ts';
import type { Context } from '../server/graphql/context.ts';
import { publicId } from '../server/ids.ts';
import { askedOfScope, measure, type Answer, type Asked } from '../server/measures/measure.ts';
import type { Forecast } from '../server/measures/forecast.ts';
import type { Dimension, Question } from '../server/measures/widget.ts';
import type { Scope } from '../server/sql/counter-scope.ts';
import { builder } from './machinery/builder.ts';
import { inputOf, readTexts } from './filter-text.ts';
import { countedTasks, scopeIn } from './task-count.ts';
import { wantedTasks } from './task-filter.ts';

/** What a widget asks, whether it is stored or not. */
export type AskedWidget = Pick<
  Widget,
  'kind' | 'measure' | 'by' | 'split' | 'days' | 'scope' | 'teamId' | 'filterText'
>;

export interface WidgetAnswer extends Answer {
  widget: AskedWidget;
  asOf: string;
}

const FIRST_DAY = '1970-01-01';

const NOT_A_MEMBER = 'You are not a member of this team, or it was deleted. Choose another scope.';

/**
 * The data of widgets, in at most three statements, or five if filters name people and teams, whatever their number.
 * @param asOf the last day of their periods; null for today.
 */
export async function answersOf(
  context: Context,
  schema: GraphQLSchema,
  widgets: readonly AskedWidget[],
  asOf: Date | null | undefined,
): Promise<WidgetAnswer[]> {
  const texts = widgets.flatMap(({ filterText }) => filterText ?? []);
  const { today, filters } = await readTexts(context, texts);
  const last = asOf ? dayOf(asOf) : today;
  if (last > today) throw new ValidationFailed('`asOf` must not be in the future.', { field: 'asOf' });
  if (last < FIRST_DAY)
    throw new ValidationFailed(`\`asOf\` must not be before ${FIRST_DAY}.`, { field: 'asOf' });
  const asked = widgets.map((widget) => askedOf(context, schema, widget, filters));
  const valid = asked.filter((each) => typeof each !== 'string');
  const answers = await measure(context.db, context.viewer, valid, { today, last });
  return widgets.map((widget, n) => {
    const each = asked[n];
    const answer = typeof each === 'string' ? undefined : answers[valid.indexOf(each as Asked)];
    return { widget, asOf: last, ...(answer ?? unavailable(typeof each === 'string' ? each : '')) };
  });
}

/** The question of a widget, or why there is none, as a sentence. */
function askedOf(
  { viewer }: Context,
  schema: GraphQLSchema,
  { filterText, scope, teamId, ...widget }: AskedWidget,
  filters: Awaited<ReturnType<typeof readTexts>>['filters'],
): Asked | string {
  if (filterText === null) {
    const counted = scopeOf(scope, teamId);
    if (counted.teamId !== null && !viewer.teams.has(counted.teamId)) return NOT_A_MEMBER;
    return askedOfScope({ ...widget, scope: counted });
  }
  const read = filters.get(filterText);
  if (!read) throw new TypeError('Each text was read');
  if (read.errors[0]) return `The filter cannot be read: ${read.errors[0].message}`;
  const filter = inputOf(schema, read.filter);
  try {
    const counted = countedTasks(viewer, filter);
    const isOnlyScope = counted?.scope && counted.due === null && isEmpty(counted.where['AND']);
    return {
      // The counters know the tasks of a filter that names a scope only.
      question: { ...widget, scope: isOnlyScope ? counted.scope : null } satisfies Question,
      base: filterText,
      where: wantedTasks(viewer, [filter]),
      within: scopeIn(viewer, filter),
    };
  } catch (error) {
    if (error instanceof ValidationFailed) return error.message;
    throw error;
  }
}

function isEmpty(conditions: unknown): boolean {
  return Array.isArray(conditions) && conditions.length === 0;
}

function scopeOf(scope: AskedWidget['scope'], teamId: string | null): Scope {
  if (scope === 'TEAM') return { teamId, by: 'owner' };
  return {
    teamId: null,
    by: scope === 'ASSIGNED' ? 'assignee' : scope === 'OWN_OR_ASSIGNED' ? 'either' : 'owner',
  };
}

function unavailable(message: string): Answer {
  const problem = { code: 'NOT_AVAILABLE' as const, message };
  return {
    series: [],
    isExact: true,
    isFromTasks: false,
    omittedGroups: 0,
    change: null,
    forecast: null,
    problem,
  };
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

const ProblemCode = builder.enumType('WidgetProblemCode', {
  description: 'Why a widget has no data.',
  values: {
    NOT_AVAILABLE: {
      description: 'The numbers are not kept, the filter cannot be read, or the viewer is not in the team.',
    },
    TOO_MANY_TASKS: { description: 'More tasks match than durations are computed for.' },
    TOO_SLOW: { description: 'Counting took too long.' },
  } satisfies Record<NonNullable<Answer['problem']>['code'], object>,
});

const Problem = builder.objectRef<NonNullable<Answer['problem']>>('WidgetProblem').implement({
  description: 'Why a widget has no data, and what to change.',
  fields: (t) => ({
    code: t.field({ type: ProblemCode, description: 'The reason.', resolve: ({ code }) => code }),
    message: t.exposeString('message', { description: 'The reason and what to do, as a sentence.' }),
  }),
});

interface Keyed {
  key: string | null;
  dimension: Dimension | null;
}

/** Ids in the form of the API. */
function keyOf({ key, dimension }: Keyed): string | null {
  if (key === null) return null;
  if (dimension === 'TEAM') return publicId('Team', key);
  return dimension === 'ASSIGNEE' || dimension === 'OWNER' ? publicId('User', key) : key;
}

const Point = builder.objectRef<Answer['series'][number]['points'][number] & Keyed>('WidgetPoint').implement({
  description: 'A number of a widget.',
  fields: (t) => ({
    key: t.string({
      nullable: true,
      description:
        'The value of `by`: a `TaskStatus`, a `TaskPriority`, the id of a person or team, a label, or the first day of the day, week or month. Null for tasks without a value, and without `by`.',
      resolve: keyOf,
    }),
    name: t.exposeString('name', {
      nullable: true,
      description: 'The name of the person, team or label.',
    }),
    value: t.exposeFloat('value', {
      nullable: true,
      description: 'A number of tasks; for durations, seconds. Null for the duration of no tasks.',
    }),
    filterText: t.exposeString('filterText', {
      nullable: true,
      description:
        'A filter that lists the counted tasks. Null if no filter does, such as for numbers of the past.',
    }),
  }),
});

const WidgetForecast = builder.objectRef<Forecast>('WidgetForecast').implement({
  description:
    'When the open tasks of a scope are done, if it goes on as in its last 12 weeks and no tasks are added: a Monte Carlo simulation of weekly throughput. The same history gives the same forecast.',
  fields: (t) => ({
    openTasks: t.exposeInt('openTasks', { description: 'Number of open tasks at the end of `asOf`.' }),
    weeks: t.exposeInt('weeks', { description: 'Number of past weeks that it is based on; 3 to 12.' }),
    p50: t.field({
      type: 'Date',
      nullable: true,
      description: 'They are done by this day in 50 of 100 trials. Null if that takes more than five years.',
      resolve: ({ p50 }) => (p50 === null ? null : new Date(p50)),
    }),
    p85: t.field({
      type: 'Date',
      nullable: true,
      description: 'They are done by this day in 85 of 100 trials. Null if that takes more than five years.',
      resolve: ({ p85 }) => (p85 === null ? null : new Date(p85)),
    }),
  }),
});

interface OfWidget {
  by: Dimension | null;
  split: Dimension | null;
}

const Series = builder.objectRef<Answer['series'][number] & OfWidget>('WidgetSeries').implement({
  description: 'Numbers of a widget that belong together.',
  fields: (t) => ({
    key: t.string({
      nullable: true,
      description:
        'The value of `split`, as in `WidgetPoint.key`. `median` and `p85` for durations, `TOTAL` and `DONE` for a burn-up chart. Null for tasks without a value, and for a single series.',
      resolve: ({ key, split }) => keyOf({ key, dimension: split }),
    }),
    name: t.exposeString('name', {
      nullable: true,
      description: 'The name of the person, team or label.',
    }),
    points: t.field({
      type: [Point],
      description: 'One for each group, the same in each series. By time, the earliest first.',
      resolve: ({ points, by }) => points.map((point) => ({ ...point, dimension: by })),
    }),
  }),
});

export const WidgetData = builder.objectRef<WidgetAnswer>('WidgetData').implement({
  description: 'The numbers of a widget, of tasks that the viewer can see.',
  fields: (t) => ({
    asOf: t.field({
      type: 'Date',
      description: 'The last day of the period, in the viewer’s time zone.',
      resolve: ({ asOf }) => new Date(asOf),
    }),
    series: t.field({
      type: [Series],
      description: 'The numbers. Empty if there is a problem.',
      resolve: ({ series, widget: { by, split } }) => series.map((each) => ({ ...each, by, split })),
    }),
    change: t.exposeInt('change', {
      nullable: true,
      description:
        'Of a NUMBER of tasks: the difference to the number `days` days before, or to the period before. Null if it is not known.',
    }),
    forecast: t.field({
      type: WidgetForecast,
      nullable: true,
      description:
        'Of a BURN_UP: when its open tasks are done. Null without open tasks, or without three weeks and a completed task in them.',
      resolve: ({ forecast }) => forecast,
    }),
    isExact: t.exposeBoolean('isExact', {
      description:
        'Whether all tasks are counted. If not, the numbers are at least as large: 10,000 tasks were counted.',
    }),
    isFromTasks: t.exposeBoolean('isFromTasks', {
      description:
        'Whether the tasks themselves are counted, up to 10,000, which takes longer than reading counters.',
    }),
    omittedGroups: t.exposeInt('omittedGroups', {
      description: 'How many groups are left out, since at most 50 are shown, those with most tasks.',
    }),
    problem: t.field({
      type: Problem,
      nullable: true,
      description: 'Why there are no numbers. Null if there are.',
      resolve: ({ problem }) => problem,
    }),
  }),
});
