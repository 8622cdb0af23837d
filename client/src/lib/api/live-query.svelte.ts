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
 * A query for as long as a component shows it. It asks again when its variables change, when a mutation touches what it
 * shows, and when the server returns; what was shown stays until the new answer is there, also when the answer is an error.
 */
export class LiveQuery<Data, Variables extends AnyVariables> {
  data = $state.raw<Data>();
  failure = $state.raw<Failure>();
  fetching = $state(true);

  readonly #client: Client;
  readonly #document: DocumentInput<Data, Variables>;
  readonly #variables: () => Variables;
  readonly #context: Partial<OperationContext>;

  /** Only while a component is being set up, as it follows that component's life. */
  constructor(
    sources: { client: Client; connection: Connection },
    document: DocumentInput<Data, Variables>,
    variables: () => Variables,
    context: Partial<OperationContext> = {},
  ) {
    this.#client = sources.client;
    this.#document = document;
    this.#variables = variables;
    this.#context = context;

    $effect(() => {
      this.fetching = true;
      const subscription = this.#client.query(document, variables(), context).subscribe((result) => {
        this.fetching = result.stale;
        this.failure = result.error ? describeFailure(result.error) : undefined;
        if (result.data !== undefined && result.data !== null) this.data = result.data;
      });
      return () => subscription.unsubscribe();
    });
    $effect(() => sources.connection.onReturn(() => this.refresh()));
  }

  refresh(): void {
    this.fetching = true;
    const request = createRequest(this.#document, this.#variables());
    this.#client.reexecuteOperation(
      this.#client.createRequestOperation('query', request, {
        ...this.#context,
        requestPolicy: 'network-only',
      }),
    );
  }
}
