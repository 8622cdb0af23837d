import { TaskPriority, TaskStatus } from '../../prisma/generated/client/client.ts';
import type { Day } from '../filter-text/days.ts';
import type { Durations, StatusesOfDay } from '../sql/dashboard-history.ts';
import type { Cell } from './grouped-tasks.ts';
import { daysUpTo, inPeriods } from './periods.ts';
import { textOfTasks } from './tasks-behind.ts';
import { isDuration, isPeriod, type Dimension, type Question } from './widget.ts';

export interface Point {
  /** A value of the dimension; null for tasks without one, and without groups. */
  key: string | null;
  /** The name of a person, team or label. */
  name: string | null;
  /** A number of tasks, or seconds. Null for a duration of no tasks. */
  value: number | null;
  /** A filter that lists the counted tasks; null if no filter does. */
  filterText: string | null;
}

export interface Series {
  /** A value of the second dimension, or the name of the series; null if there is one series. */
  key: string | null;
  name: string | null;
  points: Point[];
}

/** The text of the tasks' filter, and the last day. */
interface Place {
  base: string;
  last: Day;
}

interface Entry {
  key: string | null;
  name: string | null;
}

const STATUSES = Object.values(TaskStatus);
const PRIORITIES = Object.values(TaskPriority);

export function ofOne(question: Question, value: number, { base, last }: Place): Series[] {
  const filterText = textOfTasks(question, base, last, [null, null]);
  return [{ key: null, name: null, points: [{ key: null, name: null, value, filterText }] }];
}

/** Numbers of tasks by status and priority. */
export function ofKinds(
  question: Question,
  cells: readonly { status: TaskStatus; priority: TaskPriority; count: number }[],
  place: Place,
): Series[] {
  const valueOf = (dimension: Dimension | null, each: (typeof cells)[number]) =>
    dimension === 'STATUS' ? each.status : dimension === 'PRIORITY' ? each.priority : null;
  const counts = cells.map((each) => ({
    by: valueOf(question.by, each),
    split: valueOf(question.split, each),
    byName: null,
    splitName: null,
    count: each.count,
    median: null,
    p85: null,
  }));
  return ofCells(question, counts, place);
}

/** Groups without tasks are added where all groups are known: statuses, priorities and periods. */
export function ofCells(question: Question, cells: readonly Cell[], { base, last }: Place): Series[] {
  const { by, split } = question;
  const found = (name: 'by' | 'split') =>
    entriesOf(
      question,
      name === 'by' ? by : split,
      cells.map((cell) => ({ key: cell[name], name: cell[`${name}Name`], count: cell.count })),
      last,
    );
  const sums = new Map<string, number>();
  for (const { by: key, split: splitKey, count } of cells) {
    const both = JSON.stringify([key, splitKey]);
    sums.set(both, (sums.get(both) ?? 0) + count);
  }
  if (isDuration(question.measure)) {
    const byKey = new Map(cells.map((cell) => [cell.by, cell]));
    return (['median', 'p85'] as const).map((quantile) => ({
      key: quantile,
      name: null,
      points: found('by').map((entry) => ({
        ...entry,
        value: byKey.get(entry.key)?.[quantile] ?? null,
        filterText: textOfTasks(question, base, last, [entry.key, null]),
      })),
    }));
  }
  return found('split').map((series) => ({
    ...series,
    points: found('by').map((entry) => ({
      ...entry,
      value: sums.get(JSON.stringify([entry.key, series.key])) ?? 0,
      filterText: textOfTasks(question, base, last, [entry.key, series.key]),
    })),
  }));
}

/** The largest first, except for those with an order of their own. */
function entriesOf(
  { days }: Question,
  dimension: Dimension | null,
  found: readonly (Entry & { count: number })[],
  last: Day,
): Entry[] {
  if (dimension === null) return [{ key: null, name: null }];
  if (dimension === 'STATUS') return STATUSES.map((key) => ({ key, name: null }));
  if (dimension === 'PRIORITY') return PRIORITIES.map((key) => ({ key, name: null }));
  if (isPeriod(dimension))
    return Array.from(inPeriods(dimension, daysUpTo(last, days)).keys(), (key) => ({ key, name: null }));
  const totals = new Map<string | null, Entry & { count: number }>();
  for (const { key, name, count } of found)
    totals.set(key, { key, name, count: count + (totals.get(key)?.count ?? 0) });
  return Array.from(totals.values())
    .sort((one, other) => other.count - one.count || (one.key ?? '').localeCompare(other.key ?? ''))
    .map(({ key, name }) => ({ key, name }));
}

