import type { Client } from '@urql/core';
import { SvelteMap } from 'svelte/reactivity';
import { graphql } from '../../gql/gql.ts';
import type { MoreTasksQuery, TaskFilter, TaskOrder } from '../../gql/graphql.ts';
import { describeFailure, type Failure } from '../api/failure.ts';
import { newerOf } from './newer-task.ts';

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
        version
        ...TaskRow_task
      }
    }
  }
`);

/** One page of tasks, as the page's own query selects it too. */
export type TaskPage = MoreTasksQuery['tasks'];
type Nodes = TaskPage['nodes'];
/** A task as a change was answered with it. */
export type ChangedTask = Nodes[number];
type PageInfo = TaskPage['pageInfo'];

/** Which tasks a list has, in which order. */
export interface TaskSelection {
  filter: TaskFilter;
  orderBy: TaskOrder;
}

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
  readonly #selection: () => TaskSelection | undefined;
  readonly #changed = new SvelteMap<string, ChangedTask>();
  /** Counts up whenever what is under way has become pointless. */
  #generation = 0;
  #isBehind = false;
  /** One reading at a time: however often the first page changes, each comes to its end. */
  #last: Promise<void> = Promise.resolve();

  nodes = $derived.by((): Nodes => {
    const first = this.#first()?.nodes ?? [];
    // While further pages are read again, a task may stand in both.
    const known = Object.groupBy(first, ({ id }) => id);
    const further = this.#further?.nodes.filter(({ id }) => !(id in known)) ?? [];
    return [...first, ...further].map((task) => newerOf(task, this.#changed.get(task.id)));
  });
  totalCount = $derived.by(() => this.#first()?.totalCount ?? 0);
  hasMore = $derived.by(() => (this.#further?.pageInfo ?? this.#first()?.pageInfo)?.hasNextPage ?? false);

  /** Only while a component is being set up, as it follows that component's life. */
  constructor(client: Client, first: () => TaskPage | undefined, selection: () => TaskSelection | undefined) {
    this.#client = client;
    this.#first = first;
    this.#selection = selection;

    $effect(() => {
      selection();
      this.#further = undefined;
      this.#generation += 1;
      this.loading = false;
      this.failure = undefined;
    });
    $effect(() => {
      first();
      if (this.#isBehind) return;
      this.#isBehind = true;
      void this.#then(async () => {
        this.#isBehind = false;
        const page = this.#first();
        const shown = this.#further?.nodes.length ?? 0;
        this.failure = undefined;
        if (page && shown > 0) await this.#read(page.pageInfo, shown, []);
      });
    });
  }

  /** What a change was answered with shows at once, and stays until the list is read with it or a later one. */
  learn(task: ChangedTask): void {
    this.#changed.set(task.id, task);
  }

  /** @returns when what came is shown, or that it failed. */
  async showMore(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    const generation = this.#generation;
    await this.#then(async () => {
      if (generation !== this.#generation) return;
      const end = this.#further?.pageInfo ?? this.#first()?.pageInfo;
      if (end?.hasNextPage) await this.#read(end, pageSize, this.#further?.nodes ?? []);
      if (generation === this.#generation) this.loading = false;
    });
  }

  #then(work: () => Promise<void>): Promise<void> {
    return (this.#last = this.#last.then(work));
  }

  async #read(from: PageInfo, wanted: number, before: Nodes): Promise<void> {
    const generation = this.#generation;
    const selection = this.#selection();
    this.failure = undefined;
    let nodes = before;
    let pageInfo = from;
    for (let left = wanted; left > 0 && pageInfo.hasNextPage;) {
      const variables = { ...selection, first: Math.min(left, largestPage), after: pageInfo.endCursor };
      const { data, error } = await this.#client
        .query(MoreTasks, variables, { requestPolicy: 'network-only' })
        .toPromise();
      if (generation !== this.#generation) return;
      if (error || !data) {
        if (error) this.failure = describeFailure(error);
        return;
      }
      nodes = [...nodes, ...data.tasks.nodes];
      pageInfo = data.tasks.pageInfo;
      left -= Math.max(1, data.tasks.nodes.length);
    }
    this.#further = { nodes, pageInfo };
  }
}
