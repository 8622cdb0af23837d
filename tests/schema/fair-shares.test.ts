import { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { startWorld } from '../kit/world.ts';

const world = await startWorld({ DATABASE_POOL_SIZE: '4', RATE_LIMIT_POINTS: '0' });
const { ada, bob } = await world.people('Ada', 'Bob');

test('[BR-19] a person whose changes all wait for a lock keeps others neither from reading nor from writing (H2)', async () => {
  const task = await ada.createTask('Tea');
  await bob.createTask('Coffee');
  const holder = new Client(world.databaseUrl);
  await holder.connect();
  onTestFinished(() => holder.end());
  await holder.query('BEGIN; SELECT FROM tasks WHERE title = $$Tea$$ FOR UPDATE');
  const rename = 'mutation ($id: ID!) { updateTask(input: { id: $id, title: "Milk" }) { cursor } }';
  const waiting = Array.from({ length: 12 }, () =>
    ada.query(rename, { id: task }).then(
      () => 'done',
      ({ code }: { code: string }) => code,
    ),
  );
  await expect
    .poll(async () => {
      await holder.query('SELECT pg_stat_clear_snapshot()');
      const { rowCount } = await holder.query(
        `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
      );
      return rowCount;
    })
    .toBe(3);
  const before = performance.now();
  await bob.query('{ tasks { totalCount } dashboard { statistics { total } } }');
  await bob.createTask('Cake');
  expect(performance.now() - before, 'Bob waits for nobody').toBeLessThan(1_500);
  const told = await Promise.all(waiting.slice(3));
  expect(new Set(told), 'of those that waited too long').toEqual(new Set(['RATE_LIMITED']));
  await holder.query('ROLLBACK');
  expect(await Promise.all(waiting.slice(0, 3))).toEqual(['done', 'done', 'done']);
});
