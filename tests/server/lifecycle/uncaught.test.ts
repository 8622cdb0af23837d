import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startProcess } from '../../../ops/drills/server-process.ts';
import { apiTokenOf } from '../../kit/api-tokens.ts';
import { SECRET } from '../../kit/server.ts';
import { openSession } from '../../kit/session.ts';
import { startWorld } from '../../kit/world.ts';

// Processes take seconds to start on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

const world = await startWorld();
const { ada } = await world.people('Ada');
const { token } = await apiTokenOf(ada, { scopes: ['READ', 'WRITE'] });

async function start(FAULT: 'rejection' | 'exception', environment: NodeJS.ProcessEnv = {}) {
  const server = await startProcess({
    DATABASE_URL: world.databaseUrl,
    AUTH_SECRET: SECRET,
    LOG_LEVEL: 'error',
    NODE_OPTIONS: `--import ${join(import.meta.dirname, '../../kit/fault.ts')}`,
    FAULT,
    ...environment,
  });
  onTestFinished(async () => {
    await server.stop();
  });
  const ask = async (query: string, variables = {}) => {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, connection: 'close' },
      body: JSON.stringify({ query, variables }),
    });
    return (await response.json()) as unknown;
  };
  const faults = () =>
    server
      .output()
      .split('\n')
      .filter((line) => line.includes('Spilt milk'))
      .map((line) => (JSON.parse(line) as { level: number }).level);
  return { server, ask, faults };
}

const isThere = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('[T064] an unhandled rejection is logged, and the server keeps running', async () => {
  const { server, ask, faults } = await start('rejection');
  process.kill(server.pid, 'SIGUSR2');
  await expect.poll(faults).toEqual([50]);
  expect(await ask('{ viewer { name } }')).toEqual({ data: { viewer: { name: 'Ada' } } });
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
  expect(await server.stop()).toBe(0);
});

test('[T064] after an uncaught exception a server finishes running requests, and exits', async () => {
  const id = await ada.createTask('Tea');
  const { server, ask, faults } = await start('exception');
  await using holder = await openSession(world.databaseUrl);
  await holder.query('BEGIN; LOCK TABLE tasks');
  const begun = ask(`mutation { updateTask(input: { id: "${id}", title: "Milk" }) { task { title } } }`);
  const waiters = () => world.db.$queryRaw<object[]>`
    SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
  await expect.poll(waiters, { timeout: 30_000 }).toHaveLength(1);

  process.kill(server.pid, 'SIGUSR2');
  const ready = async () => (await fetch(`${server.url}/readyz`)).status;
  await expect.poll(ready, { interval: 10, timeout: 10_000 }).toBe(503);
  expect(faults()).toEqual([60]);
  await holder.query('ROLLBACK');
  expect(await begun).toEqual({ data: { updateTask: { task: { title: 'Milk' } } } });
  await expect.poll(() => isThere(server.pid), { timeout: 20_000 }).toBe(false);
  expect(await server.stop()).toBe(1);
});

test('[T064] a process that exits on such an exception is replaced, and all requests are answered', async () => {
  const { server, ask } = await start('exception', { WORKERS: '2' });
  const [victim = 0] = server.workers();
  process.kill(victim, 'SIGUSR2');
  const answers = new Set<string>();
  const isReplaced = async () => {
    answers.add(JSON.stringify(await ask('{ viewer { name } }')));
    return !server.workers().includes(victim) && server.workers().length === 2;
  };
  await expect.poll(isReplaced, { timeout: 60_000 }).toBe(true);
  expect([...answers]).toEqual([JSON.stringify({ data: { viewer: { name: 'Ada' } } })]);
  expect(await server.stop()).toBe(0);
});
