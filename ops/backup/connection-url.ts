import type { Client } from 'pg';
import { openSession } from '../../server/database/session.ts';
import { DatabaseUnreachable } from '../../server/database/start-failure.ts';
import { BackupRefused } from './refusal.ts';

/** What a connection string may say to libpq; other programs put words of their own there. */
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

/** The address in words, without the password. */
export function inWords(url: string): string {
  const { host } = new URL(url);
  return host ? `${databaseOf(url)} at ${host}` : databaseOf(url);
}

/** How a program of PostgreSQL reaches it; the password is not among the arguments, which all users of the machine see. */
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
 * A connection of its own to the database, that `work` may use until it is done.
 * @throws BackupRefused where the database cannot be reached; what `work` throws.
 */
export async function withConnection<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await openSession(url, {
    application_name: 'taskwire backup',
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
  }).catch((error: unknown) => {
    throw new BackupRefused(new DatabaseUnreachable(url, error).message, { cause: error });
  });
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
