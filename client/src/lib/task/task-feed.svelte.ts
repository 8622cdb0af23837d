import type { Client } from '@urql/core';
import { untrack } from 'svelte';
import { graphql } from '../../gql/gql.ts';
import type { MoreTasksQuery } from '../../gql/graphql.ts';
import { describeFailure, type Failure } from '../api/failure.ts';
import { taskFilters, taskOrders, type TaskView } from './task-view.ts';

/** How many tasks the list shows at first, and adds with each "Show more". */
export const pageSize = 25;
/** The most that the API hands out in one page. */
const largestPage = 100;

const MoreTasks = graphql(`
  query MoreTasks($filter: TaskFilter, $orderBy: [TaskOrder!], $first: Int!, $after: String) {
    tasks(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
      totalCount
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        id
        ...TaskRow_task
      }
    }
  }
`);

/** One page of tasks, as the page's own query selects it too. */
export type TaskPage = MoreTasksQuery['tasks'];
type Nodes = TaskPage['nodes'];
type PageInfo = TaskPage['pageInfo'];

/**
 * The list as far as it was opened. The first page belongs to the page's own query; each time that one changes, as many
 * further tasks as were shown are read again behind it, and take the old ones' place only when they are all there.
 */
export class TaskFeed {
  loading = $state(false);
  failure = $state.raw<Failure>();

  #further = $state.raw<{ nodes: Nodes; pageInfo: PageInfo }>();
  readonly #client: Client;
  readonly #first: () => TaskPage | undefined;
  readonly #view: () => TaskView;
  /** Counts up whenever what is under way has become pointless. */
  #generation = 0;

  nodes = $derived.by((): Nodes => {
    const first = this.#first()?.nodes ?? [];
    if (!this.#further) return first;
    // While further pages are read again, a task may stand in both.
    const known = Object.groupBy(first, ({ id }) => id);
    return [...first, ...this.#further.nodes.filter(({ id }) => !(id in known))];
  });
  totalCount = $derived.by(() => this.#first()?.totalCount ?? 0);
  hasMore = $derived.by(() => (this.#further?.pageInfo ?? this.#first()?.pageInfo)?.hasNextPage ?? false);

  /** Only while a component is being set up, as it follows that component's life. */
  constructor(client: Client, first: () => TaskPage | undefined, view: () => TaskView) {
    this.#client = client;
    this.#first = first;
    this.#view = view;

    $effect(() => {
      view();
      this.#further = undefined;
      this.#generation += 1;
      this.loading = false;
      this.failure = undefined;
    });
    $effect(() => {
      const page = first();
      const shown = untrack(() => this.#further?.nodes.length ?? 0);
      if (page && shown > 0) void untrack(() => this.#read(page.pageInfo, shown, []));
    });
  }

  async showMore(): Promise<void> {
    const end = this.#further?.pageInfo ?? this.#first()?.pageInfo;
    if (end?.hasNextPage && !this.loading) await this.#read(end, pageSize, this.#further?.nodes ?? []);
  }

  async #read(from: PageInfo, wanted: number, before: Nodes): Promise<void> {
    const generation = ++this.#generation;
    const { show, order } = this.#view();
    const { filter } = taskFilters[show];
    const { orderBy } = taskOrders[order];
    this.loading = true;
    this.failure = undefined;
    let nodes = before;
    let pageInfo = from;
    for (let left = wanted; left > 0 && pageInfo.hasNextPage;) {
      const variables = { filter, orderBy, first: Math.min(left, largestPage), after: pageInfo.endCursor };
      const { data, error } = await this.#client
        .query(MoreTasks, variables, { requestPolicy: 'network-only' })
        .toPromise();
      if (generation !== this.#generation) return;
      if (error || !data) {
        this.loading = false;
        if (error) this.failure = describeFailure(error);
        return;
      }
      nodes = [...nodes, ...data.tasks.nodes];
      pageInfo = data.tasks.pageInfo;
      left -= Math.max(1, data.tasks.nodes.length);
    }
    this.#further = { nodes, pageInfo };
    this.loading = false;
  }
}
