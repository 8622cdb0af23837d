import type { Day } from '../filter-text/days.ts';
import { dayAfter } from '../filter-text/days.ts';
import {
  condition,
  group,
  LONGEST_FILTER,
  PRIORITIES,
  STATUSES,
  type Key,
  type Node,
} from '../filter-text/grammar.ts';
import { parseFilter } from '../filter-text/parse.ts';
import { printFilter } from '../filter-text/print.ts';
import { publicId } from '../ids.ts';
import type { Scope } from '../sql/counter-scope.ts';
import { startOf } from './periods.ts';
import { isPeriod, type Dimension, type Measure, type Period, type Question } from './widget.ts';

const words = new Map<string, string>(
  [STATUSES, PRIORITIES].flatMap((each) =>
    Object.entries(each).map(([word, value]) => [value, word] as const),
  ),
);

/** The filter of a scope as text. */
export function textOfScope({ teamId, by }: Scope): string {
  return printFilter(nodeOfScope({ teamId, by }));
}

function nodeOfScope({ teamId, by }: Scope): Node {
  if (teamId !== null) return condition('team', '', publicId('Team', teamId));
  if (by === 'either') return condition('is', '', 'mine');
  return condition(by, '', 'me');
}

const MOMENTS: Partial<Record<Measure, Key>> = {
  CREATED: 'created',
  COMPLETED: 'completed',
  LEAD_TIME: 'completed',
};

/**
 * The text of a filter that lists the tasks that a number counts; null if no filter does.
 * @param base the text of the widget's own filter, or of its scope.
 * @param last the last day of the period.
 */
export function textOfTasks(
  { measure, by, split, days }: Question,
  base: string,
  last: Day,
  [key, splitKey]: [key: string | null, splitKey: string | null],
): string | null {
  if (measure === 'THROUGHPUT' || measure === 'CYCLE_TIME') return null;
  const { node, errors } = parseFilter(base);
  if (errors.length > 0) return null;
  const parts: Node[] = node ? [node] : [];
  if (measure === 'OPEN') parts.push(condition('is', '', 'open'));
  if (measure === 'OVERDUE') parts.push(condition('is', '', 'overdue'));
  const moment = MOMENTS[measure];
  if (moment) parts.push(...during(moment, dayAfter(last, 1 - days), last, isPeriod(by) ? by : null, key));
  for (const [dimension, value] of [
    [by, key],
    [split, splitKey],
  ] as const)
    if (dimension && !isPeriod(dimension)) parts.push(having(dimension, value));
  const text = parts.length > 0 ? printFilter(group('and', parts)) : '';
  return text.length <= LONGEST_FILTER && parseFilter(text).errors.length === 0 ? text : null;
}

function during(key: Key, first: Day, last: Day, period: Period | null, start: string | null): Node[] {
  if (!period || start === null) return [condition(key, '>=', first), condition(key, '<=', last)];
  if (period === 'DAY') return [condition(key, '', start)];
  const from = start < first ? first : start;
  let to = dayAfter(start, period === 'WEEK' ? 6 : 30);
  while (startOf(period, to) !== start) to = dayAfter(to, -1);
  return [condition(key, '>=', from), condition(key, '<=', to > last ? last : to)];
}

const ABSENT = { ASSIGNEE: 'assignee', LABEL: 'label', TEAM: 'team', OWNER: 'owner' } as const;

function having(dimension: Exclude<Dimension, Period>, key: string | null): Node {
  if (dimension === 'STATUS') return condition('status', '', words.get(key ?? '') ?? '');
  if (dimension === 'PRIORITY') return condition('priority', '', words.get(key ?? '') ?? '');
  const name = ABSENT[dimension];
  if (key === null) return condition('no', '', name);
  if (dimension === 'LABEL') return condition(name, '', key);
  return condition(name, '', publicId(dimension === 'TEAM' ? 'Team' : 'User', key));
}
