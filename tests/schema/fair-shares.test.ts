import type { Client } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { openSession } from '../kit/session.ts';
import { startWorld } from '../kit/world.ts';

const world = await startWorld({ DATABASE_POOL_SIZE: '4', RATE_LIMIT_POINTS: '0' });
const { ada, bob } = await world.people('Ada', 'Bob');

test('[BR-19] a person with many changes waiting for a lock does not block others (H2)', async () => {
  const task = await ada.createTask('Tea');
  await bob.createTask('Coffee');
  await using holder = await openSession(world.databaseUrl);
  await holder.query('BEGIN; SELECT FROM tasks WHERE title = $$Tea$$ FOR UPDATE');
  const rename = 'mutation ($id: ID!) { updateTask(input: { id: $id, title: "Milk" }) { cursor } }';
  const waiting = Array.from({ length: 12 }, () =>
    ada.query(rename, { id: task }).then(
      () => 'done',
      (error: unknown) => (error as { code: string }).code,
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
  expect(performance.now() - before, 'Bob does not wait').toBeLessThan(1_500);
  const read = '{ tasks { nodes { title } } }';
  await expect(ada.query(read), 'her reads do not wait as long').rejects.toMatchObject({
    code: 'RATE_LIMITED',
  });
  await holder.query('ROLLBACK');
  expect(new Set(await Promise.all(waiting)), 'the queued changes').toEqual(new Set(['done']));
});

test('[BR-19] a hundred concurrent edits by one person all succeed (H2)', async () => {
  const task = await ada.createTask('Soup');
  const rename =
    'mutation ($id: ID!, $title: String!) { updateTask(input: { id: $id, title: $title }) { cursor } }';
  const edits = Array.from({ length: 100 }, (_, n) => ada.query(rename, { id: task, title: `Soup ${n}` }));
  expect(await Promise.all(edits)).toHaveLength(100);
});

/** The server's running statements that read the table of tasks. */
async function reading(observer: Client): Promise<number> {
  const { rowCount } = await observer.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'taskwire'
     AND state = 'active' AND query LIKE '%tasks%'`,
  );
  return rowCount ?? 0;
}

/** Makes every read of tasks slow. */
async function slowTasks(seconds = 5): Promise<{ observer: Client }> {
  const observer = await openSession(world.databaseUrl);
  await observer.query(`
    ALTER TABLE tasks RENAME TO real_tasks;
    CREATE VIEW tasks AS SELECT real_tasks.* FROM real_tasks, LATERAL (SELECT pg_sleep(${seconds})) AS slow`);
  onTestFinished(async () => {
    await observer.query('DROP VIEW tasks; ALTER TABLE real_tasks RENAME TO tasks');
    await observer.end();
  });
  return { observer };
}

test('[BR-19] a read that takes too long ends after two seconds, with advice to request less (H2)', async () => {
  await slowTasks();
  const before = performance.now();
  await expect(ada.query('{ tasks { nodes { title } } }')).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringContaining('Request less') as string,
  });
  expect(performance.now() - before).toBeLessThan(4_000);
});

test('[BR-19] a list that takes too long names the parts to leave out', async () => {
  await slowTasks();
  const list = `{ tasks(filter: { createdAt: { after: "2026-01-01T00:00:00Z" }, status: { eq: TODO } }, orderBy: [{ field: TITLE }]) {
    nodes { title } } }`;
  await expect(ada.query(list)).rejects.toMatchObject({
    code: 'QUERY_TOO_COMPLEX',
    message: expect.stringContaining('Leave out `filter.createdAt` or `orderBy`, or ask') as string,
  });
});

test('[BR-19] a read is cancelled when its client disconnects (H2)', async () => {
  const { observer } = await slowTasks();
  const leaving = new AbortController();
  const asked = fetch(`${world.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ada.token}` },
    body: JSON.stringify({ query: '{ tasks { nodes { title } } }' }),
    signal: leaving.signal,
  }).catch(() => undefined);
  await expect.poll(() => reading(observer), { interval: 20 }).toBe(1);
  leaving.abort();
  await asked;
  await expect.poll(() => reading(observer), { interval: 20, timeout: 800 }).toBe(0);
});

test.each(['task: task(id: $id) { title }', 'task: node(id: $id) { ... on Task { title } }'])(
  '[BR-19] a person who disconnects does not cancel what others read at the same time: %s',
  async (field) => {
    const { createTask } = await bob.query<{ createTask: { task: { id: string } } }>(
      'mutation { createTask(input: { title: "Read by many" }) { task { id } } }',
    );
    await slowTasks(0.5);
    const leaving = new AbortController();
    const read = (signal?: AbortSignal) =>
      fetch(`${world.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${bob.token}` },
        body: JSON.stringify({
          query: `query ($id: ID!) { ${field} }`,
          variables: { id: createTask.task.id },
        }),
        ...(signal ? { signal } : {}),
      }).then((response) => response.json());
    // Prisma reads objects that are wanted at the same moment in one statement.
    const answers = Array.from({ length: 6 }, (_, n) =>
      n % 2 === 0 ? read(leaving.signal).catch(() => null) : read(),
    );
    setTimeout(() => {
      leaving.abort();
    }, 250);
    const stayed = (await Promise.all(answers)).filter((_, n) => n % 2 === 1);
    expect(new Set(stayed.map((answer) => JSON.stringify(answer)))).toEqual(
      new Set(['{"data":{"task":{"title":"Read by many"}}}']),
    );
  },
);
