import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError, escapeIdentifier, escapeLiteral, type Client } from 'pg';
import { openSession } from '../../server/database/session.ts';
import { databaseOf, inWords, withDatabase } from './connection-url.ts';
import { BackupRefused } from './refusal.ts';

/** Databases to connect to for creating and renaming others. The embedded PostgreSQL has only the second. */
const MAINTENANCE = ['postgres', 'template1'];
const CONNECT_WITHIN_MS = 10_000;

/** PostgreSQL truncates names to 63 bytes, including the suffix. */
const KEPT_OF_NAME = 30;

/** Advisory locks with the hash of the database's name: one restore at a time, and the creator of a new database. */
const RESTORE_LOCK = 7_261_503;
const CREATOR_LOCK = 7_261_504;
/** The comment of a new database until it replaces the old one. */
const UNFINISHED = 'Temporary database of Taskwire, removed automatically.';

const EMPTIED_WITHIN_MS = 10_000;
const OBJECT_IN_USE = '55006';
const POLL_MS = 50;

export interface Cluster extends AsyncDisposable {
  has(name: string): Promise<boolean>;
  /**
   * Creates an empty database with the encoding, collation and settings of `model`, if that exists. If its creator
   * dies, the next `openCluster` removes it. @returns its name.
   */
  make(purpose: 'restore' | 'verify', model: string): Promise<string>;
  /** Closes its connections. */
  drop(name: string): Promise<void>;
  /**
   * Renames both databases in one transaction, and closes their connections.
   * @returns the new name of the replaced database; null if there was none.
   */
  replace(name: string, successor: string): Promise<string | null>;
  replaced(name: string): Promise<string[]>;
}

/** @throws BackupRefused if another restore is running, or if the role cannot create databases. */
export async function openCluster(url: string, purpose: 'restore' | 'verify'): Promise<Cluster> {
  const client = await connectToMaintenance(url);
  const has = async (name: string) => {
    const { rows } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    return rows.length > 0;
  };
  const allow = (name: string, whether: boolean) =>
    client.query(`ALTER DATABASE ${escapeIdentifier(name)} ALLOW_CONNECTIONS ${whether}`);
  try {
    await requireCreatedb(client);
    if (purpose === 'restore') await takeRestoreLock(client, databaseOf(url));
    // A killed restore can leave the database closed to connections.
    if (purpose === 'restore' && (await has(databaseOf(url)))) await allow(databaseOf(url), true);
    await removeUnfinished(client, databaseOf(url));
  } catch (error) {
    await client.end();
    throw error;
  }

  return {
    has,
    async make(purpose, model) {
      const name = `${model.slice(0, KEPT_OF_NAME)}_${purpose}_${randomInt(0x7fff_ffff)}`;
      await client.query('SELECT pg_advisory_lock($1, hashtext($2))', [CREATOR_LOCK, name]);
      const options = (await has(model)) ? await optionsOf(client, model) : '';
      await client.query(`CREATE DATABASE ${escapeIdentifier(name)} TEMPLATE template0 ${options}`);
      await client.query(`COMMENT ON DATABASE ${escapeIdentifier(name)} IS ${escapeLiteral(UNFINISHED)}`);
      for (const setting of await settingsOf(client, model)) {
        await client.query(`ALTER DATABASE ${escapeIdentifier(name)} SET ${setting}`);
      }
      return name;
    },
    async drop(name) {
      await drop(client, name);
    },
    async replace(name, successor) {
      const replaced = (await has(name)) ? `${successor}_replaced` : null;
      if (replaced) await allow(name, false);
      try {
        await empty(client, successor);
        if (replaced) await empty(client, name);
        await untilUnused(() => exchange(client, { name, successor, replaced }));
      } catch (error) {
        if (replaced) await allow(name, true);
        throw error;
      }
      if (replaced) await allow(replaced, true);
      return replaced;
    },
    async replaced(name) {
      const { rows } = await client.query<{ datname: string }>(
        `SELECT datname FROM pg_database WHERE starts_with(datname, $1) AND datname ~ '_restore_\\d+_replaced$' ORDER BY oid`,
        [`${name.slice(0, KEPT_OF_NAME)}_restore_`],
      );
      return rows.map(({ datname }) => datname);
    },
    async [Symbol.asyncDispose]() {
      await client.end();
    },
  };
}

async function connectToMaintenance(url: string): Promise<Client> {
  const failures: unknown[] = [];
  for (const name of MAINTENANCE) {
    if (name === databaseOf(url)) continue;
    try {
      return await openSession(withDatabase(url, name), {
        application_name: 'taskwire restore',
        connectionTimeoutMillis: CONNECT_WITHIN_MS,
      });
    } catch (error) {
      failures.push(error);
    }
  }
  const reasons = failures.map((error) => (error instanceof Error ? error.message : String(error)));
  throw new BackupRefused(
    `Cannot connect to a maintenance database (${MAINTENANCE.join(' or ')}) on the server of ${inWords(url)}: ` +
      `${reasons.join('; ')}. Check DATABASE_URL, and allow its role to connect to one of them.`,
  );
}

async function requireCreatedb(client: Client): Promise<void> {
  const { rows } = await client.query<{ role: string; may: boolean }>(
    'SELECT rolname AS role, rolcreatedb OR rolsuper AS may FROM pg_roles WHERE rolname = current_user',
  );
  if (rows[0]?.may) return;
  throw new BackupRefused(
    `The role ${rows[0]?.role} cannot create databases, which a restore needs. Run as an administrator: ` +
      `ALTER ROLE ${escapeIdentifier(rows[0]?.role ?? '')} CREATEDB; then try again.`,
  );
}

