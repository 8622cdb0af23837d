import type { TaskFilter, TaskOrder } from '../../gql/graphql.ts';

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
} as const satisfies Record<string, { label: string; orderBy: TaskOrder }>;

export type FilterName = keyof typeof taskFilters;
export type OrderName = keyof typeof taskOrders;

/** Which tasks the list shows, in which order. It lives in the page's address, so that it survives a reload and can be sent. */
export interface TaskView {
  show: FilterName;
  order: OrderName;
}

const usual: TaskView = { show: 'open', order: 'newest' };

/** Reads the view from an address; what it does not name, or names wrongly, is as usual. */
export function readView(parameters: Pick<URLSearchParams, 'get'>): TaskView {
  const show = parameters.get('show') ?? '';
  const order = parameters.get('order') ?? '';
  return {
    show: Object.hasOwn(taskFilters, show) ? (show as FilterName) : usual.show,
    order: Object.hasOwn(taskOrders, order) ? (order as OrderName) : usual.order,
  };
}

/** The address of a view, from the root; what is as usual is left out. */
export function addressOfView({ show, order }: TaskView): string {
  const parameters = new URLSearchParams();
  if (show !== usual.show) parameters.set('show', show);
  if (order !== usual.order) parameters.set('order', order);
  return parameters.size > 0 ? `/?${parameters.toString()}` : '/';
}
