import {
  type AnyVariables,
  type Client,
  createRequest,
  type DocumentInput,
  type OperationContext,
} from '@urql/core';
import type { Connection } from './connection.svelte.ts';
import { describeFailure, type Failure } from './failure.ts';

/**
 * A query that lives as long as its component. It runs again when its variables change, when its data changes, and when
 * the connection is back. The previous data stays until there is new data, also on an error.
 */
export class LiveQuery<Data, Variables extends AnyVariables> {
  data = $state.raw<Data>();
  failure = $state.raw<Failure>();
  /** Whether to show a loading state. Background renewals do not count. */
  fetching = $state(true);

  #askedAt = performance.now();
  #isAsking = true;
  #isRenewing = false;
  #isOutdated = false;
  #isSuperseded = false;
  #superseded: unknown;
  readonly #hasOwnEvents: boolean;
  readonly #client: Client;
  readonly #document: DocumentInput<Data, Variables>;
  readonly #variables: () => Variables | undefined;
  readonly #context: Partial<OperationContext>;

  /**
   * Call it while a component is being initialized: it uses effects.
   * @param variables undefined while the query cannot run yet.
   * @param context with `hasOwnEvents` if the component subscribes to the events that concern it.
   */
  constructor(
    sources: { client: Client; connection: Connection },
    document: DocumentInput<Data, Variables>,
    variables: () => Variables | undefined,
    { hasOwnEvents = false, ...context }: Partial<OperationContext> & { hasOwnEvents?: boolean } = {},
  ) {
    this.#hasOwnEvents = hasOwnEvents;
    this.#client = sources.client;
    this.#document = document;
    this.#variables = variables;
    this.#context = context;

    $effect(() => {
      this.#isOutdated = false;
      this.#isSuperseded = false;
      this.#begin();
      const asked = variables();
      if (!asked) return;
      const subscription = this.#client.query(document, asked, context).subscribe((result) => {
        // The cache reruns it after a change.
        if (result.stale && !this.#isAsking) this.#askedAt = performance.now();
        this.#isAsking = result.stale;
        if (!result.stale && this.#isSuperseded) {
          this.#isSuperseded = false;
          this.#superseded = result;
          this.#ask();
          return;
        }
        // The client emits the last result again when it reruns the query.
        if (result === this.#superseded) return;
        this.fetching = result.stale && !this.#isRenewing;
        this.failure = result.error ? describeFailure(result.error) : undefined;
        if (result.data !== undefined && result.data !== null) this.data = result.data;
        if (result.stale) return;
        this.#isRenewing = false;
        if (this.#isOutdated) this.renew();
      });
      return () => subscription.unsubscribe();
    });
    $effect(() => sources.connection.keepFresh(this));
  }

  get askedAt(): number {
    return this.#hasOwnEvents ? Infinity : this.#askedAt;
  }

  refresh(): void {
    this.#begin();
    this.#ask();
  }

  /** Runs one request at a time: a renewal during a request runs after it. */
  renew(): void {
    this.#isOutdated = this.#isAsking;
    if (this.#isAsking) return;
    this.#isRenewing = true;
    this.#ask();
  }

  supersede(): void {
    this.#isSuperseded = this.#isAsking;
  }

  #begin(): void {
    this.#askedAt = performance.now();
    this.#isAsking = true;
    this.#isRenewing = false;
    this.fetching = true;
  }

  #ask(): void {
    const variables = this.#variables();
    if (!variables) return;
    this.#askedAt = performance.now();
    this.#isAsking = true;
    const request = createRequest(this.#document, variables);
    this.#client.reexecuteOperation(
      this.#client.createRequestOperation('query', request, {
        ...this.#context,
        requestPolicy: 'network-only',
      }),
    );
  }
}