async function takeRestoreLock(client: Client, name: string): Promise<void> {
  const { rows } = await client.query<{ taken: boolean }>(
    'SELECT pg_try_advisory_lock($1, hashtext($2)) AS taken',
    [RESTORE_LOCK, name],
  );
  if (!rows[0]?.taken) {
    throw new BackupRefused(`Another restore of ${name} is running. Wait until it has finished.`);
  }
}

async function removeUnfinished(client: Client, model: string): Promise<void> {
  const { rows } = await client.query<{ datname: string }>(
    `SELECT datname FROM pg_database
     WHERE starts_with(datname, $1) AND shobj_description(oid, 'pg_database') = $2
       AND pg_has_role(datdba, 'USAGE')`,
    [`${model.slice(0, KEPT_OF_NAME)}_`, UNFINISHED],
  );
  for (const { datname } of rows) {
    const { rows: locks } = await client.query<{ taken: boolean }>(
      'SELECT pg_try_advisory_lock($1, hashtext($2)) AS taken',
      [CREATOR_LOCK, datname],
    );
    if (!locks[0]?.taken) continue;
    // If this fails, the next restore tries again.
    await drop(client, datname).catch((error: unknown) => {
      if (!(error instanceof DatabaseError || error instanceof BackupRefused)) throw error;
    });
    await client.query('SELECT pg_advisory_unlock($1, hashtext($2))', [CREATOR_LOCK, datname]);
  }
}

/** Reads rows as JSON, since PostgreSQL 17 renamed a column. */
async function optionsOf(client: Client, model: string): Promise<string> {
  const { rows } = await client.query<{
    about: Record<string, string | null>;
    encoding: string;
    owner: string;
  }>(
    `SELECT row_to_json(pg_database) AS about, pg_encoding_to_char(encoding) AS encoding, rolname AS owner
     FROM pg_database JOIN pg_roles ON pg_roles.oid = datdba WHERE datname = $1`,
    [model],
  );
  const [{ about, encoding, owner }] = rows as [(typeof rows)[number]];
  const providers: Record<string, string> = { c: 'libc', i: 'icu', b: 'builtin' };
  const provider = providers[about['datlocprovider'] ?? 'c'] ?? 'libc';
  const locale = about['datlocale'] ?? about['daticulocale'];
  return [
    `OWNER ${escapeIdentifier(owner)} ENCODING ${escapeLiteral(encoding)} LOCALE_PROVIDER ${provider}`,
    `LC_COLLATE ${escapeLiteral(about['datcollate'] ?? 'C')} LC_CTYPE ${escapeLiteral(about['datctype'] ?? 'C')}`,
    ...(provider === 'libc' || !locale ? [] : [`${provider}_LOCALE ${escapeLiteral(locale)}`]),
  ].join(' ');
}

async function settingsOf(client: Client, model: string): Promise<string[]> {
  const { rows } = await client.query<{ setting: string }>(
    `SELECT unnest(setconfig) AS setting FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
     WHERE datname = $1 AND setrole = 0`,
    [model],
  );
  return rows.map(({ setting }) => {
    const at = setting.indexOf('=');
    const [name, value] = [setting.slice(0, at), setting.slice(at + 1)];
    // Quoting a list would turn it into one name.
    return `${name} = ${name === 'search_path' ? value : escapeLiteral(value)}`;
  });
}

async function exchange(
  client: Client,
  { name, successor, replaced }: { name: string; successor: string; replaced: string | null },
): Promise<void> {
  try {
    await client.query('BEGIN');
    if (replaced) await client.query(rename(name, replaced));
    await client.query(rename(successor, name));
    await client.query(`COMMENT ON DATABASE ${escapeIdentifier(name)} IS NULL`);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

function rename(from: string, to: string): string {
  return `ALTER DATABASE ${escapeIdentifier(from)} RENAME TO ${escapeIdentifier(to)}`;
}

/** Without WITH (FORCE), which needs a superuser if an autovacuum is running in the database. */
async function drop(client: Client, name: string): Promise<void> {
  const { rows } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
  if (rows.length === 0) return;
  await empty(client, name);
  await untilUnused(() => client.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)}`));
}

/** Retries while an autovacuum or a new connection uses the database. */
async function untilUnused(work: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + EMPTIED_WITHIN_MS;
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      const isUsed = error instanceof DatabaseError && error.code === OBJECT_IN_USE;
      if (!isUsed || Date.now() > deadline) throw error;
      await sleep(POLL_MS);
    }
  }
}

/** Terminates all sessions, except autovacuum, which has no user, and waits until they are gone. */
async function empty(client: Client, name: string): Promise<void> {
  const deadline = Date.now() + EMPTIED_WITHIN_MS;
  for (;;) {
    const { rows } = await client
      .query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usesysid IS NOT NULL',
        [name],
      )
      .catch((error: unknown) => {
        if (error instanceof DatabaseError) throw stillInUse(name, error.message);
        throw error;
      });
    if (rows.length === 0) return;
    if (Date.now() > deadline) throw stillInUse(name, `${rows.length} connections did not close`);
    await sleep(POLL_MS);
  }
}

function stillInUse(name: string, why: string): BackupRefused {
  return new BackupRefused(
    `Cannot replace the database ${name} while it is in use: ${why}. Stop the programs that use it, then try again.`,
  );
}
