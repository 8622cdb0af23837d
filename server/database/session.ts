import { Client, type ClientConfig } from 'pg';

export interface SessionConfig extends ClientConfig {
  /** By this name PostgreSQL's activity shows the session. */
  application_name: string;
}

/**
 * What answers depend on, for no setting of the database or its role to change. Whether transactions are read-only is
 * left to them: providers make a database read-only when its disk is full.
 */
const SETTINGS = {
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

/** A setting of no meaning, by which a session knows that its settings have arrived. */
export const SESSION_MARK = 'taskwire.session';

/** Limits that a session has only where its purpose gives it some; a role's own would end a long migration. */
const UNLIMITED = { statement_timeout: '0', lock_timeout: '0', idle_in_transaction_session_timeout: '0' };

/**
 * How every connection to PostgreSQL is opened, whatever its purpose: its settings come with its first message, so they
 * cost no round trip.
 * @param settings of PostgreSQL beside those that every session has.
 */
export function sessionTo<Config extends SessionConfig>(
  url: string,
  config: Config,
  settings: Record<string, string> = {},
): Config & { connectionString: string; options: string } {
  const address = new URL(url);
  // What an address says itself would replace ours; of several values the last one counts.
  const given = address.searchParams.get('options') ?? '';
  address.searchParams.delete('options');
  const limits = Object.entries(UNLIMITED).filter(([name]) => config[name as keyof Config] === undefined);
  const all = { ...Object.fromEntries(limits), ...SETTINGS, [SESSION_MARK]: 'on', ...settings };
  const options = Object.entries(all).map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`);
  const connectionString = given ? address.href : url;
  return { ...config, connectionString, options: [given, ...options].join(' ').trim() };
}

/**
 * Opens a connection of its own, for one purpose.
 * @throws what pg throws where the database cannot be reached.
 */
export async function openSession(
  url: string,
  config: SessionConfig,
  settings?: Record<string, string>,
): Promise<Client> {
  const client = new Client(sessionTo(url, config, settings));
  // Without a listener a connection that breaks would end the process; the query under way says it better.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
