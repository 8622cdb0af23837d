import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import {
  bindMigrationAwareSqlAdapterFactory,
  ColumnTypeEnum,
  type SqlMigrationAwareDriverAdapterFactory,
  type SqlQuery,
} from '@prisma/driver-adapter-utils';
import type { DiagnoseMigrationHistoryOutput, MigrationList } from '@prisma/schema-engine-wasm';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';
import { readMigrations } from '../server/database/migrations.ts';

const schemaFile = fileURLToPath(new URL('../prisma/schema.prisma', import.meta.url));

const LOCKFILE = 'migration_lock.toml';
const CHAR_OID = 18;
const JSON_OID = 114;
type Query = string | pg.QueryArrayConfig;

const FILTERS = { externalTables: [], externalEnums: [] };

/** The schema engine of Prisma's CLI as WebAssembly, without a native binary. */
export interface Engine extends AsyncDisposable {
  /** SQL that migrates the database (or an empty one) to the data model; empty if it matches. */
  draft(from: 'database' | 'empty'): Promise<string>;
  /** Compares the migration history of the database with the folder, like Prisma's CLI. */
  diagnose(folder: string): Promise<DiagnoseMigrationHistoryOutput>;
  /** Applies the folder's migrations, like Prisma's CLI. @returns their names. */
  apply(folder: string): Promise<string[]>;
}

/**
 * Opens the engine on the database at `url`.
 * @param model the data model's text; defaults to prisma/schema.prisma.
 */
export async function openEngine(url: string, model?: string): Promise<Engine> {
  load();
  const file = { path: schemaFile, content: model ?? (await readFile(schemaFile, 'utf8')) };
  const pool = new pg.Pool({ connectionString: url });
  const factory = bindMigrationAwareSqlAdapterFactory(connectToCatalogs(pool));
  const engine = await bindings.SchemaEngine.new(
    { datamodels: [[file.path, file.content]] },
    () => undefined,
    factory,
  );
  return {
    async draft(from) {
      const { stdout } = await engine.diff({
        from:
          from === 'empty' ? { tag: 'empty' } : { tag: 'schemaDatasource', files: [file], configDir: '.' },
        to: { tag: 'schemaDatamodel', files: [file] },
        script: true,
        exitCode: null,
        filters: FILTERS,
      });
      const script = stdout ?? '';
      return script.startsWith('-- This is an empty migration') ? '' : script;
    },
    async diagnose(folder) {
      const migrationsList = await listOf(folder);
      return engine.diagnoseMigrationHistory({
        migrationsList,
        optInToShadowDatabase: false,
        filters: FILTERS,
      });
    },
    async apply(folder) {
      const migrationsList = await listOf(folder);
      const { appliedMigrationNames } = await engine.applyMigrations({ migrationsList, filters: FILTERS });
      return appliedMigrationNames;
    },
    async [Symbol.asyncDispose]() {
      engine.free();
      await pool.end();
    },
  };
}

async function listOf(folder: string): Promise<MigrationList> {
  const [migrations, lockfile] = await Promise.all([
    readMigrations(folder),
    readFile(join(folder, LOCKFILE), 'utf8'),
  ]);
  return {
    baseDir: folder,
    lockfile: { path: LOCKFILE, content: lockfile },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, script }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: script } },
    })),
  };
}

let loaded = false;

/** Loads the module by hand, since importing a .wasm file prints a warning. */
function load(): void {
  if (loaded) return;
  const file = new URL(
    'schema_engine_bg.wasm',
    import.meta.resolve('@prisma/schema-engine-wasm/schema_engine_bg'),
  );
  // The engine reports panics here; without it Node shows only an address.
  Object.assign(globalThis, {
    PRISMA_WASM_PANIC_REGISTRY: { set_message: (text: string) => console.error(text) },
  });
  const module = new WebAssembly.Module(readFileSync(file));
  const { exports } = new WebAssembly.Instance(module, { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(exports);
  (exports['__wbindgen_start'] as () => void)();
  loaded = true;
}

/**
 * The engine needs PostgreSQL's "char" type, which the catalogs use and the adapter does not know. It passes the adapter
 * as JSON, which no catalog uses, and is renamed afterwards.
 */
function connectToCatalogs(pool: pg.Pool): SqlMigrationAwareDriverAdapterFactory {
  const factory = new PrismaPg(charAsJson(pool));
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connectToShadowDb: () => factory.connectToShadowDb(),
    async connect() {
      const adapter = await factory.connect();
      const queryRaw = adapter.queryRaw.bind(adapter);
      return Object.assign(adapter, {
        async queryRaw(query: SqlQuery) {
          const result = await queryRaw(query);
          const named = result.columnTypes.map((type) =>
            type === ColumnTypeEnum.Json ? ColumnTypeEnum.Character : type,
          );
          return { ...result, columnTypes: named };
        },
        // As a whole: the adapter's way of splitting breaks function bodies.
        async executeScript(script: string) {
          await pool.query(script);
        },
      });
    },
  };
}

function charAsJson(pool: pg.Pool): pg.Pool {
  const query = pool.query.bind(pool) as (
    config: Query,
  ) => Promise<pg.QueryArrayResult | pg.QueryArrayResult[]>;
  return Object.assign(pool, {
    async query(config: Query) {
      const result = await query(config);
      // The results of a script with several statements are not used.
      if (Array.isArray(result)) return result;
      for (const field of result.fields) {
        if (field.dataTypeID === CHAR_OID) field.dataTypeID = JSON_OID;
      }
      return result;
    },
  });
}
