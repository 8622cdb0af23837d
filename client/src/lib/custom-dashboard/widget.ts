import type {
  DashboardWidgetInput,
  WidgetDimension,
  WidgetKind,
  WidgetMeasure,
  WidgetScope,
} from '../../gql/graphql.ts';
import { addressOfView, usualView } from '../task/task-view.ts';

/** A widget as it is saved, with all its fields. */
export interface Widget {
  key: string;
  title: string | null;
  kind: WidgetKind;
  measure: WidgetMeasure;
  by: WidgetDimension | null;
  split: WidgetDimension | null;
  days: number;
  scope: WidgetScope | null;
  teamId: string | null;
  filterText: string | null;
  goal: number | null;
  width: number;
  height: number;
  phoneOrder: number | null;
}

export interface Point {
  key: string | null;
  name: string | null;
  value: number | null;
  filterText: string | null;
}

export interface Series {
  key: string | null;
  name: string | null;
  points: readonly Point[];
}

/** When the open tasks are done. */
export interface Forecast {
  openTasks: number;
  weeks: number;
  p50: string | null;
  p85: string | null;
}

export const columns = 12;
const narrowest = 2;
const mostRows = 6;
export const mostWidgets = 24;

export const periods: readonly WidgetDimension[] = ['DAY', 'WEEK', 'MONTH'];
export const isPeriod = (dimension: WidgetDimension | null) =>
  dimension !== null && periods.includes(dimension);
export const isDuration = (measure: WidgetMeasure) => measure === 'LEAD_TIME' || measure === 'CYCLE_TIME';

/** Only the fields of the input; the data of a query has more. */
export function inputOf(widget: Widget): DashboardWidgetInput {
  const { key, title, kind, measure, by, split, days, scope, teamId, filterText, goal } = widget;
  const { width, height, phoneOrder } = widget;
  return {
    ...{ key, title, kind, measure, by, split, days, scope, teamId, filterText, goal },
    ...{ width, height, phoneOrder },
  };
}

/** The query that gives the data of a widget. */
export function queryOf(widget: Widget, asOf: string | null): string {
  const { kind, measure, by, split, days, scope, teamId, filterText } = widget;
  const given = Object.entries({ kind, measure, by, split, days, scope })
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}`);
  if (teamId !== null) given.push(`teamId: ${JSON.stringify(teamId)}`);
  if (filterText !== null) given.push(`filterText: ${JSON.stringify(filterText)}`);
  const day = asOf === null ? '' : `, asOf: ${JSON.stringify(asOf)}`;
  return `query {
  widgetData(widget: { ${given.join(', ')} }${day}) {
    asOf
    series {
      key
      name
      points {
        key
        name
        value
        filterText
      }
    }
    isExact
    problem {
      message
    }
  }
}
`;
}

/** The list of tasks that a number counts. */
export function addressOfTasks(filterText: string | null | undefined): string | undefined {
  if (filterText == null) return undefined;
  return addressOfView({ ...usualView, show: 'all', source: 'all', order: 'newest', filter: filterText });
}

/** In the order of the screen: phones have one of their own. */
export function inOrder<Of extends Pick<Widget, 'phoneOrder'>>(
  widgets: readonly Of[],
  isPhone: boolean,
): Of[] {
  if (!isPhone) return [...widgets];
  const place = (widget: Of) => widget.phoneOrder ?? widgets.indexOf(widget);
  return widgets.toSorted((one, other) => place(one) - place(other));
}

/** Moves a widget by some places. On a phone, only the order there changes. */
export function moved<Of extends Pick<Widget, 'key' | 'phoneOrder'>>(
  widgets: readonly Of[],
  key: string,
  to: number,
  isPhone: boolean,
): Of[] {
  const order = inOrder(widgets, isPhone);
  const from = order.findIndex((each) => each.key === key);
  const [taken] = order.splice(from, 1);
  if (!taken) return [...widgets];
  order.splice(Math.max(0, Math.min(to, order.length)), 0, taken);
  if (!isPhone) return order;
  return widgets.map((each) => ({ ...each, phoneOrder: order.indexOf(each) }));
}

export function resized<Of extends Pick<Widget, 'key' | 'width' | 'height'>>(
  widgets: readonly Of[],
  key: string,
  { width = 0, height = 0 }: { width?: number; height?: number },
): Of[] {
  return widgets.map((each) =>
    each.key === key
      ? {
          ...each,
          width: Math.max(narrowest, Math.min(columns, each.width + width)),
          height: Math.max(1, Math.min(mostRows, each.height + height)),
        }
      : each,
  );
}
