import type { ClientBase } from 'pg';
import { FORMAT, type Manifest, type Tables } from './manifest.ts';

/** Makes the text of values, and so the digests, independent of the server's settings. */
const SETTINGS = `
  SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'iso_8601';
  SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1; SET LOCAL statement_timeout = 0;
  SET LOCAL idle_in_transaction_session_timeout = 0`;

export interface Content {
  tables: Tables;
  /** The last applied migration; null if the database is empty or not Taskwire's. */
  migration: string | null;
}

export async function inSnapshot<T>(client: ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    await client.query(SETTINGS);
    return await work();
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
  }
}

interface Table {
  name: string;
  quoted: string;
  /** Its columns, except search vectors: the database computes them, and the rules can change. */
  columns: string;
}

async function tablesOf(client: ClientBase): Promise<Table[]> {
  const { rows } = await client.query<Table>(
    `SELECT relname AS name, quote_ident(nspname) || '.' || quote_ident(relname) AS quoted,
            (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
             WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped AND atttypid <> 'tsvector'::regtype) AS columns
     FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE relkind IN ('r', 'p') AND NOT relispartition AND nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
       AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
     ORDER BY relname`,
  );
  return rows;
}

export async function tableCount(client: ClientBase): Promise<number> {
  return (await tablesOf(client)).length;
}

/** Takes seconds per million rows. @param format format 1 also digests search vectors. */
export async function contentOf(client: ClientBase, format: Manifest['format'] = FORMAT): Promise<Content> {
  const tables: Tables = {};
  for (const { name, quoted, columns } of await tablesOf(client)) {
    const row = format === 1 ? 'given' : `ROW(${columns})`;
    const counted = await client.query<{ rows: string; digest: string }>(
      `SELECT count(*) AS rows, coalesce(sum(('x' || left(md5((${row})::text), 15))::bit(60)::bigint::numeric), 0) AS digest
       FROM ${quoted} AS given`,
    );
    tables[name] = { rows: Number(counted.rows[0]?.rows), digest: String(counted.rows[0]?.digest) };
  }
  return { tables, migration: await lastMigration(client) };
}

export async function lastMigration(client: ClientBase): Promise<string | null> {
  const { rows } = await client.query<{ there: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS there`,
  );
  if (!rows[0]?.there) return null;
  const applied = await client.query<{ migration_name: string }>(
    `SELECT migration_name FROM _prisma_migrations
     WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY migration_name DESC LIMIT 1`,
  );
  return applied.rows[0]?.migration_name ?? null;
}

export function differences(wanted: Tables, found: Tables): string[] {
  const names = [...new Set([...Object.keys(wanted), ...Object.keys(found)])].sort();
  return names.flatMap((name) => {
    const [before, after] = [wanted[name], found[name]];
    if (!before) return [`${name}: not in the backup`];
    if (!after) return [`${name}: missing`];
    if (before.rows !== after.rows) return [`${name}: ${after.rows} rows of ${before.rows}`];
    return before.digest === after.digest ? [] : [`${name}: rows differ from the backup`];
  });
}
