import type { OauthResource } from '../../prisma/generated/client/client.ts';
import type { ExecutionResult, GraphQLError } from 'graphql';
import { isAsyncIterable } from 'graphql-yoga';
import type { SignedIn } from '../auth/credentials.ts';
import { BadUserInput, type ErrorDetails } from '../errors.ts';
import { SerializedData } from '../graphql/execution/execute-query.ts';
import type { Params, Results } from '../graphql/prepare-operation.ts';
import { RUN_HEADER } from '../graphql/plugins/use-viewer-context.ts';
import type { Graphql } from '../graphql/yoga.ts';
import { publicId } from '../ids.ts';
import { currentRequest } from '../request-context.ts';

/** An error of the API: its code, and a message that says how to go on. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: string;
  readonly details: ErrorDetails;

  constructor({ message, extensions }: Pick<GraphQLError, 'message' | 'extensions'>) {
    super(message);
    const { code, http: _status, ...details } = extensions;
    this.code = String(code);
    this.details = details;
  }
}

export interface Answer {
  data: unknown;
  errors: readonly Refused[];
  extensions: Readonly<Record<string, unknown>>;
}

export interface Caller {
  userId: string;
  /** Whether the token is limited to teams. */
  isLimited: boolean;
  resource: OauthResource;
  run: string | null;
  /** The token of a request, or the person that the assistant acts for. */
  by: { token: string } | { person: SignedIn };
}

/** Runs operations of the schema as one person, as their HTTP requests would, with the same limits. */
export class Operations {
  readonly #graphql: Graphql;
  readonly #headers: Headers;
  readonly #resource: OauthResource;
  readonly #person: SignedIn | undefined;
  readonly viewerId: string;
  readonly isLimited: boolean;

  constructor(graphql: Graphql, { userId, isLimited, resource, run, by }: Caller) {
    this.#graphql = graphql;
    this.#headers = new Headers('token' in by ? { authorization: `Bearer ${by.token}` } : {});
    this.#person = 'person' in by ? by.person : undefined;
    if (run !== null) this.#headers.set(RUN_HEADER, run);
    this.#resource = resource;
    this.isLimited = isLimited;
    this.viewerId = publicId('User', userId);
  }

  /** @throws Refused for the first error. */
  async run<Data>(query: string, variables: Record<string, unknown> = {}): Promise<Data> {
    const prepared = await this.#prepare({ query, variables });
    if (prepared.kind === 'subscription') throw new TypeError('Use `follow` for subscriptions');
    return this.#dataOf(await prepared.run()) as Data;
  }

  /** The payloads of a subscription. @throws Refused for the first error. */
  async *follow<Data>(query: string, variables: Record<string, unknown>): AsyncGenerator<Data> {
    for await (const { data, errors } of await this.subscribe(query, variables)) {
      if (errors?.[0]) throw new Refused(errors[0]);
      yield data as Data;
    }
  }

  /** Starts a subscription. `return` ends it, also while a payload is awaited. @throws Refused if it cannot start. */
  async subscribe(query: string, variables: Record<string, unknown>): Promise<Results> {
    const prepared = await this.#prepare({ query, variables });
    const results = await prepared.run();
    if (isAsyncIterable(results)) return results;
    throw results.errors?.[0] ? new Refused(results.errors[0]) : this.refused(undefined);
  }

  /** Runs a query from a client. @throws Refused if it cannot run, or is not a query. */
  async read(params: Params): Promise<Answer> {
    const prepared = await this.#prepare(params);
    if (prepared.kind !== 'query')
      throw this.refused(
        new BadUserInput('This tool only reads. Send a query; use the other tools to change data.'),
      );
    const { data, errors = [], extensions = {} } = await prepared.run();
    return {
      data: data instanceof SerializedData ? data.toJSON() : data,
      errors: errors.map((error) => this.refused(error)),
      extensions,
    };
  }

  async #prepare(params: Params) {
    const prepared = await this.#graphql.prepare(this.#headers, params, this.#resource, this.#person);
    if ('errors' in prepared) throw this.refused(prepared.errors[0]);
    return prepared;
  }

  #dataOf({ data, errors }: ExecutionResult): unknown {
    if (errors?.[0]) throw this.refused(errors[0]);
    return data instanceof SerializedData ? data.toJSON() : data;
  }

  /** As the API would answer: an unexpected error is logged, and masked. */
  refused(error: unknown): Refused {
    return error instanceof Refused ? error : new Refused(this.#graphql.masked(error));
  }
}

/** Of the operation that ran last in this request. */
export function costSoFar(): { points: number; remaining?: number } {
  const { cost = 0, balance } = currentRequest() ?? {};
  return { points: cost, ...(balance ? { remaining: balance.remaining } : {}) };
}
