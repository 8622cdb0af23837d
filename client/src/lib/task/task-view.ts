import type { DashboardScope, TaskFilter, TaskGroupBy, TaskOrder, TaskPriority } from '../../gql/graphql.ts';
import { beginningOf } from '../ui/text-length.ts';
import { type Day, dayAfter, earliestDue, latestDue, mondayOf } from './due-day.ts';
import { priorities, priorityWords } from './task-words.ts';

/** The viewer, for filters such as "mine" and "today". */
export interface ViewContext {
  id: string;
  today: Day;
}

export const taskFilters = {
  open: {
    get label() {
      return 'Open';
    },
    filter: { status: { in: ['TODO', 'IN_PROGRESS'] } },
  },
  completed: {
    get label() {
      return 'Completed';
    },
    filter: { status: { eq: 'DONE' } },
  },
  cancelled: {
    get label() {
      return 'Cancelled';
    },
    filter: { status: { eq: 'CANCELLED' } },
  },
  all: {
    get label() {
      return 'All';
    },
    filter: {},
  },
} as const satisfies Record<string, { label: string; filter: TaskFilter }>;

export const taskOrders = {
  newest: {
    get label() {
      return 'Newest first';
    },
    orderBy: { field: 'CREATED_AT', direction: 'DESC' },
  },
  oldest: {
    get label() {
      return 'Oldest first';
    },
    orderBy: { field: 'CREATED_AT', direction: 'ASC' },
  },
  changed: {
    get label() {
      return 'Recently changed';
    },
    orderBy: { field: 'UPDATED_AT', direction: 'DESC' },
  },
  due: {
    get label() {
      return 'Due date';
    },
    orderBy: { field: 'DUE_ON', direction: 'ASC' },
  },
  priority: {
    get label() {
      return 'Priority';
    },
    orderBy: { field: 'PRIORITY', direction: 'DESC' },
  },
  manual: {
    get label() {
      return 'Manual';
    },
    orderBy: { field: 'POSITION', direction: 'ASC' },
  },
} as const satisfies Record<string, { label: string; orderBy: TaskOrder }>;

interface Narrowing {
  label: string;
  /** Undefined for no condition. */
  filter?: TaskFilter | ((context: ViewContext) => TaskFilter);
}

/** A team's id is a source too: the tasks of that team. */
export const taskSources: Record<'work' | 'all' | 'mine' | 'assigned' | 'shared', Narrowing> = {
  work: {
    get label() {
      return 'My work';
    },
    filter: { ownedOrAssigned: true },
  },
  all: {
    get label() {
      return 'Everyone’s';
    },
  },
  mine: {
    get label() {
      return 'Owned by me';
    },
    filter: ({ id }) => ({ owner: { eq: id } }),
  },
  assigned: {
    get label() {
      return 'Assigned to me';
    },
    filter: ({ id }) => ({ assignee: { eq: id } }),
  },
  shared: {
    get label() {
      return 'Shared with me';
    },
    filter: { sharedWithViewer: true },
  },
};

export const dueChoices: Record<'any' | 'overdue' | 'today' | 'week' | 'none', Narrowing> = {
  any: {
    get label() {
      return 'Any time';
    },
  },
  overdue: {
    get label() {
      return 'Overdue';
    },
    filter: ({ today }) => ({ dueOn: { before: today } }),
  },
  today: {
    get label() {
      return 'Today';
    },
    filter: ({ today }) => ({ dueOn: { eq: today } }),
  },
  week: {
    get label() {
      return 'This week';
    },
    filter({ today }) {
      const monday = mondayOf(today);
      return { dueOn: { after: dayAfter(monday, -1), before: dayAfter(monday, 7) } };
    },
  },
  none: {
    get label() {
      return 'No due date';
    },
    filter: { dueOn: { isNull: true } },
  },
};

export type FilterName = keyof typeof taskFilters;
export type OrderName = keyof typeof taskOrders;
export type DueName = keyof typeof dueChoices;
/** One of `taskSources`, or a team's id. */
export type SourceName = keyof typeof taskSources | `team_${string}`;
export type PriorityName = TaskPriority | 'any';

export const priorityNames: readonly PriorityName[] = ['any', ...priorities.toReversed()];

export function priorityLabel(name: PriorityName): string {
  return name === 'any' ? 'Any priority' : priorityWords[name];
}

/** What the columns of a board are about, in the URL. */
export const boardGroups = {
  status: 'STATUS',
  priority: 'PRIORITY',
  assignee: 'ASSIGNEE',
  label: 'LABEL',
  week: 'DUE_WEEK',
  day: 'DUE_DAY',
} as const;

const sortFields = { title: 'TITLE', status: 'STATUS', priority: 'PRIORITY', due: 'DUE_ON' } as const;
export type SortField = keyof typeof sortFields;
/** A column of a table; with a minus sign in descending order. */
export type Sort = SortField | `-${SortField}`;

const layoutNames = { month: true, week: true, table: true };

/** The filters and order of the list. Kept in the URL, so that the view survives a reload and can be shared. */
export interface TaskView {
  show: FilterName;
  order: OrderName;
  /** Search words; empty for all tasks. */
  find: string;
  source: SourceName;
  due: DueName;
  priority: PriorityName;
  /** Conditions as text, in addition to the others; empty for none. */
  filter: string;
  /** Other than a list and a board. */
  layout: keyof typeof layoutNames | '';
  /** A day of the month or week that a calendar shows; `''` for today. */
  day: Day;
  /** The column that a table is sorted by; empty for `order`. */
  sort: Sort | '';
  /** The columns of a board; `''` for a list. */
  board: keyof typeof boardGroups | '';
}

