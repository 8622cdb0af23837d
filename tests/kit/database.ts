import { randomInt } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the run's databases are made, and the migrated one that they are copied from. */
    databases: { serverUrl: string; template: string };
  }
}

const PREFIX = 'taskwire_test_';
/** First half of the advisory lock that a run holds for as long as it lives; the second half is its number. */
const RUN_LOCK = 0x7a5c;

export interface TemplateDatabase {
  template: string;
  url: string;
  /** Drops every database of this run. */
  drop(): Promise<void>;
}

/** Makes the empty database that this run's others are copied from, once the leavings of dead runs are gone. */
export async function createTemplate(serverUrl: string): Promise<TemplateDatabase> {
  const client = new Client(serverUrl);
  await client.connect();
  await dropDeadRuns(client);

  const run = randomInt(0x7fff_ffff);
  await client.query('SELECT pg_advisory_lock($1::int, $2::int)', [RUN_LOCK, run]);
  const template = `${PREFIX}${String(run)}`;
  await client.query(`CREATE DATABASE ${template}`);
  return {
    template,
    url: urlOf(serverUrl, template),
    async drop() {
      await dropRun(client, run);
      await client.end();
    },
  };
}

/**
 * The address of a migrated, empty database for one test file alone; it is dropped when the file is done.
 * Call it at the top of the file.
 */
export async function freshDatabase(): Promise<string> {
  const { serverUrl, template } = inject('databases');
  const name = `${template}_${String(randomInt(0x7fff_ffff))}`;
  await statement(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  afterAll(() => statement(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  return urlOf(serverUrl, name);
}

async function dropDeadRuns(client: Client): Promise<void> {
  for (const run of await runs(client)) {
    const { rows } = await client.query<{ dead: boolean }>(
      'SELECT pg_try_advisory_lock($1::int, $2::int) AS dead',
      [RUN_LOCK, run],
    );
    if (!rows[0]?.dead) continue;
    await dropRun(client, run);
    await client.query('SELECT pg_advisory_unlock($1::int, $2::int)', [RUN_LOCK, run]);
  }
}

async function runs(client: Client): Promise<Set<number>> {
  const { rows } = await client.query<{ run: number }>(
    'SELECT substring(datname FROM $1)::int AS run FROM pg_database WHERE datname ~ $1',
    [`^${PREFIX}(\\d{1,10})`],
  );
  return new Set(rows.map((row) => row.run));
}

async function dropRun(client: Client, run: number): Promise<void> {
  const { rows } = await client.query<{ datname: string }>(
    'SELECT datname FROM pg_database WHERE datname ~ $1',
    [`^${PREFIX}${String(run)}(_|$)`],
  );
  for (const { datname } of rows) {
    await client.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`);
  }
}

async function statement(url: string, sql: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}
