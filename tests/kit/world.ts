import { randomUUID } from 'node:crypto';
import { afterAll } from 'vitest';
import { connect, disconnect, type Database } from '../../server/database/client.ts';
import { freshDatabase } from './database.ts';
import { startTestServer } from './server.ts';

export const PASSWORD = 'correct horse battery';

type Variables = Record<string, unknown>;

/** The first error of an answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly code: unknown;
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(status: number, message: string, extensions: Readonly<Record<string, unknown>>) {
    super(message);
    this.status = status;
    this.code = extensions['code'];
    this.extensions = extensions;
  }
}

export interface Person {
  id: string;
  name: string;
  email: string;
  token: string;
  /** Sends an operation as this person. @throws Refusal if the answer has an error. */
  query<Data>(document: string, variables?: Variables): Promise<Data>;
  /** @returns the new task's id. */
  createTask(title: string, details?: Variables): Promise<string>;
}

export interface World {
  url: string;
  databaseUrl: string;
  /** The database, for data that the API does not expose. */
  db: Database;
  /** Creates people with new accounts, by name in lower case: `const { ada, bob } = await people('Ada', 'Bob')`. */
  people: <const Names extends readonly string[]>(
    ...names: Names
  ) => Promise<Record<Lowercase<Names[number]>, Person>>;
  /** Sends an operation without an account, or with the given headers. */
  query: <Data>(document: string, variables?: Variables, headers?: Record<string, string>) => Promise<Data>;
}

/** A server on an empty database, both removed after the test file. Call it at the top of the file. */
export async function startWorld(
  environment: NodeJS.ProcessEnv = {},
  /** Prepares the database before the server opens it. */
  prepare: (db: Database) => Promise<void> = () => Promise.resolve(),
): Promise<World> {
  const databaseUrl = await freshDatabase();
  const db = connect(databaseUrl);
  afterAll(() => disconnect(db));
  await prepare(db);
  const server = await startTestServer(databaseUrl, environment);
  afterAll(() => server.stop());

  async function query<Data>(
    document: string,
    variables: Variables = {},
    headers: Record<string, string> = {},
  ): Promise<Data> {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query: document, variables }),
    });
    const answer = (await response.json()) as {
      data: Data;
      errors?: { message: string; extensions?: Record<string, unknown> }[];
    };
    const error = answer.errors?.[0];
    if (error) throw new Refusal(response.status, error.message, error.extensions ?? {});
    return answer.data;
  }

  async function signUp(name: string): Promise<Person> {
    const email = `${name.toLowerCase()}.${randomUUID().slice(0, 8)}@example.com`;
    const { signUp: session } = await query<{ signUp: { token: string; viewer: { id: string } } }>(
      'mutation ($input: SignUpInput!) { signUp(input: $input) { token viewer { id } } }',
      { input: { name, email, password: PASSWORD } },
    );
    const headers = { authorization: `Bearer ${session.token}` };
    return {
      id: session.viewer.id,
      name,
      email,
      token: session.token,
      query: (document, variables) => query(document, variables, headers),
      async createTask(title, details = {}) {
        const { createTask } = await query<{ createTask: { task: { id: string } } }>(
          'mutation ($input: CreateTaskInput!) { createTask(input: $input) { task { id } } }',
          { input: { title, ...details } },
          headers,
        );
        return createTask.task.id;
      },
    };
  }

  return {
    url: server.url,
    databaseUrl,
    db,
    query,
    async people(...names) {
      const made = await Promise.all(names.map(async (name) => [name.toLowerCase(), await signUp(name)]));
      return Object.fromEntries(made) as Record<Lowercase<(typeof names)[number]>, Person>;
    },
  };
}