/** The length of the period, and as many days before it. */
export function daysWithBefore({ measure, days }: Question): number {
  return measure === 'COUNT' || measure === 'OPEN' ? days + 1 : 2 * days;
}

/** Numbers of tasks that were created or completed, for days up to the last one. */
export function ofDays(
  question: Question,
  perDay: readonly { day: Day; count: number }[],
  { base, last }: Place,
): { series: Series[]; change: number | null } {
  const { by, days } = question;
  const sum = (some: readonly { count: number }[]) => some.reduce((all, { count }) => all + count, 0);
  const now = perDay.slice(-days);
  const before = perDay.slice(-2 * days, -days);
  if (!isPeriod(by)) {
    return {
      series: ofOne(question, sum(now), { base, last }),
      change: before.length === days ? sum(now) - sum(before) : null,
    };
  }
  const points = Array.from(inPeriods(by, now), ([key, some]) => ({
    key,
    name: null,
    value: sum(some),
    filterText: textOfTasks(question, base, last, [key, null]),
  }));
  return { series: [{ key: null, name: null, points }], change: null };
}

type Count = (day: StatusesOfDay) => number;

const IN_STATUS: Record<TaskStatus, Count> = {
  TODO: ({ todo }) => todo,
  IN_PROGRESS: ({ inProgress }) => inProgress,
  DONE: ({ done }) => done,
  CANCELLED: ({ cancelled }) => cancelled,
};

const open: Count = ({ todo, inProgress }) => todo + inProgress;
const total: Count = (day) => open(day) + day.done + day.cancelled;

/** Numbers as they were at the end of each day, and how often tasks became DONE. No filter lists those tasks. */
export function ofHistory(
  question: Question,
  history: readonly StatusesOfDay[],
): { series: Series[]; change: number | null } {
  const { kind, measure, by, split, days } = question;
  const asked = history.slice(-days);
  const finished = (some: readonly StatusesOfDay[]) => some.reduce((all, each) => all + each.finished, 0);
  const count = measure === 'OPEN' ? open : total;
  const point = (key: string | null, value: number): Point => ({ key, name: null, value, filterText: null });
  const one = (key: string | null, points: Point[]): Series => ({ key, name: null, points });
  if (isPeriod(by)) {
    const periods = Array.from(inPeriods(by, asked));
    const atTheEnd = (key: string | null, of: Count) =>
      one(
        key,
        periods.map(([start, some]) => point(start, some.map(of).at(-1) ?? 0)),
      );
    if (measure === 'THROUGHPUT')
      return {
        series: [
          one(
            null,
            periods.map(([start, some]) => point(start, finished(some))),
          ),
        ],
        change: null,
      };
    if (kind === 'BURN_UP')
      return { series: [atTheEnd('TOTAL', total), atTheEnd('DONE', IN_STATUS.DONE)], change: null };
    const series = split
      ? STATUSES.map((status) => atTheEnd(status, inMeasure(measure, status)))
      : [atTheEnd(null, count)];
    return { series, change: null };
  }
  const end = asked.at(-1);
  if (by === 'STATUS')
    return {
      series: [
        one(
          null,
          STATUSES.map((status) => point(status, end ? inMeasure(measure, status)(end) : 0)),
        ),
      ],
      change: null,
    };
  if (measure === 'THROUGHPUT') {
    const before = history.slice(-2 * days, -days);
    const value = finished(asked);
    return {
      series: [one(null, [point(null, value)])],
      change: before.length === days ? value - finished(before) : null,
    };
  }
  const before = history.length > days ? history.at(-1 - days) : undefined;
  const value = end ? count(end) : 0;
  return { series: [one(null, [point(null, value)])], change: before ? value - count(before) : null };
}

/** Open tasks are in two of the statuses. */
function inMeasure(measure: Question['measure'], status: TaskStatus): Count {
  if (measure === 'OPEN' && status !== TaskStatus.TODO && status !== TaskStatus.IN_PROGRESS) return () => 0;
  return IN_STATUS[status];
}

/** Medians and 85th percentiles, for periods up to the last day. */
export function ofDurations(
  { by, days }: Question,
  durations: ReadonlyMap<string | null, Durations>,
  last: Day,
): Series[] {
  const starts = isPeriod(by) ? [...inPeriods(by, daysUpTo(last, days)).keys()] : [null];
  return (['median', 'p85'] as const).map((key) => ({
    key,
    name: null,
    points: starts.map((start) => ({
      key: start,
      name: null,
      value: durations.get(start)?.[key] ?? null,
      filterText: null,
    })),
  }));
}
