import { randomUUID } from 'node:crypto';
import { FOLLOWED } from './follower.ts';

export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: string;
  /** Milliseconds after which to retry. */
  readonly retryAfterMs: number;

  constructor({ message, extensions }: AnsweredError) {
    super(message);
    this.code = extensions.code;
    this.retryAfterMs = (extensions.retryAfter ?? 0) * 1000;
  }
}

interface AnsweredError {
  message: string;
  extensions: { code: string; retryAfter?: number };
}

export interface SignedInUser {
  token: string;
  /** @throws Refusal if the answer has an error. */
  query<Data>(document: string, variables?: object): Promise<Data>;
}

/** @param address the client address for X-Forwarded-For, for a server behind a proxy. */
export async function signUp(url: string, address?: () => string): Promise<SignedInUser> {
  const input = { name: 'Drill', email: `${randomUUID()}@example.com`, password: randomUUID() };
  const { signUp: session } = await ask<{ signUp: { token: string } }>(
    url,
    undefined,
    'mutation ($input: SignUpInput!) { signUp(input: $input) { token } }',
    { input },
    address,
  );
  return {
    token: session.token,
    query: (document, variables) => ask(url, session.token, document, variables, address),
  };
}

export async function send(
  url: string,
  token: string | undefined,
  query: string,
  variables: object = {},
  extensions: object = {},
  address?: () => string,
): Promise<Response> {
  const headers = {
    'content-type': 'application/json',
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(address ? { 'x-forwarded-for': address() } : {}),
  };
  return fetch(`${url}/graphql`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query, variables, extensions }),
  });
}

async function ask<Data>(
  url: string,
  token: string | undefined,
  query: string,
  variables?: object,
  address?: () => string,
): Promise<Data> {
  const response = await send(url, token, query, variables, {}, address);
  const { data, errors } = (await response.json()) as { data: Data; errors?: AnsweredError[] };
  if (errors?.[0]) throw new Refusal(errors[0]);
  return data;
}

interface Creation {
  id: string;
  at: string;
  task: { id: string } | null;
}

/** The events of the drill from the log, in order. */
export async function createdIn(user: SignedInUser): Promise<Creation[]> {
  const created: Creation[] = [];
  for (let after: string | null = null; ;) {
    const { activity }: Page = await user.query<Page>(
      `query ($after: String) {
         activity(first: 100, after: $after, filter: { kind: { in: ${FOLLOWED} } }) {
           nodes { id at task { id } } pageInfo { hasNextPage endCursor }
         }
       }`,
      { after },
    );
    created.push(...activity.nodes);
    after = activity.pageInfo.endCursor;
    if (!activity.pageInfo.hasNextPage) return created.reverse();
  }
}

interface Page {
  activity: { nodes: Creation[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
}
