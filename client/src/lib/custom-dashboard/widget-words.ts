import type {
  TaskPriority,
  TaskStatus,
  WidgetDimension,
  WidgetKind,
  WidgetMeasure,
} from '../../gql/graphql.ts';
import { durationWords } from '../history/duration-words.ts';
import { ticksOfDays } from '../history/axis-ticks.ts';
import { dateWords, numberWords, plural, withinSentence } from '../language/format.ts';
import { priorityWords, statusWords } from '../task/task-words.ts';
import { isDuration, isPeriod, type Forecast, type Widget } from './widget.ts';

export const kindWords: Record<WidgetKind, string> = {
  get NUMBER() {
    return 'Number';
  },
  get BAR() {
    return 'Bar chart';
  },
  get STACKED_BAR() {
    return 'Stacked bar chart';
  },
  get LINE() {
    return 'Line chart';
  },
  get AREA() {
    return 'Area chart';
  },
  get DONUT() {
    return 'Donut chart';
  },
  get TABLE() {
    return 'Table';
  },
  get HEAT_MAP() {
    return 'Heat map by day';
  },
  get BURN_UP() {
    return 'Burn-up';
  },
  get CUMULATIVE_FLOW() {
    return 'Cumulative flow';
  },
  get AGEING() {
    return 'Ageing work';
  },
};

export const measureWords: Record<WidgetMeasure, string> = {
  get COUNT() {
    return 'All tasks';
  },
  get OPEN() {
    return 'Open tasks';
  },
  get OVERDUE() {
    return 'Overdue tasks';
  },
  get CREATED() {
    return 'Created tasks';
  },
  get COMPLETED() {
    return 'Completed tasks';
  },
  get THROUGHPUT() {
    return 'Throughput';
  },
  get LEAD_TIME() {
    return 'Lead time';
  },
  get CYCLE_TIME() {
    return 'Cycle time';
  },
};

export const dimensionWords: Record<WidgetDimension, string> = {
  get STATUS() {
    return 'Status';
  },
  get PRIORITY() {
    return 'Priority';
  },
  get ASSIGNEE() {
    return 'Assignee';
  },
  get OWNER() {
    return 'Owner';
  },
  get LABEL() {
    return 'Label';
  },
  get TEAM() {
    return 'Team';
  },
  get DAY() {
    return 'Day';
  },
  get WEEK() {
    return 'Week';
  },
  get MONTH() {
    return 'Month';
  },
};

type Named = Pick<Widget, 'title' | 'kind' | 'measure' | 'by' | 'split'>;

/** The title of a widget, or what it measures. */
export function titleOf({ title, kind, measure, by, split }: Named): string {
  if (title !== null) return title;
  if (kind === 'BURN_UP' || kind === 'CUMULATIVE_FLOW' || kind === 'AGEING') return kindWords[kind];
  const what = measureWords[measure];
  if (by === null) return what;
  const group = withinSentence(dimensionWords[by]);
  return split === null
    ? `${what} by ${group}`
    : `${what} by ${group} and ${withinSentence(dimensionWords[split])}`;
}

function measured({ kind, measure, by, days }: Pick<Widget, 'kind' | 'measure' | 'by' | 'days'>): string {
  if (kind === 'AGEING') return 'The tasks in progress that were started first, and how long ago that was.';
  const period = plural(days, ['the last day', 'the last # days']);
  const atTheEnd = isPeriod(by);
  switch (measure) {
    case 'COUNT':
      return atTheEnd
        ? `How many tasks there were at the end of each period, in ${period}.`
        : 'How many tasks there are, in any status.';
    case 'OPEN':
      return atTheEnd
        ? `How many tasks were to do or in progress at the end of each period, in ${period}.`
        : 'How many tasks are to do or in progress.';
    case 'OVERDUE':
      return 'How many open tasks have a due date before today.';
    case 'CREATED':
      return `How many of the tasks that exist now were created in ${period}.`;
    case 'COMPLETED':
      return `How many of the tasks that are completed now became so in ${period}.`;
    case 'THROUGHPUT':
      return `How often tasks were completed in ${period}, also if they were reopened or deleted later.`;
    case 'LEAD_TIME':
      return `How long tasks took from creation to completion, for those completed in ${period}.`;
    case 'CYCLE_TIME':
      return `How long tasks took from the start of work to completion, for those completed in ${period}.`;
  }
}

