// npm run db:migration <intent>
// Drafts a migration for the changes in prisma/schema.prisma.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { startEmbedded } from '../server/database/embedded.ts';
import { applyMigrations, migrationsFolder } from '../server/database/migrations.ts';
import { openEngine } from './schema-engine.ts';

const INTENT = /^[a-z][a-z0-9_]{2,59}$/;

const [intent = '', ...rest] = process.argv.slice(2);
if (!INTENT.test(intent) || rest.length > 0) {
  console.error('Name the migration in snake_case: npm run db:migration add_share_expiry');
  process.exit(1);
}

try {
  const script = await draft();
  console.log(
    script
      ? await write(script)
      : 'Nothing to do: the migrations match prisma/schema.prisma. Change the model first.',
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** Uses a scratch database. */
async function draft(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'taskwire-migration-'));
  const scratch = await startEmbedded(folder);
  try {
    await applyMigrations(scratch.url);
    await using engine = await openEngine(scratch.url);
    return await engine.draft('database');
  } finally {
    await scratch.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function write(script: string): Promise<string> {
  const timestamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const folder = join(migrationsFolder, `${timestamp}_${intent}`);
  await mkdir(folder);
  const file = join(folder, 'migration.sql');
  await writeFile(file, script);
  const loses = /^\s*(DROP TABLE|ALTER TABLE .* DROP COLUMN|.*DROP COLUMN)/im.test(script);
  return [
    `Drafted ${relative(process.cwd(), file)}`,
    ...(loses ? ['It DROPS data. If you renamed something, write it as ALTER … RENAME instead.'] : []),
    'Review it, add backfills and locks by hand, then start the server to apply it.',
  ].join('\n');
}
