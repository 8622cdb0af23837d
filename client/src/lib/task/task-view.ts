import type { TaskFilter, TaskOrder, TaskPriority } from '../../gql/graphql.ts';
import { beginningOf } from '../ui/text-length.ts';
import { type Day, dayAfter, mondayOf } from './due-day.ts';
import { priorities, priorityWords } from './task-words.ts';

/** Who looks at the list: "mine" and "today" mean theirs. */
export interface ViewContext {
  id: string;
  today: Day;
}

export const taskFilters = {
  open: { label: 'Open', filter: { status: { in: ['TODO', 'IN_PROGRESS'] } } },
  completed: { label: 'Completed', filter: { status: { eq: 'DONE' } } },
  cancelled: { label: 'Cancelled', filter: { status: { eq: 'CANCELLED' } } },
  all: { label: 'All', filter: {} },
} as const satisfies Record<string, { label: string; filter: TaskFilter }>;

export const taskOrders = {
  newest: { label: 'Newest first', orderBy: { field: 'CREATED_AT', direction: 'DESC' } },
  oldest: { label: 'Oldest first', orderBy: { field: 'CREATED_AT', direction: 'ASC' } },
  changed: { label: 'Last changed', orderBy: { field: 'UPDATED_AT', direction: 'DESC' } },
  due: { label: 'Due first', orderBy: { field: 'DUE_ON', direction: 'ASC' } },
  priority: { label: 'Most urgent first', orderBy: { field: 'PRIORITY', direction: 'DESC' } },
} as const satisfies Record<string, { label: string; orderBy: TaskOrder }>;

interface Narrowing {
  label: string;
  /** Left out where it lets everything through. */
  filter?: (context: ViewContext) => TaskFilter;
}

/** Besides these, a team's id stands for the tasks of that team. */
export const taskSources: Record<'all' | 'mine' | 'assigned' | 'shared', Narrowing> = {
  all: { label: 'Everybody’s' },
  mine: { label: 'Mine', filter: ({ id }) => ({ owner: { eq: id } }) },
  assigned: { label: 'Assigned to me', filter: ({ id }) => ({ assignee: { eq: id } }) },
  shared: { label: 'Shared with me', filter: () => ({ sharedWithViewer: true }) },
};

export const dueChoices: Record<'any' | 'overdue' | 'today' | 'week' | 'none', Narrowing> = {
  any: { label: 'Any time' },
  overdue: { label: 'Overdue', filter: ({ today }) => ({ dueOn: { before: today } }) },
  today: { label: 'Today', filter: ({ today }) => ({ dueOn: { eq: today } }) },
  week: {
    label: 'This week',
    filter({ today }) {
      const monday = mondayOf(today);
      return { dueOn: { after: dayAfter(monday, -1), before: dayAfter(monday, 7) } };
    },
  },
  none: { label: 'No due date', filter: () => ({ dueOn: { isNull: true } }) },
};

export type FilterName = keyof typeof taskFilters;
export type OrderName = keyof typeof taskOrders;
export type DueName = keyof typeof dueChoices;
/** Whose tasks: one of `taskSources`, or a team's id. */
export type SourceName = keyof typeof taskSources | `team_${string}`;
export type PriorityName = TaskPriority | 'any';

export const priorityChoices: readonly (readonly [name: PriorityName, label: string])[] = [
  ['any', 'Any priority'],
  ...priorities.toReversed().map((priority) => [priority, priorityWords[priority]] as const),
];

/** Which tasks the list shows, in which order. It lives in the page's address, so that it survives a reload and can be sent. */
export interface TaskView {
  show: FilterName;
  order: OrderName;
  /** Words of titles and descriptions; empty for all tasks. */
  find: string;
  whose: SourceName;
  due: DueName;
  priority: PriorityName;
}

/** What lets every task through, but for its status. */
export const unfiltered = { find: '', whose: 'all', due: 'any', priority: 'any' } as const;

export const usualView: TaskView = { show: 'open', order: 'newest', ...unfiltered };

/** Characters of what is looked for. The API takes twice as many. */
export const longestSearch = 100;

/** Reads the view from an address; what it does not name, or names wrongly, is as usual. */
export function readView(parameters: Pick<URLSearchParams, 'get'>): TaskView {
  const asked = (name: keyof TaskView) => parameters.get(name) ?? '';
  const known = <Name extends string>(choices: Record<Name, unknown>, name: string, otherwise: Name) =>
    Object.hasOwn(choices, name) ? (name as Name) : otherwise;
  const whose = asked('whose');
  return {
    show: known(taskFilters, asked('show'), usualView.show),
    order: known(taskOrders, asked('order'), usualView.order),
    find: beginningOf(asked('find').trim(), longestSearch),
    whose: isTeam(whose) ? whose : known(taskSources, whose, 'all'),
    due: known(dueChoices, asked('due'), usualView.due),
    priority: priorityChoices.find(([name]) => name === asked('priority'))?.[0] ?? usualView.priority,
  };
}

function isTeam(name: string): name is `team_${string}` {
  return /^team_[0-9a-z]{26}$/.test(name);
}

/** The address of a view, from the root; what is as usual is left out. */
export function addressOfView(view: TaskView): string {
  const parameters = new URLSearchParams();
  for (const name of Object.keys(usualView) as (keyof TaskView)[]) {
    if (view[name] !== usualView[name]) parameters.set(name, view[name]);
  }
  return parameters.size > 0 ? `/?${parameters.toString()}` : '/';
}

/** How many of a view's conditions, besides its search and its status, are not as usual. */
export function filtersIn(view: TaskView): number {
  return (['whose', 'due', 'priority'] as const).filter((name) => view[name] !== usualView[name]).length;
}

/**
 * Which tasks a view shows, in the API's words. Who looks at it is asked only where that makes a difference.
 * @returns undefined while that depends on an context who is not known yet.
 */
export function filterOf(view: TaskView, contextOf: () => ViewContext | undefined): TaskFilter | undefined {
  const { show, find, whose, due, priority } = view;
  const source = isTeam(whose) ? () => ({ team: { eq: whose } }) : taskSources[whose].filter;
  const personal = [source, dueChoices[due].filter].filter((filter) => filter !== undefined);
  const context = personal.length > 0 ? contextOf() : undefined;
  if (personal.length > 0 && !context) return undefined;
  const and: TaskFilter[] = [
    ...(find === '' ? [] : [{ text: find }]),
    ...(priority === 'any' ? [] : [{ priority: { eq: priority } }]),
    ...(context ? personal.map((filter) => filter(context)) : []),
  ];
  return and.length > 0 ? { ...taskFilters[show].filter, and } : taskFilters[show].filter;
}
