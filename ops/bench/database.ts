import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbedded } from '../../server/database/embedded.ts';
import { applyMigrations } from '../../server/database/migrations.ts';
import { openSession } from '../../server/database/session.ts';
import { fill, type Size } from './fill.ts';
import { logProgress } from './results.ts';

const root = join(import.meta.dirname, '../..');

/** The PostgreSQL of this run: a given one, or an embedded one, which inherits this process's core. */
export async function startDatabase(): Promise<{ url: string; stop(): Promise<void> }> {
  const given = process.env['BENCH_DATABASE_URL'];
  if (given) return { url: given, stop: () => Promise.resolve() };
  const folder = join(import.meta.dirname, '.data');
  mkdirSync(folder, { recursive: true });
  logProgress('Starting PostgreSQL');
  return startEmbedded(folder);
}

/** Creates a database for this run, copied from a template that is filled once a day. */
export async function filledDatabase(server: string, size: Size): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(size));
  hash.update(readFileSync(join(import.meta.dirname, 'fill.ts')));
  hash.update(readFileSync(join(import.meta.dirname, 'contenders/dashboard-sql.ts')));
  for (const migration of readdirSync(join(root, 'migrations'))) hash.update(migration);
  // The data depends on the current day.
  const today = new Date().toISOString().slice(0, 10);
  hash.update(today);
  const template = `taskwire_bench_${hash.digest('hex').slice(0, 12)}`;
  await using admin = await openSession(server, { application_name: 'taskwire bench' });
  const { rows } = await admin.query<{ name: string; state: string | null }>(
    `SELECT datname AS name, shobj_description(oid, 'pg_database') AS state
     FROM pg_database WHERE datname ~ '^taskwire_bench_[0-9a-f]{12}$'`,
  );
  const filled = `filled ${today}`;
  // Removes templates of other days, which take gigabytes.
  for (const { name, state } of rows)
    if (state !== null && state !== filled) await admin.query(`DROP DATABASE ${name}`);
  if (!rows.some(({ name, state }) => name === template && state === filled)) {
    await admin.query(`DROP DATABASE IF EXISTS ${template}`);
    await admin.query(`CREATE DATABASE ${template}`);
    await fillDatabase(urlOf(server, template), size);
    await admin.query(`COMMENT ON DATABASE ${template} IS '${filled}'`);
  }
  logProgress('Copying the template');
  await admin.query('DROP DATABASE IF EXISTS taskwire_bench_run WITH (FORCE)');
  await admin.query(`CREATE DATABASE taskwire_bench_run TEMPLATE ${template}`);
  return urlOf(server, 'taskwire_bench_run');
}

async function fillDatabase(url: string, size: Size): Promise<void> {
  logProgress('Creating tables');
  await applyMigrations(url);
  const client = await openSession(url, { application_name: 'taskwire bench' });
  await fill(client, size, (step) => {
    logProgress(`Filling: ${step}`);
  });
  await client.end();
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
  if (!('counters:rebuild' in scripts)) return;
  logProgress('Building the counters');
  const env = { ...process.env, DATABASE_URL: url };
  const { status } = spawnSync('npm', ['run', '--silent', 'counters:rebuild'], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('counters:rebuild failed');
}

function urlOf(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}
