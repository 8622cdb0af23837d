import { randomInt } from 'node:crypto';
import type { Client } from 'pg';
import { afterAll, inject } from 'vitest';
import { openSession } from '../../server/database/session.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The server for the run's databases, and the migrated template. */
    databases: { serverUrl: string; template: string };
  }
}

const PREFIX = 'taskwire_test_';

export interface TemplateDatabase {
  template: string;
  url: string;
  /** Drops every database of this run. */
  drop(): Promise<void>;
}

/**
 * Creates the template for the run's databases, after removing those of dead runs. A run is alive as long as a
 * connection with the template's name exists.
 */
export async function createTemplate(serverUrl: string): Promise<TemplateDatabase> {
  const template = `${PREFIX}${String(randomInt(0x7fff_ffff))}`;
  const client = await openSession(serverUrl, { application_name: template });
  for (const dead of await deadRuns(client)) await dropRun(client, dead);
  await client.query(`CREATE DATABASE ${template}`);
  return {
    template,
    url: urlOf(serverUrl, template),
    async drop() {
      await dropRun(client, template);
      await client.end();
    },
  };
}

/**
 * Creates a migrated, empty database for one test file, and drops it afterwards. Commits do not wait for the disk;
 * tests of crashes use their own PostgreSQL. Call it at the top of the file.
 */
export async function freshDatabase(): Promise<string> {
  const { serverUrl, template } = inject('databases');
  const name = `${template}_${String(randomInt(0x7fff_ffff))}`;
  await run(
    serverUrl,
    `CREATE DATABASE ${name} TEMPLATE ${template}`,
    `ALTER DATABASE ${name} SET synchronous_commit = off`,
  );
  afterAll(() => run(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  return urlOf(serverUrl, name);
}

async function deadRuns(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ template: string }>(
    `SELECT DISTINCT substring(datname FROM $1) AS template FROM pg_database WHERE datname ~ $1
     EXCEPT SELECT application_name FROM pg_stat_activity`,
    [`^${PREFIX}\\d+`],
  );
  return rows.map((row) => row.template);
}

async function dropRun(client: Client, template: string): Promise<void> {
  const { rows } = await client.query<{ datname: string }>(
    'SELECT datname FROM pg_database WHERE datname ~ $1',
    [`^${template}(_|$)`],
  );
  for (const { datname } of rows) {
    await client.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`);
  }
}

async function run(url: string, ...statements: string[]): Promise<void> {
  await using client = await openSession(url, { application_name: 'taskwire tests' });
  for (const statement of statements) await client.query(statement);
}

function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}
