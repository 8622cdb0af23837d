import { expect, onTestFinished, test } from 'vitest';
import { startChecking } from '../../../server/counters/check.ts';
import { connect, disconnect } from '../../../server/database/client.ts';
import { createLogger } from '../../../server/logger.ts';
import { differencesIn, foldToTheEnd } from '../../kit/counters.ts';
import { freshDatabase } from '../../kit/database.ts';

test('writes of an older server during an upgrade are detected and counted, also later (UPGRADE-COUNTS)', async () => {
  const url = await freshDatabase();
  const db = connect(url);
  onTestFinished(() => disconnect(db));
  const { id } = await db.user.create({ data: { name: 'Ada', email: 'ada@example.com' } });
  const write = async () => {
    // Its events have no facts.
    await db.$executeRaw`
      WITH task AS (
        INSERT INTO tasks (id, title, owner_id) VALUES (gen_random_uuid(), 'Old', ${id}::uuid) RETURNING id, title
      )
      INSERT INTO events (actor_id, kind, subject_id, person_id, data)
      SELECT ${id}::uuid, 'task.created', id, ${id}::uuid, jsonb_build_object('title', title) FROM task`;
    await foldToTheEnd(url);
  };
  await write();
  expect(await differencesIn(url)).not.toEqual([]);
  const stop = startChecking(url, createLogger('silent'), { firstMs: 50, everyMs: 200 });
  onTestFinished(stop);
  await expect.poll(() => differencesIn(url), { timeout: 20_000 }).toEqual([]);
  await write();
  await expect.poll(() => differencesIn(url), { timeout: 20_000 }).toEqual([]);
});
