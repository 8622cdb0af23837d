import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DatabaseError, type Client } from 'pg';
import { openSession } from './session.ts';
import { BEHIND_POOLER, requireUsable } from './requirements.ts';
import {
  DatabaseUnreachable,
  DatabaseUnsuitable,
  MigrationFailed,
  MigrationRefused,
} from './start-failure.ts';

export const migrationsFolder = fileURLToPath(new URL('../../migrations', import.meta.url));

export interface MigrationOptions {
  /** A directory of `<timestamp>_<intent>/migration.sql`. Default: this program's migrations. */
  folder?: string;
  lockTimeout?: number;
}

interface Migration {
  name: string;
  script: string;
}

interface Recorded {
  migration_name: string;
  checksum: string;
  finished_at: Date | null;
  rolled_back_at: Date | null;
  logs: string | null;
}

/** Prisma's CLI uses the same advisory lock. */
const PRISMA_LOCK = 72_707_369;
const LOCK_TIMEOUT_MS = 60_000;
const CONNECT_WITHIN_MS = 10_000;

const UNDEFINED_TABLE = '42P01';
const LOCK_NOT_AVAILABLE = '55P03';

const TABLE = `
CREATE TABLE "_prisma_migrations" (
    "id"                    VARCHAR(36) PRIMARY KEY NOT NULL,
    "checksum"              VARCHAR(64) NOT NULL,
    "finished_at"           TIMESTAMPTZ,
    "migration_name"        VARCHAR(255) NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        TIMESTAMPTZ,
    "started_at"            TIMESTAMPTZ NOT NULL DEFAULT now(),
    "applied_steps_count"   INTEGER NOT NULL DEFAULT 0
)`;

/**
 * Applies the pending migrations. Each runs in one transaction with its row in `_prisma_migrations`, so a failed or
 * killed migration leaves nothing behind and can be retried. Without pending migrations it takes one query.
 * @returns the names of the applied migrations, in order.
 * @throws StartFailure: DatabaseUnreachable; MigrationRefused if the database's history differs from the directory;
 * MigrationFailed if a script fails.
 */
export async function applyMigrations(
  url: string,
  options: MigrationOptions = {},
): Promise<{ applied: string[] }> {
  const migrations = await readMigrations(options.folder ?? migrationsFolder);
  await using client = await openSession(url, {
    application_name: 'taskwire migrations',
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
  }).catch((error: unknown) => {
    const isPooler = messageOf(error).includes('unsupported startup parameter');
    throw isPooler
      ? new DatabaseUnsuitable(BEHIND_POOLER, { cause: error })
      : new DatabaseUnreachable(url, error);
  });
  await liftProvidersLimits(client);
  const isPending = pendingOf(migrations, await readHistory(client)).length > 0;
  await requireUsable(client, isPending);
  if (!isPending) return { applied: [] };
  await takeTurn(client, options.lockTimeout ?? LOCK_TIMEOUT_MS);
  const history = await readHistory(client);
  if (!history) await makeTable(client);
  const pending = pendingOf(migrations, history);
  for (const migration of pending) await apply(client, migration);
  return { applied: pending.map(({ name }) => name) };
}

/** These settings exist only in some versions of PostgreSQL, so they cannot be set at connection start. */
async function liftProvidersLimits(client: Client): Promise<void> {
  await client.query(
    `SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ('transaction_timeout', 'idle_session_timeout')`,
  );
}

export async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return Promise.all(
    names.sort().map(async (name) => ({
      name,
      script: await readFile(join(folder, name, 'migration.sql'), 'utf8'),
    })),
  );
}

async function readHistory(client: Client): Promise<Recorded[] | undefined> {
  try {
    const { rows } = await client.query<Recorded>(
      `SELECT migration_name, checksum, finished_at, rolled_back_at, logs
       FROM _prisma_migrations ORDER BY started_at`,
    );
    return rows;
  } catch (error) {
    if (error instanceof DatabaseError && error.code === UNDEFINED_TABLE) return undefined;
    throw error;
  }
}

