import { escapeIdentifier, escapeLiteral } from 'pg';
import { FOR_SHORT_STATEMENTS, LIMITS } from './client.ts';
import { openSession, SETTINGS } from './session.ts';
import { PrimaryClient } from './servers.ts';
import { DatabaseUnreachable, DatabaseUnsuitable } from './start-failure.ts';

export interface Pooler {
  url: string;
  /** PgBouncer does from version 1.21 on. */
  preparesStatements: boolean;
}

type Settings = Record<string, string>;

const CONNECT_WITHIN_MS = 10_000;
const SETTINGS_LOCK = 7_274_636_115;

/**
 * Prepares requests through a pooler such as PgBouncer in transaction mode, which passes on no session settings: they
 * become defaults of the role in this database.
 * @param directUrl PostgreSQL itself.
 * @throws DatabaseUnreachable, DatabaseUnsuitable with the change to make
 */
export async function openPooler(url: string, directUrl: string): Promise<Pooler> {
  const limits: [string, string][] = Object.entries(LIMITS).map(([name, ms]) => [name, String(ms)]);
  const wanted: Settings = { ...SETTINGS, ...FOR_SHORT_STATEMENTS, ...Object.fromEntries(limits) };
  const epoch = await keepSettings(directUrl, wanted);
  await using client = await openPooled(url);
  const { rows } = await client.query<{ name: string; setting: string }>(
    'SELECT name, current_setting(name) AS setting FROM unnest($1::text[]) AS name',
    [Object.keys(wanted)],
  );
  const missing = rows.filter(({ name, setting }) => !isEqual(setting, wanted[name] ?? ''));
  if (missing.length > 0)
    throw new DatabaseUnsuitable(
      `Sessions through DATABASE_URL still lack ${missing.map(({ name }) => name).join(', ')}, which are now defaults of ` +
        'the role at DATABASE_DIRECT_URL. Use the same role and database in both; with the same ones, run RECONNECT; in ' +
        'the console of PgBouncer and start again.',
    );
  const log = await client.query<{ epoch: string }>('SELECT epoch FROM event_log');
  if (log.rows[0]?.epoch !== epoch)
    throw new DatabaseUnsuitable(
      'DATABASE_URL and DATABASE_DIRECT_URL refer to different databases. Set both to the same one.',
    );
  return { url, preparesStatements: await preparesStatements(client) };
}

/** @returns the epoch of the log. */
async function keepSettings(directUrl: string, wanted: Settings): Promise<string> {
  await using client = await openSession(directUrl, { application_name: 'taskwire pooler' });
  await client.query('BEGIN');
  await client.query('SELECT pg_advisory_xact_lock($1)', [SETTINGS_LOCK]);
  const { rows } = await client.query<{
    role: string;
    database: string;
    epoch: string;
    kept: string[] | null;
  }>(
    `SELECT current_user AS role, current_database() AS database, epoch,
            (SELECT setconfig FROM pg_db_role_setting
             WHERE setrole = current_user::regrole
               AND setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())) AS kept
     FROM event_log`,
  );
  const [facts] = rows;
  if (!facts) throw new Error('the table event_log has lost its row');
  for (const [name, value] of Object.entries(wanted)) {
    if (facts.kept?.includes(`${name}=${value}`)) continue;
    await client.query(
      `ALTER ROLE ${escapeIdentifier(facts.role)} IN DATABASE ${escapeIdentifier(facts.database)} SET ${name} = ${escapeLiteral(value)}`,
    );
  }
  await client.query('COMMIT');
  return facts.epoch;
}

async function openPooled(url: string): Promise<PrimaryClient & AsyncDisposable> {
  const client = new PrimaryClient({
    connectionString: url,
    application_name: 'taskwire pooler',
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    query_timeout: CONNECT_WITHIN_MS,
  });
  client.on('error', () => undefined);
  await client.connect().catch((error: unknown) => {
    throw new DatabaseUnreachable(url, error);
  });
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

/** A pooler that supports prepared statements gives them its own names, since its clients share sessions. */
async function preparesStatements(client: PrimaryClient): Promise<boolean> {
  const { rows } = await client.query<{ isRenamed: boolean }>({
    name: NAME,
    text: `SELECT bool_and(name <> '${NAME}') AS "isRenamed" FROM pg_prepared_statements WHERE statement LIKE '%${NAME}%'`,
  });
  return rows[0]?.isRenamed === true;
}

const NAME = 'taskwire_pooler_check';

/** PostgreSQL shows `10000` milliseconds as `10s`, and lists with spaces. */
function isEqual(setting: string, wanted: string): boolean {
  const plain = (value: string) => value.replaceAll(' ', '').toLowerCase();
  const unit = { ms: 1, s: 1_000, min: 60_000 }[/^\d+(ms|s|min)$/.exec(setting)?.[1] ?? ''];
  return (
    plain(setting) === plain(wanted) ||
    (unit !== undefined && Number.parseInt(setting, 10) * unit === Number(wanted))
  );
}