function countedTasks(
  { scope, filterText, teamId }: Widget,
  teams: readonly { id: string; name: string }[],
): string {
  switch (scope) {
    case 'OWN':
      return 'Counts tasks that you own.';
    case 'ASSIGNED':
      return 'Counts tasks that are assigned to you.';
    case 'OWN_OR_ASSIGNED':
      return 'Counts tasks that you own or that are assigned to you.';
    case 'TEAM': {
      const name = teams.find(({ id }) => id === teamId)?.name;
      return name === undefined ? 'Counts tasks of a team.' : `Counts tasks of the team ${name}.`;
    }
    case null:
      return `Counts tasks that you can see and that match ${textOf(filterText)}.`;
  }
}

/** The tasks and the period of a widget in a few words. */
export function subtitleOf(widget: Widget, teams: readonly { id: string; name: string }[]): string {
  const { by, days, measure } = widget;
  const isNow = ['COUNT', 'OPEN', 'OVERDUE'].includes(measure) && !isPeriod(by);
  const period = isNow ? '' : plural(days, ['# day', '# days']);
  return [tasksInShort(widget, teams), period].filter(Boolean).join(' · ');
}

function tasksInShort(
  { scope, teamId, filterText }: Widget,
  teams: readonly { id: string; name: string }[],
): string {
  switch (scope) {
    case 'OWN':
      return 'Owned by you';
    case 'ASSIGNED':
      return 'Assigned to you';
    case 'OWN_OR_ASSIGNED':
      return 'Owned by or assigned to you';
    case 'TEAM':
      return teams.find(({ id }) => id === teamId)?.name ?? '';
    case null:
      return textOf(filterText);
  }
}

/** A filter without conditions matches every task. */
function textOf(filterText: string | null): string {
  return filterText === null || filterText === '' ? 'is:any' : filterText;
}

/** What the numbers of a widget mean. */
export function definitionOf(widget: Widget, teams: readonly { id: string; name: string }[]): string {
  const archived = 'Archived tasks do not count.';
  const precise = isDuration(widget.measure)
    ? 'Half took no longer than the median, 85 % no longer than the second number.'
    : '';
  return [measured(widget), countedTasks(widget, teams), precise, archived].filter(Boolean).join(' ');
}

/** A value of a dimension. */
export function keyWords(
  dimension: WidgetDimension | null,
  { key, name }: { key: string | null; name: string | null },
): string {
  if (dimension === null) return measureOfSeries(key);
  if (key === null) return absent(dimension);
  switch (dimension) {
    case 'STATUS':
      return statusWords[key as TaskStatus];
    case 'PRIORITY':
      return priorityWords[key as TaskPriority];
    case 'DAY':
      return ticksOfDays([key])[0]?.name ?? key;
    case 'WEEK':
      return `Week of ${dateWords(new Date(key), { day: 'numeric', month: 'short', timeZone: 'UTC' })}`;
    case 'MONTH':
      return dateWords(new Date(key), { month: 'long', year: 'numeric', timeZone: 'UTC' });
    case 'ASSIGNEE':
    case 'OWNER':
    case 'LABEL':
    case 'TEAM':
      return name ?? key;
  }
}

function measureOfSeries(key: string | null): string {
  if (key === 'median') return 'Median';
  if (key === 'p85') return '85th percentile';
  if (key === 'TOTAL') return 'All';
  if (key === 'DONE') return statusWords.DONE;
  return 'Tasks';
}

function absent(dimension: WidgetDimension): string {
  if (dimension === 'ASSIGNEE') return 'No assignee';
  if (dimension === 'LABEL') return 'No label';
  return dimension === 'TEAM' ? 'No team' : '–';
}

/** The name of a series: what it splits by, or a quantile. */
export function seriesWords(widget: Named, series: { key: string | null; name: string | null }): string {
  if (widget.split !== null) return keyWords(widget.split, series);
  return series.key === null ? measureWords[widget.measure] : measureOfSeries(series.key);
}

/** By when the open tasks are done. */
export function forecastWords({ openTasks, weeks, p50, p85 }: Forecast): string {
  const day = (date: string) =>
    dateWords(new Date(date), { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
  if (p50 === null) return 'At the pace of the last weeks, the open tasks take more than five years.';
  const open = plural(openTasks, ['# open task', '# open tasks']);
  const basis = plural(weeks, ['# week', '# weeks']);
  return p85 === null
    ? `Forecast from ${basis}: ${open} done by ${day(p50)} (50 %), if none are added.`
    : `Forecast from ${basis}: ${open} done by ${day(p50)} (50 %) or ${day(p85)} (85 %), if none are added.`;
}

/** A value of a widget. */
export function amountWords(
  { kind, measure }: Pick<Widget, 'kind' | 'measure'>,
  value: number | null,
): string {
  return kind === 'AGEING' && value !== null ? durationWords(value) : valueWords(measure, value);
}

export function valueWords(measure: WidgetMeasure, value: number | null): string {
  if (value === null) return '–';
  return isDuration(measure) ? durationWords(value) : numberWords(value);
}
