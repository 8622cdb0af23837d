import { beforeAll, describe, expect, test } from 'vitest';
import { newId, uuidOf } from '../../../server/ids.ts';
import { openSession } from '../../kit/session.ts';
import { startWorld, type Person } from '../../kit/world.ts';

const { db, databaseUrl, people } = await startWorld();

let ada: Person;
let bob: Person;

beforeAll(async () => {
  ({ ada, bob } = await people('Ada', 'Bob'));
});

/** Shares that do not have the values of their task. */
function unequalShares(): Promise<{ id: string }[]> {
  return db.$queryRaw`
    SELECT task_shares.id FROM task_shares JOIN tasks ON tasks.id = task_id
    WHERE (task_stage, task_priority, task_title, task_position, task_due_on, task_completed_at, task_created_at, task_updated_at)
      IS DISTINCT FROM (stage, priority, title, position, due_on, completed_at, tasks.created_at, tasks.updated_at)`;
}

async function task(): Promise<string> {
  const id = newId();
  await db.task.create({ data: { id, title: 'Paint', ownerId: uuidOf('User', ada.id), position: 'a0' } });
  return id;
}

const SHARE = `INSERT INTO task_shares (id, task_id, shared_with_id, shared_by_id) VALUES (gen_random_uuid(), $1, $2, $3)`;
const CHANGE = `UPDATE tasks SET title = 'Painted', status = 'DONE', completed_at = now(), priority = 'HIGH', due_on = '2027-01-01' WHERE id = $1`;

describe('a share repeats the values of its task by which lists are sorted', () => {
  const values = (id: string) => [id, uuidOf('User', bob.id), uuidOf('User', ada.id)];

  test('when it is created, and after each change of the task', async () => {
    const id = await task();
    await using client = await openSession(databaseUrl);
    await client.query(SHARE, values(id));
    expect(await unequalShares()).toEqual([]);
    await client.query(CHANGE, [id]);
    expect(await unequalShares()).toEqual([]);
    await client.query('UPDATE tasks SET archived_at = now(), position = $2 WHERE id = $1', [id, 'b00']);
    expect(await unequalShares()).toEqual([]);
    const [row] = await db.$queryRaw<{ stage: string }[]>`
      SELECT task_stage::text AS stage FROM task_shares WHERE task_id = ${id}::uuid`;
    expect(row).toEqual({ stage: 'ARCHIVED' });
  });

  test.each(['the change', 'the share'])('when both happen at once and %s commits last', async (last) => {
    const id = await task();
    await using sharing = await openSession(databaseUrl);
    await using changing = await openSession(databaseUrl);
    const [first, second] = last === 'the share' ? [changing, sharing] : [sharing, changing];
    const act = (client: typeof sharing) =>
      client === sharing ? client.query(SHARE, values(id)) : client.query(CHANGE, [id]);
    await first.query('BEGIN');
    await act(first);
    const waiting = act(second);
    await expect
      .poll(async () => {
        const [row] = await db.$queryRaw<{ n: number }[]>`
          SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
        return row?.n;
      })
      .toBe(1);
    await first.query('COMMIT');
    await waiting;
    expect(await unequalShares()).toEqual([]);
  });
});