/** No filters, except the source and the status. */
export const unfiltered = { find: '', due: 'any', priority: 'any', filter: '' } as const;

export const usualView: TaskView = {
  show: 'open',
  order: 'due',
  source: 'work',
  ...unfiltered,
  board: '',
  layout: '',
  day: '',
  sort: '',
};

/** The longest search, in characters. The API accepts twice as many. */
export const longestSearch = 100;
/** The API's limit, in characters. */
const longestFilter = 1_000;

/** Reads the view from a URL; missing and invalid values get their defaults. */
export function readView(parameters: Pick<URLSearchParams, 'get'>): TaskView {
  const asked = (name: keyof TaskView) => parameters.get(name) ?? '';
  const known = <Name extends string>(choices: Record<Name, unknown>, name: string, otherwise: Name) =>
    Object.hasOwn(choices, name) ? (name as Name) : otherwise;
  // Links from earlier versions have the parameter `whose`.
  const source = parameters.get('source') ?? parameters.get('whose') ?? '';
  return {
    show: known(taskFilters, asked('show'), usualView.show),
    order: known(taskOrders, asked('order'), usualView.order),
    find: beginningOf(asked('find').trim(), longestSearch),
    source: isTeam(source) ? source : known(taskSources, source, 'work'),
    due: known(dueChoices, asked('due'), usualView.due),
    board: known({ ...boardGroups, '': '' }, asked('board'), ''),
    ...readPlace(parameters),
    filter: asked('filter').trim().slice(0, longestFilter),
    priority: priorityNames.find((name) => name === asked('priority')) ?? usualView.priority,
  };
}

/** The order of the tasks. */
export function orderByOf({
  layout,
  sort,
  order,
}: Pick<TaskView, 'layout' | 'sort' | 'order'>): Required<TaskOrder> {
  if (sort === '' || layout !== 'table') return taskOrders[order].orderBy;
  const field = sortFields[sort.replace('-', '') as SortField];
  return { field, direction: sort.startsWith('-') ? 'DESC' : 'ASC' };
}

/** How the tasks of a URL are shown. */
export function readPlace(
  parameters: Pick<URLSearchParams, 'get'>,
): Pick<TaskView, 'layout' | 'day' | 'sort'> {
  const sort = parameters.get('sort') ?? '';
  const [layout, day] = [parameters.get('layout') ?? '', parameters.get('day') ?? ''];
  const isDay = /^\d{4}-\d\d-\d\d$/.test(day) && day >= earliestDue && day <= latestDue;
  return {
    layout: layout in layoutNames ? (layout as keyof typeof layoutNames) : '',
    day: isDay && !Number.isNaN(Date.parse(day)) ? day : '',
    sort: Object.hasOwn(sortFields, sort.replace(/^-/, '')) ? (sort as Sort) : '',
  };
}

/** The scope of the numbers beside a list. */
export function scopeOf(source: SourceName): DashboardScope {
  if (isTeam(source)) return { teamId: source };
  if (source === 'mine') return {};
  return source === 'assigned' ? { assigned: true } : { ownedOrAssigned: true };
}

function isTeam(name: string): name is `team_${string}` {
  return /^team_[0-9a-z]{26}$/.test(name);
}

/** The path and query of a view, without default values. */
export function addressOfView(view: TaskView): string {
  const parameters = new URLSearchParams();
  for (const name of Object.keys(usualView) as (keyof TaskView)[]) {
    if (view[name] !== usualView[name]) parameters.set(name, view[name]);
  }
  return parameters.size > 0 ? `/?${parameters.toString()}` : '/';
}

/** What the tasks of a board are grouped by; null for a list. */
export function groupByOf({ board }: TaskView): TaskGroupBy | null {
  return board === '' ? null : boardGroups[board];
}

/** The number of active filters, without search, source and status. */
export function filtersIn(view: TaskView): number {
  return (['due', 'priority', 'filter'] as const).filter((name) => view[name] !== usualView[name]).length;
}

/**
 * The API's filter for a view. Reads the context only if the filter depends on it.
 * @returns undefined if the filter needs a context that is not loaded yet.
 */
export function filterOf(view: TaskView, contextOf: () => ViewContext | undefined): TaskFilter | undefined {
  const { show, find, source, due, priority } = view;
  const ofSource = isTeam(source) ? { team: { eq: source } } : taskSources[source].filter;
  const narrowing = [ofSource, dueChoices[due].filter].filter((filter) => filter !== undefined);
  const isPersonal = narrowing.some((filter) => typeof filter === 'function');
  const context = isPersonal ? contextOf() : undefined;
  if (isPersonal && !context) return undefined;
  const and: TaskFilter[] = [
    ...(find === '' ? [] : [{ text: find }]),
    ...(priority === 'any' ? [] : [{ priority: { eq: priority } }]),
    ...narrowing.flatMap((filter) =>
      typeof filter !== 'function' ? [filter] : context ? [filter(context)] : [],
    ),
  ];
  return and.length > 0 ? { ...taskFilters[show].filter, and } : taskFilters[show].filter;
}
