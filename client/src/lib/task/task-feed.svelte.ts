import type { Client } from '@urql/core';
import { SvelteMap } from 'svelte/reactivity';
import { graphql } from '../../gql/gql.ts';
import type { CompleteTaskMutation, MoreTasksQuery, TaskFilter, TaskOrder } from '../../gql/graphql.ts';
import { PagedList } from '../api/paged-list.svelte.ts';
import { ManualOrder } from '../ui/manual-order.svelte.ts';
import { newerOf } from './newer-task.ts';

/** The number of tasks that the list shows at first. */
export const pageSize = 25;

const MoreTasks = graphql(`
  query MoreTasks(
    $filter: TaskFilter
    $filterText: String
    $orderBy: [TaskOrder!]
    $find: String!
    $first: Int!
    $after: String
  ) {
    tasks(filter: $filter, filterText: $filterText, orderBy: $orderBy, first: $first, after: $after) {
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
/** A completed or reopened task. */
export type CheckedTask = CompleteTaskMutation['completeTask']['task'];
/** A listed task; without highlights if it was changed since the list was read. */
type ShownTask = ChangedTask & Partial<Pick<ListedTask, 'highlights'>>;

/** Milliseconds that a completed task stays in its place, after the last one was completed. */
const graceTime = 2_000;
/** Milliseconds in which its row collapses. */
const collapseTime = 200;

/** A completed task, kept in its place for a while. */
interface Lingering {
  task: ShownTask;
  place: number;
  /** The task above it. */
  after: string | undefined;
}

/** The filter and order of a list. */
export interface TaskSelection {
  filter: TaskFilter;
  /** Further conditions as text; empty for none. */
  filterText: string;
  orderBy: TaskOrder;
  /** The search words; empty without a search. */
  find: string;
}

/** The loaded part of the list. */
export class TaskFeed {
  readonly list: PagedList<ShownTask>;
  readonly order = new ManualOrder();
  readonly #changed = new SvelteMap<string, ChangedTask>();

  readonly #lingering = new SvelteMap<string, Lingering>();
  /** Whether the lingering rows collapse. */
  isCollapsing = $state(false);
  #graceTimer: ReturnType<typeof setTimeout> | undefined;

  /** Ids of tasks that only linger: the list no longer has them. */
  gone = $derived.by(() => {
    const gone = [...this.#lingering.keys()];
    return gone.filter((id) => this.list.nodes.every((task) => task.id !== id));
  });

  nodes = $derived.by(() => {
    const nodes: ShownTask[] = [...this.order.arrange(this.list.nodes)];
    const lingering = [...this.#lingering.values()].sort((one, other) => one.place - other.place);
    for (const { task, place, after } of lingering) {
      if (!this.gone.includes(task.id)) continue;
      const above = nodes.findIndex(({ id }) => id === after);
      nodes.splice(above < 0 ? Math.min(place, nodes.length) : above + 1, 0, task);
    }
    return nodes.map((task) => newerOf<ShownTask>(task, this.#changed.get(task.id)));
  });

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
    // Another list shows nothing of this one.
    $effect(() => {
      selection();
      return () => {
        clearTimeout(this.#graceTimer);
        this.#lingering.clear();
      };
    });
  }

  /** Keeps a task in its place for a while, also when it leaves the list. Each further one prolongs the time of all. */
  linger(id: string): void {
    const place = this.nodes.findIndex((task) => task.id === id);
    const task = this.nodes[place];
    if (!task) return;
    this.#lingering.set(id, { task, place, after: this.nodes[place - 1]?.id });
    this.isCollapsing = false;
    this.#waitFor(graceTime, () => {
      this.isCollapsing = true;
      this.#waitFor(collapseTime, () => this.#lingering.clear());
    });
  }

  isLingering(id: string): boolean {
    return this.#lingering.has(id);
  }

  #waitFor(time: number, then: () => void): void {
    clearTimeout(this.#graceTimer);
    this.#graceTimer = setTimeout(then, time);
  }

  /** Shows a changed task at once, until the list is read with this version or a later one. */
  learn(task: ChangedTask): void {
    this.#changed.set(task.id, task);
  }
}
