import type { Scope } from '../sql/counter-scope.ts';

export const KINDS = [
  'NUMBER',
  'BAR',
  'STACKED_BAR',
  'LINE',
  'AREA',
  'DONUT',
  'TABLE',
  'HEAT_MAP',
  'BURN_UP',
  'CUMULATIVE_FLOW',
  'AGEING',
] as const;
export const MEASURES = [
  'COUNT',
  'OPEN',
  'OVERDUE',
  'CREATED',
  'COMPLETED',
  'THROUGHPUT',
  'LEAD_TIME',
  'CYCLE_TIME',
] as const;
export const DIMENSIONS = [
  'STATUS',
  'PRIORITY',
  'ASSIGNEE',
  'OWNER',
  'LABEL',
  'TEAM',
  'DAY',
  'WEEK',
  'MONTH',
] as const;

export type Kind = (typeof KINDS)[number];
export type Measure = (typeof MEASURES)[number];
export type Dimension = (typeof DIMENSIONS)[number];
export type Period = Extract<Dimension, 'DAY' | 'WEEK' | 'MONTH'>;

/** What a widget shows. */
export interface Question {
  kind: Kind;
  measure: Measure;
  by: Dimension | null;
  split: Dimension | null;
  /** The length of the period, including its last day. */
  days: number;
  /** Null for the tasks of a filter. */
  scope: Scope | null;
}

/**
 * What answers a question:
 * - `counters`: the counters of the present
 * - `history`: the counters per day, as they were at the time
 * - `durations`: the counters of durations, as they were at the time
 * - `tasks`: the tasks themselves, up to a limit
 */
export type Source = 'counters' | 'history' | 'durations' | 'tasks';

export type Plan = { source: Source; refusal?: never } | { refusal: string; source?: never };

const PERIODS: ReadonlySet<Dimension | null> = new Set<Dimension>(['DAY', 'WEEK', 'MONTH']);

export function isPeriod(dimension: Dimension | null): dimension is Period {
  return PERIODS.has(dimension);
}

export function isDuration(measure: Measure): boolean {
  return measure === 'LEAD_TIME' || measure === 'CYCLE_TIME';
}

/** Which source gives the numbers of today, or why there are none. */
export function planOf(question: Question): Plan {
  const { measure, by, split, scope } = question;
  const misfit = misfitOf(question);
  if (misfit) return { refusal: misfit };
  if (question.kind === 'AGEING') return { source: 'tasks' };
  if (measure === 'THROUGHPUT') return scope ? { source: 'history' } : { refusal: ONLY_SCOPES };
  const isOfTasks = scope === null || splitsTasks(by) || splitsTasks(split);
  if (isDuration(measure))
    return { source: isOfTasks || by === 'STATUS' || by === 'PRIORITY' ? 'tasks' : 'durations' };
  if (measure === 'CREATED' || measure === 'COMPLETED') {
    const isKnown = !isOfTasks && split === null && (by === null || isPeriod(by));
    return { source: isKnown ? 'counters' : 'tasks' };
  }
  if (isPeriod(by)) {
    if (!scope) return { refusal: ONLY_SCOPES };
    return split === null || split === 'STATUS' ? { source: 'history' } : { refusal: ONLY_BY_STATUS };
  }
  if (measure === 'OVERDUE') return { source: isOfTasks || by !== null ? 'tasks' : 'counters' };
  return { source: isOfTasks ? 'tasks' : 'counters' };
}

/** The same for a past day, of which only the history is known. */
export function pastPlanOf(question: Question): Plan {
  const plan = planOf(question);
  if (plan.refusal !== undefined || plan.source === 'history' || plan.source === 'durations') return plan;
  const { kind, measure, by, split, scope } = question;
  if (kind === 'AGEING') return { refusal: 'The age of work on a past day is not kept. Choose today.' };
  const isStatus =
    (measure === 'COUNT' || measure === 'OPEN') && split === null && (by === null || by === 'STATUS');
  if (scope && isStatus) return { source: 'history' };
  return { refusal: scope ? (NOT_IN_THE_PAST[measure] ?? NO_PAST) : NO_PAST_OF_FILTERS };
}

const ONLY_SCOPES =
  'Numbers of earlier days are kept for the tasks of a person or team, not for a filter. Choose a scope instead.';
const ONLY_BY_STATUS = 'Numbers of earlier days are kept by status only. Split by status, or not at all.';
const NO_PAST =
  'The values of this dimension are not kept for past days. Choose today, or group by status or time.';
const NO_PAST_OF_FILTERS =
  'Which tasks matched a filter on a past day is not kept. Choose today, or a scope.';
const NOT_IN_THE_PAST: Partial<Record<Measure, string>> = {
  OVERDUE: 'Overdue tasks of past days are not kept. Choose today.',
  CREATED: 'Created tasks are counted among those that exist now. Choose today.',
  COMPLETED:
    'Completed tasks are counted among those that are done now. Choose today, or the measure “throughput”, which is kept for each day.',
};

function splitsTasks(dimension: Dimension | null): boolean {
  return dimension !== null && dimension !== 'STATUS' && dimension !== 'PRIORITY' && !isPeriod(dimension);
}

/** Why kind, measure and dimensions do not fit together; null if they do. */
function misfitOf({ kind, measure, by, split }: Question): string | null {
  if (split !== null && by === null) return 'Choose what to group by before you split the groups.';
  if (split !== null && split === by) return 'Choose two different dimensions.';
  if (isPeriod(split)) return 'Groups cannot be split by time. Group by time instead.';
  if (isDuration(measure) && split !== null) return 'Durations cannot be split. Group them instead.';
  if (measure === 'THROUGHPUT' && ((by !== null && !isPeriod(by)) || split !== null))
    return 'Throughput can be grouped by day, week or month only.';
  if (measure === 'OVERDUE' && isPeriod(by)) return 'Overdue tasks cannot be grouped by time.';
  switch (kind) {
    case 'NUMBER':
      return by === null ? null : 'A number has no groups. Remove them, or choose another kind.';
    case 'BAR':
      return by !== null && split === null ? null : 'A bar chart has groups that are not split.';
    case 'STACKED_BAR':
      return split !== null ? null : 'A stacked bar chart has groups that are split.';
    case 'LINE':
    case 'AREA':
      return isPeriod(by) ? null : 'A line or area chart is grouped by day, week or month.';
    case 'DONUT':
      return by !== null && by !== 'LABEL' && split === null && !isPeriod(by) && !isDuration(measure)
        ? null
        : 'A donut chart shows numbers of tasks in groups other than time and labels, not split.';
    case 'HEAT_MAP':
      return by === 'DAY' && split === null && !isDuration(measure)
        ? null
        : 'A heat map shows numbers of tasks by day, not split.';
    case 'BURN_UP':
      return measure === 'COUNT' && isPeriod(by) && split === null
        ? null
        : 'A burn-up chart shows the number of tasks by day, week or month.';
    case 'CUMULATIVE_FLOW':
      return measure === 'COUNT' && isPeriod(by) && split === 'STATUS'
        ? null
        : 'A cumulative flow diagram shows the number of tasks by day, week or month, split by status.';
    case 'AGEING':
      return measure === 'OPEN' && by === null && split === null
        ? null
        : 'Ageing work shows open tasks that are in progress, without groups.';
    case 'TABLE':
      return null;
  }
}
