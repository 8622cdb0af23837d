import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { connect, disconnect } from '../../../server/database/client.ts';
import { applyMigrations, migrationsFolder } from '../../../server/database/migrations.ts';
import { createLogger } from '../../../server/logger.ts';
import { startRewriting } from '../../../server/search/rewrite.ts';
import { emptyDatabase, query } from '../database/scratch-database.ts';

const INTENT = '_fold_words_for_search';

/** A database from before we had our own rules for words. */
async function earlierDatabase(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'taskwire-search-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const earlier = (await readdir(migrationsFolder)).filter((name) => /^\d{14}_/.test(name)).sort();
  const end = earlier.findIndex((name) => name.endsWith(INTENT));
  for (const name of earlier.slice(0, end))
    await cp(join(migrationsFolder, name), join(folder, name), { recursive: true });
  const url = await emptyDatabase("TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
  await applyMigrations(url, { folder });
  return url;
}

test('old tasks are found by the new words after an upgrade, while people keep writing (SEARCH-CASE)', async () => {
  const url = await earlierDatabase();
  await query(
    url,
    `INSERT INTO users (id, name, email, updated_at) VALUES (gen_random_uuid(), 'Ada', 'ada@example.com', now());
     INSERT INTO tasks (id, title, owner_id) SELECT gen_random_uuid(), 'ÜBER ' || n, users.id FROM generate_series(1, 1000) AS n, users;
     INSERT INTO comments (id, task_id, author_id, body, updated_at)
       SELECT gen_random_uuid(), id, owner_id, 'Straße', now() FROM tasks LIMIT 10`,
  );
  const found = async () => {
    const [row] = await query(
      url,
      `SELECT (SELECT count(*)::int FROM tasks WHERE words @@ 'über & uber') AS tasks,
              (SELECT count(*)::int FROM comments WHERE words @@ 'strasse') AS comments`,
    );
    return row;
  };
  const before = await query(
    url,
    'SELECT sum(version)::int AS versions, max(updated_at) AS changed FROM tasks',
  );
  await applyMigrations(url);
  expect(await found()).toEqual({ tasks: 0, comments: 0 });
  await query(
    url,
    `INSERT INTO tasks (id, title, owner_id) SELECT gen_random_uuid(), 'über allem', id FROM users`,
  );
  expect(await found()).toEqual({ tasks: 1, comments: 0 });

  // Two servers start at once.
  const databases = [connect(url), connect(url)];
  const stops = databases.map((db) => startRewriting(db, createLogger('silent')));
  onTestFinished(async () => {
    await Promise.all(stops.map((stop) => stop()));
    await Promise.all(databases.map((db) => disconnect(db)));
  });
  await vi.waitFor(
    async () => {
      expect(await query(url, 'SELECT FROM search_rewrites')).toEqual([]);
    },
    { timeout: 30_000, interval: 100 },
  );
  expect(await found()).toEqual({ tasks: 1_001, comments: 10 });
  await query(url, `DELETE FROM tasks WHERE title = 'über allem'`);
  expect(
    await query(url, 'SELECT sum(version)::int AS versions, max(updated_at) AS changed FROM tasks'),
  ).toEqual(before);
});

test('rows written by plain SQL have search words, and a changed text has new ones (SEARCH-GLUE)', async () => {
  const url = await emptyDatabase();
  await applyMigrations(url);
  await query(
    url,
    `INSERT INTO users (id, name, email, updated_at) VALUES (gen_random_uuid(), 'Ada', 'ada@example.com', now());
     INSERT INTO tasks (id, title, owner_id) SELECT gen_random_uuid(), '🚀Launch', id FROM users`,
  );
  const words = () => query(url, 'SELECT words::text FROM tasks');
  expect(await words()).toEqual([{ words: "'launch':2A '🚀':1A" }]);
  await query(url, `UPDATE tasks SET description = 'plan—draft'`);
  expect(await words()).toEqual([{ words: "'draft':4B 'launch':2A 'plan':3B '🚀':1A" }]);
  await query(url, `UPDATE tasks SET status = 'DONE', completed_at = now()`);
  expect(await words()).toEqual([{ words: "'draft':4B 'launch':2A 'plan':3B '🚀':1A" }]);
  await query(url, `UPDATE tasks SET words = 'nothing'`);
  expect(await words()).toEqual([{ words: "'draft':4B 'launch':2A 'plan':3B '🚀':1A" }]);
});
