import type { Client } from 'pg';
import { openSession } from '../../server/database/session.ts';
import { DatabaseUnreachable } from '../../server/database/start-failure.ts';
import { BackupRefused } from './refusal.ts';

const LIBPQ = new Set([
  'host',
  'port',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'connect_timeout',
  'options',
  'target_session_attrs',
]);

const CONNECT_WITHIN_MS = 10_000;

export function databaseOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1));
}

export function withDatabase(url: string, name: string): string {
  const address = new URL(url);
  address.pathname = `/${encodeURIComponent(name)}`;
  return address.href;
}

export function inWords(url: string): string {
  const { host } = new URL(url);
  return host ? `${databaseOf(url)} at ${host}` : databaseOf(url);
}

/** The URL for a program of PostgreSQL. The password goes into the environment: arguments are visible to all users. */
export function forProgram(url: string): { address: string; env: NodeJS.ProcessEnv } {
  const address = new URL(url);
  const { password } = address;
  address.password = '';
  for (const name of [...address.searchParams.keys()]) {
    if (!LIBPQ.has(name)) address.searchParams.delete(name);
  }
  return {
    address: address.href.replace(/^postgres:/, 'postgresql:'),
    env: { PGAPPNAME: 'taskwire backup', ...(password ? { PGPASSWORD: decodeURIComponent(password) } : {}) },
  };
}

/**
 * Opens a connection for `work` and closes it afterwards.
 * @throws BackupRefused if the database cannot be reached.
 */
export async function withConnection<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  await using client = await openSession(url, {
    application_name: 'taskwire backup',
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
  }).catch((error: unknown) => {
    throw new BackupRefused(new DatabaseUnreachable(url, error).message, { cause: error });
  });
  return await work(client);
}
