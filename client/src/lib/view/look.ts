import type { TaskGroupBy, ViewLayout } from '../../gql/graphql.ts';
import { boardGroups, groupByOf, type TaskView } from '../task/task-view.ts';

/** How a view shows its tasks. */
export interface Look {
  layout: ViewLayout;
  /** What the columns of a board are about; null for other layouts. */
  groupBy: TaskGroupBy | null;
}

export function lookOf(view: TaskView): Look {
  const groupBy = groupByOf(view);
  if (groupBy) return { layout: 'BOARD', groupBy };
  if (view.layout === '') return { layout: 'LIST', groupBy };
  return { layout: view.layout === 'table' ? 'TABLE' : 'CALENDAR', groupBy };
}

/** The view with a look. A board by status has columns for tasks of every status. */
export function withLook({ layout, groupBy }: Look): Partial<TaskView> {
  const by = layout === 'BOARD' ? (groupBy ?? 'STATUS') : null;
  const names = Object.keys(boardGroups) as (keyof typeof boardGroups)[];
  const board = names.find((name) => boardGroups[name] === by) ?? '';
  const others = { LIST: '', BOARD: '', CALENDAR: 'month', TABLE: 'table' } as const;
  return { board, layout: others[layout], day: '', sort: '', ...(board === 'status' ? { show: 'all' } : {}) };
}

export function isSameLook(one: Look, other: Look): boolean {
  return one.layout === other.layout && (one.layout !== 'BOARD' || one.groupBy === other.groupBy);
}