function pendingOf(migrations: Migration[], history: Recorded[] = []): Migration[] {
  const live = history.filter(({ rolled_back_at }) => rolled_back_at === null);
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const row of live) {
    const migration = known.get(row.migration_name);
    if (!row.finished_at) throw unfinished(row);
    if (!migration) throw unknown(row);
    if (!checksumsOf(migration.script).includes(row.checksum)) throw edited(row);
  }
  const applied = new Set(live.map(({ migration_name }) => migration_name));
  return migrations.filter(({ name }) => !applied.has(name));
}

/** Line endings are ignored, as in Prisma, so that a checkout on Windows is not an edit. */
function checksumsOf(script: string): string[] {
  const unix = script.replaceAll('\r\n', '\n');
  return [script, unix, unix.replaceAll('\n', '\r\n')].map(checksum);
}

function checksum(script: string): string {
  return createHash('sha256').update(script).digest('hex');
}

async function takeTurn(client: Client, timeout: number): Promise<void> {
  try {
    await client.query(`SET lock_timeout = ${Math.ceil(timeout)}`);
    await client.query('SELECT pg_advisory_lock($1)', [PRISMA_LOCK]);
    await client.query('SET lock_timeout = 0');
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== LOCK_NOT_AVAILABLE) throw error;
    throw new MigrationRefused(
      `Another process has been migrating this database for ${timeout / 1000} s. Start again when it has finished.`,
      { cause: error },
    );
  }
}

async function makeTable(client: Client): Promise<void> {
  const { rows } = await client.query<{ relname: string }>(
    `SELECT relname FROM pg_class
     WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
       AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
     ORDER BY relname LIMIT 3`,
  );
  if (rows.length > 0) {
    const some = rows.map(({ relname }) => `"${relname}"`).join(', ');
    throw new MigrationRefused(
      `The database at DATABASE_URL already has tables that Taskwire did not create (${some}). ` +
        'Use an empty database.',
    );
  }
  await client.query(TABLE);
}

async function apply(client: Client, { name, script }: Migration): Promise<void> {
  const startedAt = new Date();
  await client.query('BEGIN');
  try {
    // Sent as one message: the server splits it, and handles semicolons inside $$ … $$.
    await client.query(script);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, $4, clock_timestamp(), 1)`,
      [randomUUID(), checksum(script), name, startedAt],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw new MigrationFailed(
      `Migration ${name} failed: ${reasonOf(error, script)}. It was rolled back. ` +
        'Fix the cause (the data, or the script if it is new) and start again.',
      { cause: error },
    );
  }
}

function reasonOf(error: unknown, script: string): string {
  if (!(error instanceof DatabaseError)) return messageOf(error);
  const line = error.position && script.slice(0, Number(error.position)).split('\n').length;
  const place = line ? ` (line ${line})` : '';
  const detail = error.detail ? `; ${error.detail.replace(/\.$/, '')}` : '';
  return `${error.message}${place}${detail}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function unfinished({ migration_name: name, logs }: Recorded): MigrationRefused {
  const said = logs?.trim() ? ` Its log: ${logs.trim().split('\n').slice(0, 5).join(' ')}` : '';
  return new MigrationRefused(
    `Migration ${name} was started by another program and did not finish, so the database may contain half of it.${said}\n` +
      'Revert its changes manually, then mark it as rolled back and start again:\n' +
      `  npx prisma migrate resolve --rolled-back ${name}\n` +
      `or, in SQL: UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = '${name}';`,
  );
}

function edited({ migration_name: name }: Recorded): MigrationRefused {
  return new MigrationRefused(
    `Migration ${name} was edited after it was applied to this database, so the two may differ.\n` +
      `Restore the file (git checkout -- migrations/${name}) and put the change into a new migration ` +
      '(npm run db:migration <intent>).',
  );
}

function unknown({ migration_name: name }: Recorded): MigrationRefused {
  return new MigrationRefused(
    `This database has migration ${name}, which this version of Taskwire does not know: a newer version has used it. ` +
      'Start that version or a later one, or restore a backup made before it.',
  );
}
