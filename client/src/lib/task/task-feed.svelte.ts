import type { Client } from '@urql/core';
import { SvelteMap } from 'svelte/reactivity';
import { graphql } from '../../gql/gql.ts';
import type { CompleteTaskMutation, MoreTasksQuery, TaskFilter, TaskOrder } from '../../gql/graphql.ts';
import { PagedList } from '../api/paged-list.svelte.ts';
import { newerOf } from './newer-task.ts';

/** The number of tasks that the list shows at first. */
export const pageSize = 25;

const MoreTasks = graphql(`
  query MoreTasks($filter: TaskFilter, $orderBy: [TaskOrder!], $find: String!, $first: Int!, $after: String) {
    tasks(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
      totalCount
      isTotalCountExact
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
        version
        dueOn
        highlights(query: $find) {
          ...TaskRow_highlights
        }
        ...TaskRow_task
      }
    }
  }
`);

/** One page of tasks; the page's own query selects the same fields. */
export type TaskPage = MoreTasksQuery['tasks'];
type ListedTask = TaskPage['nodes'][number];
/** A task from the payload of a mutation. */
export type ChangedTask = Omit<ListedTask, 'highlights'>;
/** A completed, reopened or restored task. */
export type CheckedTask = CompleteTaskMutation['completeTask']['task'];
/** A listed task; without highlights if it was changed since the list was read. */
type ShownTask = ChangedTask & Partial<Pick<ListedTask, 'highlights'>>;

/** The filter and order of a list. */
export interface TaskSelection {
  filter: TaskFilter;
  orderBy: TaskOrder;
  /** The search words; empty without a search. */
  find: string;
}

/** The loaded part of the list. */
export class TaskFeed {
  readonly list: PagedList<ShownTask>;
  readonly #changed = new SvelteMap<string, ChangedTask>();

  nodes = $derived.by(() =>
    this.list.nodes.map((task) => newerOf<ShownTask>(task, this.#changed.get(task.id))),
  );

  /** Call it while a component is being initialized: it uses effects. */
  constructor(client: Client, first: () => TaskPage | undefined, selection: () => TaskSelection | undefined) {
    this.list = new PagedList(
      first,
      async (after, first) => {
        const { data, error } = await client
          .query(MoreTasks, { find: '', ...selection(), after, first }, { requestPolicy: 'network-only' })
          .toPromise();
        return { page: data?.tasks, error };
      },
      selection,
    );
  }

  /** Shows a changed task at once, until the list is read with this version or a later one. */
  learn(task: ChangedTask): void {
    this.#changed.set(task.id, task);
  }
}
