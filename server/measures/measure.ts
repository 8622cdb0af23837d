import { TaskStatus, type Prisma } from '../../prisma/generated/client/client.ts';
import type { Database } from '../database/client.ts';
import { classify } from '../database/failures.ts';
import type { Day } from '../filter-text/days.ts';
import type { Viewer } from '../policy.ts';
import type { Condition } from '../sql/columns.ts';
import type { Scope } from '../sql/counter-scope.ts';
import { countsSql, type CountsRow } from '../sql/dashboard.ts';
import { daysIn, historySql, type HistoryRow } from '../sql/dashboard-history.ts';
import { MOST_DAYS } from '../sql/local-days.ts';
import { ageingIn, ageingSql, type AgeingRow } from './ageing.ts';
import { durationsIn, durationsSql, type DurationsRow } from './durations.ts';
import { FORECAST_DAYS, forecastOf, type Forecast } from './forecast.ts';
import { groupedTasksSql, isWhole, type TasksRow } from './grouped-tasks.ts';
import { readTogether } from './readings.ts';
import * as series from './series.ts';
import type { Series } from './series.ts';
import { textOfScope } from './tasks-behind.ts';
import { isDuration, isPeriod, pastPlanOf, planOf, type Question, type Source } from './widget.ts';

/** A question with the tasks that it is about. */
export interface Asked {
  question: Question;
  /** The text of the filter, or of the scope's. */
  base: string;
  /** The visible tasks of the filter or scope, as a Prisma condition. */
  where: Condition;
  /** A scope that contains all of them. */
  within: Scope | null;
}

/** A question about the tasks of its scope. */
export function askedOfScope(question: Question & { scope: Scope }): Asked {
  const { scope } = question;
  return { question, base: textOfScope(scope), where: { archivedAt: null }, within: scope };
}

export interface Answer {
  series: Series[];
  /** False for numbers of tasks that are too small, since not all tasks were counted. */
  isExact: boolean;
  /** Whether tasks were read instead of counters. */
  isFromTasks: boolean;
  /** How many groups are left out, since there are too many. */
  omittedGroups: number;
  /** The difference to `days` days before; null if it is not known. */
  change: number | null;
  /** Of a burn-up chart. */
  forecast: Forecast | null;
  problem: { code: 'NOT_AVAILABLE' | 'TOO_MANY_TASKS' | 'TOO_SLOW'; message: string } | null;
}

export interface At {
  /** The day on which all is read, in the viewer's time zone. */
  today: Day;
  /** The last day of all periods; not after `today`. */
  last: Day;
}

/** What one answer needs of the database. */
interface Need {
  source: Source;
  key: string;
  sql: (days: number) => Prisma.Sql;
  days: number;
}

/**
 * Answers questions of widgets in at most two statements, whatever their number: one for the counters, and one for tasks.
 * A question that cannot be answered has a problem.
 */
export async function measure(
  db: Database,
  viewer: Viewer,
  asked: readonly Asked[],
  at: At,
): Promise<Answer[]> {
  const isPast = at.last < at.today;
  const planned = asked.map((each) => {
    const plan = isPast ? pastPlanOf(each.question) : planOf(each.question);
    return {
      ...each,
      plan,
      needs: plan.source ? needsOf(viewer, each, plan.source, isPast ? at.last : null) : [],
    };
  });
  const needs = planned.flatMap((each) => each.needs);
  const [counted, listed] = await Promise.all([
    readTogether(db, '/* measureCounters */', statementsOf(needs.filter(({ source }) => source !== 'tasks'))),
    readTasks(db, statementsOf(needs.filter(({ source }) => source === 'tasks'))),
  ]);
  return planned.map(({ plan, needs: [first, second], ...each }) => {
    if (plan.refusal !== undefined) return failed('NOT_AVAILABLE', plan.refusal);
    if (plan.source === 'tasks') {
      const row = first && listed?.get(first.key);
      return row ? fromTasks(each, row as TasksRow, at.last) : failed('TOO_SLOW', TOO_SLOW);
    }
    const rows = { main: counted.get(first?.key ?? ''), before: counted.get(second?.key ?? '') };
    return { ...EXACT, ...fromCounters(each, plan.source, rows, at.last) };
  });
}

const TOO_SLOW =
  'Counting the tasks of this filter took too long. Add a condition such as a team, a person or a status, or choose a scope.';
const TOO_MANY =
  'More than 10,000 tasks match, which is too many to compare their durations. Narrow the filter or the period.';
const EXACT = {
  isExact: true,
  isFromTasks: false,
  omittedGroups: 0,
  change: null,
  forecast: null,
  problem: null,
};

function failed(code: NonNullable<Answer['problem']>['code'], message: string): Answer {
  return { ...EXACT, series: [], problem: { code, message } };
}

/** Of needs for the same rows, the longest period is read. */
function statementsOf(needs: readonly Need[]): Map<string, Prisma.Sql> {
  const longest = new Map<string, Need>();
  for (const need of needs) if ((longest.get(need.key)?.days ?? -1) < need.days) longest.set(need.key, need);
  return new Map(Array.from(longest, ([key, { sql, days }]) => [key, sql(days)]));
}

