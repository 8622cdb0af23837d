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
 * A query for as long as a component shows it. It asks again when its variables change, when a mutation or somebody
 * else touches what it shows, and when the server returns; what was shown stays until the new answer is there, also when
 * the answer is an error.
 */
export class LiveQuery<Data, Variables extends AnyVariables> {
  data = $state.raw<Data>();
  failure = $state.raw<Failure>();
  /** Somebody waits for an answer. What is renewed unasked does not count. */
  fetching = $state(true);

  #isAsking = true;
  #isRenewing = false;
  #isOutdated = false;
  #isOvertaken = false;
  #overtaken: unknown;
  readonly #client: Client;
  readonly #document: DocumentInput<Data, Variables>;
  readonly #variables: () => Variables | undefined;
  readonly #context: Partial<OperationContext>;

  /**
   * Only while a component is being set up, as it follows that component's life.
   * @param variables undefined while it cannot be asked yet.
   */
  constructor(
    sources: { client: Client; connection: Connection },
    document: DocumentInput<Data, Variables>,
    variables: () => Variables | undefined,
    context: Partial<OperationContext> = {},
  ) {
    this.#client = sources.client;
    this.#document = document;
    this.#variables = variables;
    this.#context = context;

    $effect(() => {
      this.#isOutdated = false;
      this.#isOvertaken = false;
      this.#begin();
      const asked = variables();
      if (!asked) return;
      const subscription = this.#client.query(document, asked, context).subscribe((result) => {
        this.#isAsking = result.stale;
        if (!result.stale && this.#isOvertaken) {
          this.#isOvertaken = false;
          this.#overtaken = result;
          this.#ask();
          return;
        }
        // The client tells the last answer once more when it asks again.
        if (result === this.#overtaken) return;
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

  refresh(): void {
    this.#begin();
    this.#ask();
  }

  /** One at a time: what comes up while an answer is awaited is asked for after it. */
  renew(): void {
    this.#isOutdated = this.#isAsking;
    if (this.#isAsking) return;
    this.#isRenewing = true;
    this.#ask();
  }

  overtake(): void {
    this.#isOvertaken = this.#isAsking;
  }

  /** Somebody waits for the answer from now on. */
  #begin(): void {
    this.#isAsking = true;
    this.#isRenewing = false;
    this.fetching = true;
  }

  #ask(): void {
    const variables = this.#variables();
    if (!variables) return;
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
