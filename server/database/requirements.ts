import { escapeIdentifier, type ClientBase } from 'pg';
import { SESSION_MARK } from './session.ts';
import { DatabaseUnsuitable } from './start-failure.ts';

interface Facts {
  name: string;
  role: string;
  encoding: string;
  isStandby: boolean;
  isReadOnly: boolean;
  hasSettings: boolean;
  mayCreate: boolean | null;
  hasTrigrams: boolean;
  mayExtend: boolean;
}

/** @throws DatabaseUnsuitable with the change to make, before anything is changed. */
export async function requireUsable(client: ClientBase, isToMigrate: boolean): Promise<void> {
  const { rows } = await client.query<Facts>(
    `SELECT current_database() AS name, current_user AS role, pg_is_in_recovery() AS "isStandby",
            current_setting('server_encoding') AS encoding,
            current_setting('transaction_read_only')::bool AS "isReadOnly",
            current_setting('${SESSION_MARK}', true) IS NOT NULL AS "hasSettings",
            (SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = 'public') AS "mayCreate",
            EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') AS "hasTrigrams",
            has_database_privilege(current_database(), 'CREATE') AS "mayExtend"`,
  );
  const facts = rows[0];
  const fault = facts && (faultOf(facts) ?? (isToMigrate ? missingRightOf(facts) : null));
  if (fault) throw new DatabaseUnsuitable(fault);
}

function faultOf({ name, role, ...facts }: Facts): string | null {
  const database = escapeIdentifier(name);
  if (!facts.hasSettings) return BEHIND_POOLER;
  if (facts.encoding !== 'UTF8') {
    return (
      `The database ${name} is encoded in ${facts.encoding}, which cannot store all text. Create another one, for example with ` +
      `CREATE DATABASE taskwire ENCODING 'UTF8' TEMPLATE template0; and set DATABASE_URL to it.`
    );
  }
  if (facts.isStandby)
    return `The database ${name} is on a standby, which is read-only. Set DATABASE_URL to the primary server.`;
  if (facts.isReadOnly) {
    return (
      `The database ${name} is read-only for the role ${role} (default_transaction_read_only is on). If its provider set ` +
      `this because the disk is full, free some space first; otherwise run ALTER DATABASE ${database} RESET default_transaction_read_only; ` +
      `or the same for the role.`
    );
  }
  return null;
}

function missingRightOf({ name, role, ...facts }: Facts): string | null {
  if (facts.mayCreate === null)
    return `The database ${name} has no schema "public". Run CREATE SCHEMA public AUTHORIZATION ${escapeIdentifier(role)}; in it.`;
  if (!facts.mayCreate) {
    return (
      `The role ${role} may not create tables in the database ${name}. Ask its owner to run ` +
      `GRANT CREATE ON SCHEMA public TO ${escapeIdentifier(role)}; in it.`
    );
  }
  if (!facts.hasTrigrams && !facts.mayExtend) {
    return (
      `The database ${name} does not have the extension pg_trgm, and the role ${role} may not create it. Ask a ` +
      `superuser to run CREATE EXTENSION pg_trgm; in it.`
    );
  }
  return null;
}

export const BEHIND_POOLER =
  'DATABASE_URL refers to a connection pooler, such as PgBouncer, that does not pass on session settings. Set ' +
  'DATABASE_DIRECT_URL to PostgreSQL itself, for the event log, locks, migrations and backups; or set DATABASE_URL to it.';