function needsOf(
  viewer: Viewer,
  { question, where, within }: Asked,
  source: Source,
  lastDay: Day | null,
): Need[] {
  const { kind, measure, by, days, scope } = question;
  const of = JSON.stringify([scope, source]);
  if (kind === 'AGEING') {
    const sql = () => ageingSql(viewer, { scope: within, where });
    return [{ source: 'tasks', key: JSON.stringify([kind, where, within]), days: 0, sql }];
  }
  if (source === 'tasks' || !scope) {
    const { kind: _, ...asked } = question;
    const key = JSON.stringify([asked, where, within]);
    return [
      {
        source: 'tasks',
        key,
        days: 0,
        sql: () => groupedTasksSql(viewer, question, { scope: within, where }),
      },
    ];
  }
  const history = (most: number): Need => ({
    source: 'history',
    key: JSON.stringify([scope, 'history']),
    days: Math.min(most, MOST_DAYS),
    sql: (longest) => historySql(viewer, scope, longest, lastDay),
  });
  if (source === 'history') {
    const longest = kind === 'BURN_UP' ? Math.max(days, FORECAST_DAYS) : days;
    return [history(kind === 'NUMBER' ? series.daysWithBefore(question) : longest)];
  }
  if (source === 'durations') {
    const period = isPeriod(by) ? by : null;
    const took = measure === 'LEAD_TIME' ? 'LEAD' : 'CYCLE';
    const sql = () => durationsSql(viewer, scope, took, days, lastDay, period);
    return [{ source, key: `${of} ${took} ${days} ${period ?? ''}`, days: 0, sql }];
  }
  const isOfDays = measure === 'CREATED' || measure === 'COMPLETED';
  const most = isOfDays
    ? kind === 'NUMBER'
      ? Math.min(series.daysWithBefore(question), MOST_DAYS)
      : days
    : 0;
  const counts: Need = { source, key: of, days: most, sql: (longest) => countsSql(viewer, scope, longest) };
  const hasTrend = kind === 'NUMBER' && (measure === 'COUNT' || measure === 'OPEN');
  return hasTrend ? [counts, history(series.daysWithBefore(question))] : [counts];
}

/** Null if it took too long. */
async function readTasks(db: Database, statements: ReadonlyMap<string, Prisma.Sql>) {
  try {
    return await readTogether(db, '/* measureTasks */ /* custom plan */', statements);
  } catch (error) {
    if (classify(error).why !== 'slow') throw error;
    return null;
  }
}

function fromTasks({ question, base }: Asked, row: TasksRow, last: Day): Answer {
  if (question.kind === 'AGEING')
    return isWhole(row)
      ? { ...EXACT, ...ageingIn(row as object as AgeingRow), isFromTasks: true }
      : failed('TOO_MANY_TASKS', TOO_MANY);
  if (isDuration(question.measure) && !isWhole(row)) return failed('TOO_MANY_TASKS', TOO_MANY);
  return {
    ...EXACT,
    series: series.ofCells(question, row.cells ?? [], { base, last }),
    isExact: isWhole(row),
    isFromTasks: true,
    omittedGroups: row.omitted,
  };
}

function fromCounters(
  { question, base }: Asked,
  source: Exclude<Source, 'tasks'>,
  { main, before }: { main: unknown; before: unknown },
  last: Day,
): Partial<Answer> & Pick<Answer, 'series'> {
  const place = { base, last };
  if (source === 'durations')
    return { series: series.ofDurations(question, durationsIn(main as DurationsRow), last), change: null };
  if (source === 'history') {
    const history = daysIn(main as HistoryRow);
    const forecast = question.kind === 'BURN_UP' ? forecastOf(history) : null;
    return { ...series.ofHistory(question, history), forecast };
  }
  const row = main as CountsRow;
  const days = row.perDay ?? [];
  switch (question.measure) {
    case 'OVERDUE':
      return { series: series.ofOne(question, row.overdue, place), change: null };
    case 'CREATED':
      return series.ofDays(
        question,
        days.map(({ day, created }) => ({ day, count: created })),
        place,
      );
    case 'COMPLETED':
      return series.ofDays(
        question,
        days.map(({ day, completed }) => ({ day, count: completed })),
        place,
      );
    case 'THROUGHPUT':
    case 'LEAD_TIME':
    case 'CYCLE_TIME':
      throw new TypeError('The present has no such counters');
    case 'COUNT':
    case 'OPEN': {
      const cells = (row.counts ?? []).filter(
        ({ status }) =>
          question.measure === 'COUNT' || status === TaskStatus.TODO || status === TaskStatus.IN_PROGRESS,
      );
      return {
        series: series.ofKinds(question, cells, place),
        change: before
          ? series.ofHistory({ ...question, by: null }, daysIn(before as HistoryRow)).change
          : null,
      };
    }
  }
}
