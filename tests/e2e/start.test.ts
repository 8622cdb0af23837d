import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isRunning, npmStart, postgresOf, type Started } from '../kit/npm-start.ts';

let dataDir: string;
let commands: Started[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'taskwire-start-'));
  commands = [];
});

afterEach(async () => {
  for (const command of commands) command.pressCtrlC();
  await Promise.all(commands.map((command) => command.exited));
  const leftover = await postgresOf(dataDir).catch(() => undefined);
  if (leftover !== undefined && isRunning(leftover)) process.kill(leftover, 'SIGQUIT');
  while (leftover !== undefined && isRunning(leftover)) await sleep(20);
  await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
});

function start(): Started {
  const command = npmStart(dataDir);
  commands.push(command);
  return command;
}

test('[FR-010] a program creates tasks and reads exact numbers, and nothing is lost when the server is killed with -9', async () => {
  const first = start();
  const address = await first.ready();
  const { signUp } = await send<{ signUp: { token: string } }>(
    address,
    'mutation { signUp(input: { name: "Ada", email: "ada@example.com", password: "correct horse battery" }) { token } }',
  );
  const ids: string[] = [];
  for (const title of ['Order paper', 'Call the printer', 'Send the invoice']) {
    const { createTask } = await send<{ createTask: { task: { id: string } } }>(
      address,
      `mutation { createTask(input: { title: "${title}" }) { task { id } } }`,
      signUp.token,
    );
    ids.push(createTask.task.id);
  }
  await send(address, `mutation { completeTask(input: { id: "${ids[1]}" }) { task { id } } }`, signUp.token);

  const statistics = '{ dashboard { statistics { total pending completed shared } } }';
  const expected = { dashboard: { statistics: { total: 3, pending: 2, completed: 1, shared: 0 } } };
  expect(await send(address, statistics, signUp.token)).toEqual(expected);

  await first.killHard();
  const addressAfter = await start().ready();
  const { signIn } = await send<{ signIn: { token: string } }>(
    addressAfter,
    'mutation { signIn(input: { email: "ada@example.com", password: "correct horse battery" }) { token } }',
  );
  expect(await send(addressAfter, statistics, signIn.token)).toEqual(expected);
});

test('a second start on the same data directory fails with a message, and the first server keeps running', async () => {
  const address = await start().ready();

  const second = start();
  expect(await second.exited).toEqual({ code: 1, signal: null });
  expect(second.output()).toContain(dataDir);
  expect(second.output()).toMatch(/in use|already/i);
  expect(second.output()).not.toMatch(/^\s+at .+:\d+:\d+/m);

  expect((await fetch(`${address}/healthz`)).status).toBe(200);
});

test('Ctrl-C stops the server and its database, and leaves nothing running', async () => {
  const command = start();
  const address = await command.ready();
  const postgres = await postgresOf(dataDir);
  expect(isRunning(postgres)).toBe(true);

  command.pressCtrlC();
  expect((await command.exited).code).toBe(0);
  expect(isRunning(postgres)).toBe(false);
  await expect(fetch(`${address}/healthz`)).rejects.toThrow();
});

async function send<Data>(address: string, query: string, token?: string): Promise<Data> {
  const response = await fetch(`${address}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query }),
  });
  const answer = (await response.json()) as { data: Data; errors?: unknown };
  expect(answer.errors).toBeUndefined();
  return answer.data;
}
