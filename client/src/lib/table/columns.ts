import type { TaskRow_TaskFragment } from '../../gql/graphql.ts';
import type { SortField } from '../task/task-view.ts';

export type ColumnField = 'title' | 'status' | 'priority' | 'due' | 'assignee' | 'labels' | 'team' | 'owner';

/** A shown column, with its width in pixels. */
export interface Column {
  field: ColumnField;
  width: number;
}

export const columnWords: Record<ColumnField, string> = {
  get title() {
    return 'Title';
  },
  get status() {
    return 'Status';
  },
  get priority() {
    return 'Priority';
  },
  get due() {
    return 'Due date';
  },
  get assignee() {
    return 'Assignee';
  },
  get labels() {
    return 'Labels';
  },
  get team() {
    return 'Team';
  },
  get owner() {
    return 'Owner';
  },
};

const usualTitle: Column = { field: 'title', width: 360 };

export const usualColumns: readonly Column[] = [
  usualTitle,
  { field: 'status', width: 128 },
  { field: 'priority', width: 112 },
  { field: 'due', width: 136 },
  { field: 'assignee', width: 160 },
  { field: 'labels', width: 200 },
  { field: 'team', width: 144 },
  { field: 'owner', width: 144 },
];

export const narrowest = 64;
export const widest = 800;

/** The columns by which the API sorts. */
export const sortedBy: Partial<Record<ColumnField, SortField>> = {
  title: 'title',
  status: 'status',
  priority: 'priority',
  due: 'due',
};

export function widthWithin(width: number): number {
  return Math.round(Math.min(Math.max(width, narrowest), widest));
}

/** Columns as they were kept; the title is always the first one. */
export function columnsOf(kept: unknown): Column[] {
  const fields = new Set<string>();
  const known = (Array.isArray(kept) ? (kept as Partial<Column>[]) : []).flatMap(({ field, width }) => {
    const usual = usualColumns.find((each) => each.field === field);
    if (!usual || fields.has(usual.field)) return [];
    fields.add(usual.field);
    return [{ field: usual.field, width: widthWithin(Number(width) || usual.width) }];
  });
  if (known.length === 0) return [...usualColumns];
  const title = known.find(({ field }) => field === 'title') ?? usualTitle;
  return [title, ...known.filter(({ field }) => field !== 'title')];
}

const storedAs = 'taskwire.columns';

export function readColumns(): Column[] {
  try {
    return columnsOf(JSON.parse(localStorage.getItem(storedAs) ?? '[]'));
  } catch {
    return [...usualColumns];
  }
}

export function storeColumns(columns: readonly Column[]): void {
  try {
    localStorage.setItem(storedAs, JSON.stringify(columns));
  } catch {
    // Storage can be forbidden or full; the columns then last as long as the page.
  }
}

/** Whether the viewer can change the cell. */
export function canEdit(field: ColumnField, { viewerCan }: TaskRow_TaskFragment): boolean {
  if (field === 'team' || field === 'owner') return false;
  return field === 'assignee' ? viewerCan.assign : viewerCan.edit;
}
