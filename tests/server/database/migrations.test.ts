import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { openEngine } from '../../../ops/schema-engine.ts';
import { applyMigrations, migrationsFolder, readMigrations } from '../../../server/database/migrations.ts';
import { emptyDatabase, query } from './scratch-database.ts';
import { openSession } from '../../kit/session.ts';

/** Partial indexes, which Prisma's model cannot express. */
const WITHOUT_MODEL = [
  'assistant_replies_pending',
  'assistant_replies_pending_of_conversation',
  'events_audited',
  'events_of_conversations',
  'events_personal',
  'events_run',
  'events_task',
  'memberships_one_owner',
  'task_shares_expiring',
  'tasks_assignee_id_stage_completed_at_id_idx',
  'tasks_assignee_id_stage_created_at_id_idx',
  'tasks_assignee_id_stage_due_on_id_idx',
  'tasks_assignee_id_stage_position_idx',
  'tasks_assignee_id_stage_priority_id_idx',
  'tasks_assignee_id_stage_title_id_idx',
  'tasks_assignee_id_stage_updated_at_id_idx',
  'tasks_team_id_idx',
  'webhook_deliveries_pending',
  'webhook_deliveries_topics',
];

let url: string;
let folder: string;

beforeEach(async () => {
  url = await emptyDatabase();
  folder = await mkdtemp(join(tmpdir(), 'taskwire-migrations-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'migration_lock.toml'), 'provider = "postgresql"\n');
  await migration('20260101000000_make_notes', 'CREATE TABLE notes (words text);');
});

test('each migration is applied once, in order, and a second start has nothing to do', async () => {
  await migration('20260102000000_fill_notes', "INSERT INTO notes VALUES ('first; second');");
  expect(await applyMigrations(url, { folder })).toEqual({
    applied: ['20260101000000_make_notes', '20260102000000_fill_notes'],
  });
  expect(await applyMigrations(url, { folder })).toEqual({ applied: [] });
  expect(await query(url, 'SELECT * FROM notes')).toEqual([{ words: 'first; second' }]);
});

test('two servers that start at once apply each migration once', async () => {
  await migration('20260102000000_fill_notes', "SELECT pg_sleep(0.3); INSERT INTO notes VALUES ('once');");
  const starts = await Promise.all([applyMigrations(url, { folder }), applyMigrations(url, { folder })]);
  expect(starts.map(({ applied }) => applied.length).sort()).toEqual([0, 2]);
  expect(await query(url, 'SELECT * FROM notes')).toEqual([{ words: 'once' }]);
});

test('a server does not wait forever while another one migrates', async () => {
  await using holder = await openSession(url);
  await holder.query('SELECT pg_advisory_lock(1)');
  await migration('20260102000000_take_long', 'SELECT pg_advisory_xact_lock(1);');
  const slow = applyMigrations(url, { folder });
  const waiting = `SELECT FROM pg_locks JOIN pg_database ON database = pg_database.oid
    WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted`;
  await expect.poll(() => query(url, waiting)).toHaveLength(1);
  await expect(applyMigrations(url, { folder, lockTimeout: 200 })).rejects.toMatchObject({
    code: 'MIGRATION_REFUSED',
    message: expect.stringContaining('Another process has been migrating this database for 0.2 s') as string,
  });
  await holder.query('SELECT pg_advisory_unlock(1)');
  await slow;
});

test('a failed migration has no effect, reports its position, and can be repeated once it is fixed', async () => {
  const name = '20260102000000_add_urgency';
  await migration(name, 'ALTER TABLE notes ADD urgency int;\nALTER TABLE notes ADD urgency int;');
  await expect(applyMigrations(url, { folder })).rejects.toMatchObject({
    code: 'MIGRATION_FAILED',
    message: expect.stringMatching(
      /Migration 20260102000000_add_urgency failed: column "urgency" .* already exists.*It was rolled back/s,
    ) as string,
  });
  await expect(applyMigrations(url, { folder }), 'the next start reports the same').rejects.toMatchObject({
    code: 'MIGRATION_FAILED',
  });
  await migration(name, 'ALTER TABLE notes ADD urgency int;');
  expect(await applyMigrations(url, { folder })).toEqual({ applied: [name] });
});

test('a migration that Prisma’s CLI left incomplete prevents the start, with a fix', async () => {
  await applyMigrations(url, { folder });
  await query(
    url,
    `UPDATE _prisma_migrations SET finished_at = NULL, logs = 'ERROR: the disk was full', applied_steps_count = 0`,
  );
  const failure = await applyMigrations(url, { folder }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'MIGRATION_REFUSED' });
  const message = String(failure);
  expect(message).toContain('the disk was full');
  const wayOn = /UPDATE _prisma_migrations .*;/.exec(message)?.[0];
  await query(url, `DROP TABLE notes; ${wayOn ?? 'no statement given'}`);
  expect(await applyMigrations(url, { folder })).toEqual({ applied: ['20260101000000_make_notes'] });
});

test('an edited migration prevents the start, other line endings do not', async () => {
  const name = '20260102000000_two_lines';
  await migration(name, 'SELECT 1;\nSELECT 2;\n');
  await applyMigrations(url, { folder });
  await migration(name, 'SELECT 1;\r\nSELECT 2;\r\n');
  expect(await applyMigrations(url, { folder })).toEqual({ applied: [] });
  await migration(name, 'SELECT 1;\nSELECT 3;\n');
  await expect(applyMigrations(url, { folder })).rejects.toMatchObject({
    code: 'MIGRATION_REFUSED',
    message: expect.stringContaining(`Migration ${name} was edited`) as string,
  });
});

test('an older Taskwire rejects the database of a newer one', async () => {
  await migration('20990101000000_from_the_future', 'SELECT 1;');
  await applyMigrations(url, { folder });
  await rm(join(folder, '20990101000000_from_the_future'), { recursive: true });
  await expect(applyMigrations(url, { folder })).rejects.toMatchObject({
    code: 'MIGRATION_REFUSED',
    message: expect.stringContaining('a newer version has used it') as string,
  });
});

test('a database with tables of another program is not changed', async () => {
  await query(url, 'CREATE TABLE invoices ()');
  await expect(applyMigrations(url, { folder })).rejects.toMatchObject({
    code: 'MIGRATION_REFUSED',
    message: expect.stringContaining('tables that Taskwire did not create ("invoices")') as string,
  });
  expect(await query(url, 'SELECT to_regclass($$_prisma_migrations$$) AS history')).toEqual([
    { history: null },
  ]);
});

test('an unreachable database is named without its password', async () => {
  const failure = await applyMigrations('postgres://me:secret@127.0.0.1:1/tasks').catch(
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ code: 'DATABASE_UNREACHABLE' });
  expect(String(failure)).toContain('The database tasks at 127.0.0.1:1 cannot be used');
  expect(String(failure)).not.toContain('secret');
});

