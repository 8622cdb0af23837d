import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseError, escapeIdentifier, escapeLiteral, type Client } from 'pg';
import { openSession } from '../../server/database/session.ts';
import { databaseOf, inWords, withDatabase } from './connection-url.ts';
import { BackupRefused } from './refusal.ts';

/** Databases that every cluster has, from which others are made and renamed. The embedded one has the second only. */
const MAINTENANCE = ['postgres', 'template1'];
const CONNECT_WITHIN_MS = 10_000;

/** PostgreSQL cuts names at 63 bytes; this leaves room for what is put behind. */
const KEPT_OF_NAME = 30;

/** All restores of one database take this advisory lock, of the maintenance database, with the hash of its name. */
const RESTORE_LOCK = 7_261_503;
/** Whoever made a new database holds this one with the hash of its name, for as long as it lives. */
const MAKER_LOCK = 7_261_504;
/** Stands in a new database's comment until it has taken the place of another. */
const UNFINISHED = 'Taskwire makes this database, and removes it again.';

const EMPTIED_WITHIN_MS = 10_000;
const OBJECT_IN_USE = '55006';
const POLL_MS = 50;

/** The PostgreSQL that a database is in, by a connection to another database of it. */
export interface Cluster extends AsyncDisposable {
  /** Whether it has the database. */
  has(name: string): Promise<boolean>;
  /**
   * Makes an empty database that sorts and spells as `model` does, where there is a `model`.
   * @returns its name, which begins as `model` does and tells the purpose. One whose maker has died is removed by the
   * next that opens the cluster.
   */
  make(purpose: 'restore' | 'verify', model: string): Promise<string>;
  /** Removes a database with whoever is connected; nothing where there is none. */
  drop(name: string): Promise<void>;
  /**
   * Gives `name` to the database `successor`, in one transaction with the database that had it getting another; whoever
   * was connected to that is cut off.
   * @returns the new name of the one replaced; null where there was none.
   */
  replace(name: string, successor: string): Promise<string | null>;
  /** The databases that were replaced by those of this name, and are still there. */
  replaced(name: string): Promise<string[]>;
}

/**
 * Opens the cluster that `url` is a database of, for one restore at a time.
 * @throws BackupRefused where another restore is under way, or the role may not make databases.
 */
export async function openCluster(url: string, purpose: 'restore' | 'verify'): Promise<Cluster> {
  const client = await connectBeside(url);
  const has = async (name: string) => {
    const { rows } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    return rows.length > 0;
  };
  const allow = (name: string, whether: boolean) =>
    client.query(`ALTER DATABASE ${escapeIdentifier(name)} ALLOW_CONNECTIONS ${whether}`);
  try {
    await mayMakeDatabases(client);
    if (purpose === 'restore') await takeTurn(client, databaseOf(url));
    // What a restore that was killed at the worst moment has left.
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
      await client.query('SELECT pg_advisory_lock($1, hashtext($2))', [MAKER_LOCK, name]);
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

async function connectBeside(url: string): Promise<Client> {
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
    `Restoring needs a second database of the server of ${inWords(url)}, and neither ${MAINTENANCE.join(' nor ')} can be reached: ` +
      `${reasons.join('; ')}. Check DATABASE_URL, and that its role may connect to one of them.`,
  );
}

async function mayMakeDatabases(client: Client): Promise<void> {
  const { rows } = await client.query<{ role: string; may: boolean }>(
    'SELECT rolname AS role, rolcreatedb OR rolsuper AS may FROM pg_roles WHERE rolname = current_user',
  );
  if (rows[0]?.may) return;
  throw new BackupRefused(
    `A backup is restored into a new database, and the role ${rows[0]?.role} may not make one. Let an administrator run ` +
      `ALTER ROLE ${escapeIdentifier(rows[0]?.role ?? '')} CREATEDB; and try again.`,
  );
}

async function takeTurn(client: Client, name: string): Promise<void> {
  const { rows } = await client.query<{ taken: boolean }>(
    'SELECT pg_try_advisory_lock($1, hashtext($2)) AS taken',
    [RESTORE_LOCK, name],
  );
  if (!rows[0]?.taken) {
    throw new BackupRefused(`Another restore of ${name} is under way. Wait for its end.`);
  }
}

/** Removes the new databases of restores and trials that were killed. */
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
      [MAKER_LOCK, datname],
    );
    if (!locks[0]?.taken) continue;
    // One that cannot be removed now is left to the next.
    await drop(client, datname).catch((error: unknown) => {
      if (!(error instanceof DatabaseError || error instanceof BackupRefused)) throw error;
    });
    await client.query('SELECT pg_advisory_unlock($1, hashtext($2))', [MAKER_LOCK, datname]);
  }
}

/** Whole rows as JSON, since PostgreSQL 17 has given one column another name. */
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

/** What ALTER DATABASE … SET has given the model. */
async function settingsOf(client: Client, model: string): Promise<string[]> {
  const { rows } = await client.query<{ setting: string }>(
    `SELECT unnest(setconfig) AS setting FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
     WHERE datname = $1 AND setrole = 0`,
    [model],
  );
  return rows.map(({ setting }) => {
    const at = setting.indexOf('=');
    const [name, value] = [setting.slice(0, at), setting.slice(at + 1)];
    // A list is kept as it was written, and quoting it would make one name of it.
    return `${name} = ${name === 'search_path' ? value : escapeLiteral(value)}`;
  });
}

/** Gives a database's name to another, in one transaction. */
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

/** Removes a database. PostgreSQL itself ends an autovacuum in it, which WITH (FORCE) needs a superuser for. */
async function drop(client: Client, name: string): Promise<void> {
  const { rows } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
  if (rows.length === 0) return;
  await empty(client, name);
  await untilUnused(() => client.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)}`));
}

/** Tries again where another autovacuum has begun in the database, or somebody has connected to it. */
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

/** Cuts off all sessions of people and programs, and waits until they are gone. Autovacuum is nobody's session. */
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
    if (Date.now() > deadline) throw stillInUse(name, `${rows.length} connections do not end`);
    await sleep(POLL_MS);
  }
}

function stillInUse(name: string, why: string): BackupRefused {
  return new BackupRefused(
    `The database ${name} cannot be replaced while it is used: ${why}. Stop what uses it, and try again.`,
  );
}
