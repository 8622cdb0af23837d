import type { WidgetDimension, WidgetKind, WidgetMeasure } from '../../gql/graphql.ts';
import { isDuration, isPeriod, periods, type Widget } from './widget.ts';

export const kinds: readonly WidgetKind[] = [
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
];
const measures: readonly WidgetMeasure[] = [
  'OPEN',
  'COUNT',
  'OVERDUE',
  'CREATED',
  'COMPLETED',
  'THROUGHPUT',
  'LEAD_TIME',
  'CYCLE_TIME',
];
const values: readonly WidgetDimension[] = ['STATUS', 'PRIORITY', 'ASSIGNEE', 'OWNER', 'LABEL', 'TEAM'];

type Shape = Pick<Widget, 'kind' | 'measure' | 'by' | 'split' | 'filterText'>;

/** The measures that a kind can show. */
export function measuresOf({
  kind,
  filterText,
}: Pick<Shape, 'kind' | 'filterText'>): readonly WidgetMeasure[] {
  if (kind === 'BURN_UP' || kind === 'CUMULATIVE_FLOW') return ['COUNT'];
  if (kind === 'AGEING') return ['OPEN'];
  const isOfCounts = kind === 'DONUT' || kind === 'HEAT_MAP' || kind === 'STACKED_BAR' || kind === 'AREA';
  return measures.filter((measure) => {
    if (isOfCounts && isDuration(measure)) return false;
    if (measure === 'THROUGHPUT' && (filterText !== null || kind === 'DONUT' || kind === 'STACKED_BAR'))
      return false;
    return !(measure === 'OVERDUE' && (kind === 'LINE' || kind === 'AREA' || kind === 'HEAT_MAP'));
  });
}

/** What a measure can be grouped by; null is no groups. */
export function groupsOf({ kind, measure, filterText }: Shape): readonly (WidgetDimension | null)[] {
  const ofTime =
    measure === 'OVERDUE' || (filterText !== null && (measure === 'COUNT' || measure === 'OPEN'))
      ? []
      : periods;
  switch (kind) {
    case 'NUMBER':
    case 'AGEING':
      return [null];
    case 'HEAT_MAP':
      return ['DAY'];
    case 'LINE':
    case 'AREA':
    case 'BURN_UP':
    case 'CUMULATIVE_FLOW':
      return ofTime;
    case 'DONUT':
      // A task can have several labels, so that their numbers have no whole.
      return values.filter((each) => each !== 'LABEL');
    case 'BAR':
    case 'STACKED_BAR':
    case 'TABLE': {
      const ofValues = measure === 'THROUGHPUT' ? [] : values;
      return kind === 'TABLE' ? [null, ...ofValues, ...ofTime] : [...ofValues, ...ofTime];
    }
  }
}

/** What groups can be split by; null is nothing. */
export function splitsOf({ kind, measure, by }: Shape): readonly (WidgetDimension | null)[] {
  if (kind === 'CUMULATIVE_FLOW') return ['STATUS'];
  const mayBeSplit = kind === 'STACKED_BAR' || kind === 'LINE' || kind === 'AREA' || kind === 'TABLE';
  if (!mayBeSplit || by === null || isDuration(measure) || measure === 'THROUGHPUT') return [null];
  const isHistory = isPeriod(by) && (measure === 'COUNT' || measure === 'OPEN');
  const some = isHistory ? (['STATUS'] as const) : values.filter((each) => each !== by);
  return kind === 'STACKED_BAR' ? some : [null, ...some];
}

/** The nearest widget that can be shown, after one of its fields changed. */
export function fitting(widget: Widget): Widget {
  const next = { ...widget };
  const choose = <Value>(value: Value, choices: readonly Value[]): Value =>
    choices.includes(value) ? value : (choices[0] ?? value);
  next.measure = choose(next.measure, measuresOf(next));
  next.by = choose(next.by, groupsOf(next));
  next.split = choose(next.split, splitsOf(next));
  if (next.kind !== 'NUMBER') next.goal = null;
  return next;
}

export function newWidget(scope: Pick<Widget, 'scope' | 'teamId'>): Widget {
  return {
    key: crypto.randomUUID(),
    title: null,
    kind: 'BAR',
    measure: 'OPEN',
    by: 'PRIORITY',
    split: null,
    days: 30,
    filterText: null,
    goal: null,
    width: 6,
    height: 2,
    phoneOrder: null,
    ...scope,
  };
}