test('Prisma’s own engine accepts the migrations that the server applied', async () => {
  await applyMigrations(url);
  await using engine = await openEngine(url);
  expect(await engine.diagnose(migrationsFolder)).toEqual({
    editedMigrationNames: [],
    failedMigrationNames: [],
    hasMigrationsTable: true,
    history: null,
  });
});

test('Prisma’s own engine rejects the same edits and gaps as the server', async () => {
  await cp(migrationsFolder, folder, { recursive: true });
  await applyMigrations(url, { folder });
  await using engine = await openEngine(url);
  const [first] = await readMigrations(folder);
  await migration(String(first?.name), 'SELECT 1;');
  await migration('20990101000000_not_yet', 'SELECT 1;');
  expect(await engine.diagnose(folder)).toMatchObject({
    editedMigrationNames: [first?.name],
    history: { diagnostic: 'databaseIsBehind', unappliedMigrationNames: ['20990101000000_not_yet'] },
  });
});

test('the server continues a history written by Prisma’s own engine', async () => {
  await using engine = await openEngine(url);
  await engine.apply(folder);
  expect(await applyMigrations(url, { folder })).toEqual({ applied: [] });
  const table = await columnsOf('_prisma_migrations');
  url = await emptyDatabase();
  await applyMigrations(url, { folder });
  expect(await columnsOf('_prisma_migrations')).toEqual(table);
});

