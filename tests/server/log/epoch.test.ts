import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ownPostgres } from '../../../ops/drills/own-postgres.ts';
import { send, signUp, type SignedInUser } from '../../../ops/drills/workspace.ts';
import { freshDatabase } from '../../kit/database.ts';
import { differencesIn } from '../../kit/counters.ts';
import { watchEvents, type EventTold, type Watch } from '../../kit/live.ts';
import { startTestServer } from '../../kit/server.ts';
import { query } from '../database/scratch-database.ts';

vi.setConfig({ testTimeout: 60_000 });

const CREATE = 'mutation { createTask(input: { title: "Tea" }) { cursor } }';
const FOLLOW = 'subscription ($after: String!) { events(after: $after) { cursor } }';

test('a log that another tool restored from another PostgreSQL is read and counted, and its cursors expire', async () => {
  const databaseUrl = await freshDatabase();
  const there = await startTestServer(databaseUrl);
  const ada = await signUp(there.url);
  const { createTask } = await ada.query<{ createTask: { cursor: string } }>(CREATE);
  await there.stop();
  // Like pg_restore into a cluster with lower transaction ids.
  await query(databaseUrl, 'UPDATE events SET transaction_id = transaction_id + 1000000000');
  await query(databaseUrl, 'UPDATE log_consumers SET transaction_id = transaction_id + 1000000000');

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
  expect(await query(databaseUrl, 'SELECT epoch FROM event_log'), 'no further epoch').toEqual([epoch]);
});

async function createTasks(user: SignedInUser, count: number): Promise<string[]> {
  const cursors: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const { createTask } = await user.query<{ createTask: { cursor: string } }>(CREATE);
    cursors.push(createTask.cursor);
  }
  return cursors;
}

const idsOf = ({ told }: Watch<EventTold>) => told.flatMap(({ events }) => events.event?.id ?? []);
const numberOf = (id: string) => id.split('-')[0];

/** With owners and rights, which PostgreSQL requires. */
async function copyOf(folder: string): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'taskwire-copy-'));
  onTestFinished(() => rm(copy, { recursive: true, force: true }));
  execFileSync('cp', ['-a', `${folder}/.`, copy]);
  return copy;
}

async function putBack(copy: string, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  execFileSync('cp', ['-a', copy, folder]);
}

test('a copied-back DATA_DIR reuses transaction ids: cursors of lost events expire, earlier ones stay valid, and no id names two events (FAILOVER)', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'taskwire-data-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  let server = await startTestServer('', { DATA_DIR: dataDir });
  onTestFinished(() => server.stop());
  const again = async () => {
    server = await startTestServer('', { DATA_DIR: dataDir, PORT: new URL(server.url).port });
  };
  const ada = await signUp(server.url);
  const [kept = ''] = await createTasks(ada, 1);
  await server.stop();
  const copy = await copyOf(dataDir);
  const idsAfter = async (count: number) => {
    const events = await watchEvents(server, ada, { after: kept });
    await expect.poll(() => idsOf(events)).toHaveLength(count);
    return idsOf(events);
  };

  await again();
  const lost = await createTasks(ada, 4);
  const lostIds = await idsAfter(4);
  await server.stop();
  await putBack(copy, dataDir);

  await again();
  await createTasks(ada, 8);
  for (const after of lost) {
    const resumed = await watchEvents(server, ada, { after });
    expect(resumed.told).toEqual([]);
    expect(await resumed.end).toBe('CURSOR_EXPIRED');
  }
  const ids = await idsAfter(8);
  expect(ids.map(numberOf), 'the transaction ids of the lost events').toEqual(
    expect.arrayContaining(lostIds.map(numberOf)),
  );
  expect(new Set(ids).intersection(new Set(lostIds)).size).toBe(0);
});

test('an older copy of the database under a running server ends every subscription, starts a new epoch, and is counted correctly (FAILOVER)', async () => {
  const postgres = await ownPostgres();
  onTestFinished(() => postgres.remove());
  const server = await startTestServer(postgres.url);
  onTestFinished(() => server.stop());
  const isReady = () =>
    expect.poll(async () => (await fetch(`${server.url}/readyz`)).status, { timeout: 20_000 });
  const epoch = () => query(postgres.url, 'SELECT epoch FROM event_log');
  const ada = await signUp(server.url);
  await createTasks(ada, 1);
  const before = await epoch();
  await postgres.kill();
  const copy = await copyOf(postgres.folder);
  await postgres.start();
  await isReady().toBe(200);
  expect(await epoch(), 'without a loss it continues').toEqual(before);

  const events = await watchEvents(server, ada);
  const [lost = ''] = await createTasks(ada, 1);
  await events.until(({ events: { event } }) => event !== null);
  await postgres.kill();
  await putBack(copy, postgres.folder);
  await postgres.start();
  const ending = () => events.answers.at(-1)?.errors?.[0]?.extensions.code;
  await expect.poll(ending, { timeout: 20_000 }).toBe('CURSOR_EXPIRED');
  await isReady().toBe(200);
  expect(await epoch()).not.toEqual(before);
  await createTasks(ada, 3);
  expect(await (await watchEvents(server, ada, { after: lost })).end).toBe('CURSOR_EXPIRED');
  expect(await ada.query('{ dashboard { statistics { total } } }')).toEqual({
    dashboard: { statistics: { total: 4 } },
  });
  expect(await differencesIn(postgres.url)).toEqual([]);
});
