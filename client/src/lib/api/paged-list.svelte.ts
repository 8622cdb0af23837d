import type { CombinedError } from '@urql/core';
import { describeFailure, type Failure } from './failure.ts';
import { numberWords } from '../language/format.ts';

/** The number of rows that "Show more" adds. */
const pageSize = 25;
/** The API's maximum for one page. */
const largestPage = 100;

/** One page of a connection. */
export interface ListPage<Node> {
  totalCount: number;
  /** Default: true. */
  isTotalCountExact?: boolean;
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  nodes: readonly Node[];
}

type PageReader<Node> = (
  after: string | null,
  first: number,
) => Promise<{ page: ListPage<Node> | undefined; error: CombinedError | undefined }>;

/**
 * The loaded part of a list. The first page comes from the page's own query. When it changes, the further pages are read
 * again, and replaced once all of them have arrived.
 */
export class PagedList<Node extends { readonly id: string }> {
  loading = $state(false);
  failure = $state.raw<Failure>();

  #further = $state.raw<ListPage<Node>>();
  #wanted = 0;
  /** Increases to cancel pending reads. */
  #generation = 0;
  #isBehind = false;
  #reading: Promise<void> | undefined;
  readonly #first: () => ListPage<Node> | undefined;
  readonly #readPage: PageReader<Node>;

  nodes = $derived.by((): Node[] => {
    const first = this.#first()?.nodes ?? [];
    // While further pages are read again, a row can be in both.
    const known = Object.groupBy(first, ({ id }) => id);
    return [...first, ...(this.#further?.nodes.filter(({ id }) => !(id in known)) ?? [])];
  });
  totalCount = $derived.by(() => this.#first()?.totalCount ?? 0);
  /** The total count as text, such as "10,000+". */
  total = $derived.by(() => {
    const count = numberWords(this.totalCount);
    return (this.#first()?.isTotalCountExact ?? true) ? count : `${count}+`;
  });
  hasMore = $derived.by(() => (this.#further ?? this.#first())?.pageInfo.hasNextPage ?? false);

  /**
   * Call it while a component is being initialized: it uses effects.
   * @param selection identifies the list; a change resets it to its first page.
   */
  constructor(
    first: () => ListPage<Node> | undefined,
    readPage: PageReader<Node>,
    selection: () => unknown = () => undefined,
  ) {
    this.#first = first;
    this.#readPage = readPage;
    $effect(() => {
      selection();
      this.#generation += 1;
      this.#further = undefined;
      this.#wanted = 0;
      this.loading = false;
      this.failure = undefined;
    });
    $effect(() => {
      first();
      if (this.#wanted > 0) void this.#catchUp();
    });
  }

  /** @returns when the new rows, or the error, are shown. */
  async showMore(): Promise<void> {
    await this.#show((this.#further?.nodes.length ?? 0) + pageSize);
  }

  /** Loads pages until this many rows are shown, or all. @returns like `showMore`. */
  async showUpTo(rows: number): Promise<void> {
    const further = rows - (this.#first()?.nodes.length ?? 0);
    if (further > 0) await this.#show(further);
  }

  async #show(further: number): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    this.#wanted = further;
    const generation = this.#generation;
    await this.#catchUp();
    if (generation === this.#generation) this.loading = false;
  }

  /** Reads once at a time: changes during a read are read after it. */
  #catchUp(): Promise<void> {
    this.#isBehind = true;
    return (this.#reading ??= this.#readOn().finally(() => (this.#reading = undefined)));
  }

  async #readOn(): Promise<void> {
    while (this.#isBehind) {
      this.#isBehind = false;
      await this.#read();
    }
  }

  async #read(): Promise<void> {
    const generation = this.#generation;
    let last = this.#first();
    const nodes: Node[] = [];
    while (last?.pageInfo.hasNextPage && nodes.length < this.#wanted) {
      const left = Math.min(this.#wanted - nodes.length, largestPage);
      const { page, error } = await this.#readPage(last.pageInfo.endCursor, left);
      if (generation !== this.#generation) return;
      this.failure = error && describeFailure(error);
      if (!page) return;
      nodes.push(...page.nodes);
      last = page;
    }
    if (last) this.#further = { ...last, nodes };
  }
}
