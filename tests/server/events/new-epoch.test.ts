import { expect, onTestFinished, test, vi } from 'vitest';
import { send, signUp } from '../../../ops/drills/workspace.ts';
import { freshDatabase } from '../../kit/database.ts';
import { differencesIn } from '../../kit/counters.ts';
import { startTestServer } from '../../kit/server.ts';
import { query } from '../database/scratch-database.ts';

vi.setConfig({ testTimeout: 60_000 });

const CREATE = 'mutation { createTask(input: { title: "Tea" }) { cursor } }';
const FOLLOW = 'subscription ($after: String!) { events(after: $after) { cursor } }';

test('a log that came from another PostgreSQL by other means than ours is read and counted on, and its cursors expire', async () => {
  const databaseUrl = await freshDatabase();
  const there = await startTestServer(databaseUrl);
  const ada = await signUp(there.url);
  const { createTask } = await ada.query<{ createTask: { cursor: string } }>(CREATE);
  await there.stop();
  // As pg_restore leaves it in a cluster that has given fewer numbers to its transactions.
  await query(databaseUrl, 'UPDATE events SET transaction_id = transaction_id + 1000000000');
  await query(databaseUrl, 'UPDATE task_counter_state SET transaction_id = transaction_id + 1000000000');

  const here = await startTestServer(databaseUrl, { PORT: new URL(there.url).port });
  onTestFinished(() => here.stop());
  await ada.query(CREATE);
  expect(await ada.query('{ dashboard { statistics { total } } }')).toEqual({
    dashboard: { statistics: { total: 2 } },
  });
  await expect
    .poll(async () => ((await (await fetch(`${here.url}/readyz`)).json()) as { logLag: object }).logLag)
    .toEqual({ events: 0, seconds: 0 });
  expect(await differencesIn(databaseUrl)).toEqual([]);
  const expired = await send(here.url, ada.token, FOLLOW, { after: createTask.cursor });
  expect(await expired.text()).toContain('CURSOR_EXPIRED');
  await here.stop();

  const [epoch] = await query(databaseUrl, 'SELECT epoch FROM event_log');
  await (await startTestServer(databaseUrl)).stop();
  expect(await query(databaseUrl, 'SELECT epoch FROM event_log'), 'once is enough').toEqual([epoch]);
});
