import type { ClientConfig } from 'pg';
import { PrimaryClient, serversOf, urlsIn, type PrimaryClientConfig } from './servers.ts';

export interface SessionConfig extends ClientConfig {
  application_name: string;
}

/** `await using` closes it. */
export type Session = PrimaryClient & AsyncDisposable;

/** Settings that results depend on. Read-only mode is not included: providers set it when the disk is full. */
export const SETTINGS = {
  timezone: 'UTC',
  datestyle: 'ISO,MDY',
  intervalstyle: 'postgres',
  search_path: 'public',
  standard_conforming_strings: 'on',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  bytea_output: 'hex',
  extra_float_digits: '1',
  array_nulls: 'on',
  jit: 'off',
} as const;

export const SESSION_MARK = 'taskwire.session';

/** Limits that a session has only if its purpose requires them. A role's own would end a long migration. */
const UNLIMITED = { statement_timeout: '0', lock_timeout: '0', idle_in_transaction_session_timeout: '0' };

/** Settings are sent in the startup message, without a round trip. */
export function sessionTo<Config extends SessionConfig>(
  url: string,
  config: Config,
  settings: Record<string, string> = {},
): Config & PrimaryClientConfig & { connectionString: string; options: string } {
  const [first] = urlsIn(url);
  const address = new URL(first);
  // Options in the URL would replace ours. The last of several values applies.
  const given = address.searchParams.get('options') ?? '';
  address.searchParams.delete('options');
  const limits = Object.entries(UNLIMITED).filter(([name]) => config[name as keyof Config] === undefined);
  const all = { ...Object.fromEntries(limits), ...SETTINGS, [SESSION_MARK]: 'on', ...settings };
  const options = Object.entries(all).map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`);
  const connectionString = given ? address.href : first;
  return {
    ...config,
    connectionString,
    servers: serversOf(url),
    options: [given, ...options].join(' ').trim(),
  };
}

/** Opens a separate connection. @throws pg's error if the database is not reachable. */
export async function openSession(
  url: string,
  config: SessionConfig,
  settings?: Record<string, string>,
): Promise<Session> {
  const client = new PrimaryClient(sessionTo(url, config, settings));
  // Without a listener, a broken connection would end the process. The running query reports the error.
  client.on('error', () => undefined);
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}