test('[FR-004] schema.prisma and the migrations describe the same database', async () => {
  await applyMigrations(url);
  await using migrated = await openEngine(url);
  expect(await migrated.draft('database'), "by Prisma's own comparison").toBe('');

  const modelled = await emptyDatabase();
  await using fresh = await openEngine(modelled);
  await query(modelled, withGenerated(await fresh.draft('empty')));
  const { indexes, ...rest } = await catalogOf(url);
  const { indexes: modelledIndexes, ...modelledRest } = await catalogOf(modelled);
  expect(rest, 'by the catalogs').toEqual(modelledRest);
  const ownWords = ({ indexname }: Record<string, unknown>) => WITHOUT_MODEL.includes(String(indexname));
  expect(indexes.filter((index) => !ownWords(index))).toEqual(modelledIndexes);
  expect(indexes.filter(ownWords).map(({ indexname }) => indexname)).toEqual(WITHOUT_MODEL);
});

test('only the change of schema.prisma is drafted', async () => {
  await applyMigrations(url);
  const model = await readFile(join(import.meta.dirname, '../../../prisma/schema.prisma'), 'utf8');
  await using engine = await openEngine(
    url,
    model.replace('model Task {', 'model Task {\n  color String?\n'),
  );
  expect(await engine.draft('database')).toBe(
    '-- AlterTable\nALTER TABLE "tasks" ADD COLUMN     "color" TEXT;\n',
  );
});

async function migration(name: string, script: string): Promise<void> {
  await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, name, 'migration.sql'), script);
}

/** Prisma has only defaults for what a column is generated from, and no extensions. */
function withGenerated(script: string): string {
  return (
    'CREATE EXTENSION pg_trgm;' +
    script.replaceAll(/DEFAULT (COALESCE\([^)]*\)|\s*CASE\b.*?\bEND)/gs, 'GENERATED ALWAYS AS ($1) STORED')
  );
}

function columnsOf(table: string) {
  return query(
    url,
    `SELECT column_name, data_type, character_maximum_length, column_default, is_nullable
     FROM information_schema.columns WHERE table_name = '${table}' ORDER BY ordinal_position`,
  );
}

/** Everything that Prisma's model can express. Checks and triggers exist only in migrations. */
async function catalogOf(database: string) {
  const ours = `relnamespace = 'public'::regnamespace AND relname <> '_prisma_migrations'`;
  return {
    columns: await query(
      database,
      // The expression of a generated column exists only in the migration.
      `SELECT relname, attname, format_type(atttypid, atttypmod) AS type, attnotnull,
              CASE attgenerated WHEN '' THEN pg_get_expr(adbin, adrelid) END AS otherwise
       FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum)
       WHERE ${ours} AND relkind = 'r' AND attnum > 0 AND NOT attisdropped ORDER BY 1, 2`,
    ),
    indexes: await query(
      database,
      // Storage settings exist only in migrations.
      `SELECT indexname, regexp_replace(indexdef, ' WITH [(].*', '') AS indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> '_prisma_migrations' ORDER BY 1`,
    ),
    constraints: await query(
      database,
      `SELECT relname, conname, pg_get_constraintdef(pg_constraint.oid) AS definition
       FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid WHERE ${ours} AND contype <> 'c' ORDER BY 1, 2`,
    ),
    enums: await query(
      database,
      `SELECT typname, array_agg(enumlabel::text ORDER BY enumsortorder) AS labels
       FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid GROUP BY 1 ORDER BY 1`,
    ),
    sequences: await query(
      database,
      `SELECT sequencename, data_type FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1`,
    ),
  };
}
