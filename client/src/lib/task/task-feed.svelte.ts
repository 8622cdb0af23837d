import type { Client } from '@urql/core';
import { SvelteMap } from 'svelte/reactivity';
import { graphql } from '../../gql/gql.ts';
import type { MoreTasksQuery, TaskFilter, TaskOrder } from '../../gql/graphql.ts';
import { PagedList } from '../api/paged-list.svelte.ts';
import { newerOf } from './newer-task.ts';

/** How many tasks the list shows at first. */
export const pageSize = 25;

const MoreTasks = graphql(`
  query MoreTasks($filter: TaskFilter, $orderBy: [TaskOrder!], $find: String!, $first: Int!, $after: String) {
    tasks(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
        version
        highlights(query: $find) {
          ...TaskRow_highlights
        }
        ...TaskRow_task
      }
    }
  }
`);

/** One page of tasks, as the page's own query selects it too. */
export type TaskPage = MoreTasksQuery['tasks'];
type ListedTask = TaskPage['nodes'][number];
/** A task as a change was answered with it. */
export type ChangedTask = Omit<ListedTask, 'highlights'>;
/** A task of the list; without highlights where it was changed since the list was read. */
type ShownTask = ChangedTask & Partial<Pick<ListedTask, 'highlights'>>;

/** Which tasks a list has, in which order. */
export interface TaskSelection {
  filter: TaskFilter;
  orderBy: TaskOrder;
  /** What the filter looks for in texts; empty where it does not. */
  find: string;
}

/** The list as far as it was opened. */
export class TaskFeed {
  /** What was opened of it, and what there is besides. */
  readonly list: PagedList<ShownTask>;
  readonly #changed = new SvelteMap<string, ChangedTask>();

  nodes = $derived.by(() =>
    this.list.nodes.map((task) => newerOf<ShownTask>(task, this.#changed.get(task.id))),
  );

  /** Only while a component is being set up, as it follows that component's life. */
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

  /** What a change was answered with shows at once, and stays until the list is read with it or a later one. */
  learn(task: ChangedTask): void {
    this.#changed.set(task.id, task);
  }
}
