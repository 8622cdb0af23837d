import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startProcess } from '../../ops/drills/server-process.ts';
import { Refusal, send, signUp } from '../../ops/drills/workspace.ts';
import { connect, disconnect } from '../../server/database/client.ts';
import { wordsOf } from '../../server/logger.ts';
import { freshDatabase } from '../kit/database.ts';

// Processes take seconds to start on a busy machine.
vi.setConfig({ testTimeout: 90_000 });

const environment = { AUTH_SECRET: 's'.repeat(32), LOG_LEVEL: 'warn' };

test('a row that the database rejects is logged by the violated rule, without its content', async () => {
  const databaseUrl = await freshDatabase();
  const server = await startProcess({ ...environment, DATABASE_URL: databaseUrl });
  onTestFinished(async () => {
    await server.stop();
  });
  const db = connect(databaseUrl);
  onTestFinished(() => disconnect(db));
  await db.$executeRaw`ALTER TABLE tasks ADD CONSTRAINT no_milk CHECK (title NOT LIKE '%milk%')`;
  const user = await signUp(server.url);
  const refused = user.query(
    'mutation { createTask(input: { title: "Buy milk", description: "for the birthday" }) { cursor } }',
  );
  await expect(refused).rejects.toBeInstanceOf(Refusal);
  await expect.poll(() => server.output()).toContain('no_milk');
  expect(server.output()).not.toMatch(/Buy milk|birthday/);
});

test('[T060] errors about input are logged without the input', async () => {
  const db = connect(await freshDatabase());
  onTestFinished(() => disconnect(db));
  const said = async (failing: Promise<unknown>) =>
    JSON.stringify(wordsOf((await failing.catch((error: unknown) => error)) as Error));
  const title = 'Buy "milk"\nand tea';
  const failures = await Promise.all([
    said(db.$queryRaw`SELECT ${title}::text::int`),
    said(db.user.findMany({ where: { id: title } })),
    said(db.task.findMany({ where: { title, createdAt: title } })),
  ]);
  expect(failures[0]).toContain('invalid input syntax for type integer: \\"…\\"');
  expect(failures[1]).toContain('invalid input syntax for type uuid: \\"…\\"');
  expect(failures[2]).toContain('Invalid value for argument `createdAt`');
  for (const failure of failures) {
    expect(failure).not.toMatch(/milk|tea/);
    expect(failure).toContain('    at ');
  }
});

test.skipIf(!process.env['TEST_REDIS_URL'])(
  'the password of a Redis that rejects it is not in the log',
  async () => {
    const redis = new URL(process.env['TEST_REDIS_URL'] ?? '');
    redis.username = 'unknown';
    redis.password = 'hunter2';
    const server = await startProcess({
      ...environment,
      DATABASE_URL: await freshDatabase(),
      REDIS_URL: redis.href,
    });
    onTestFinished(async () => {
      await server.stop();
    });
    await expect.poll(() => server.output()).toContain('WRONGPASS');
    expect(server.output()).not.toContain('hunter2');
  },
);

test.skipIf(process.platform !== 'linux')(
  '[T064] a server with its log on a full disk keeps answering, and stops on request',
  async () => {
    const full = openSync('/dev/full', 'w');
    const server = spawn(process.execPath, [join(import.meta.dirname, '../../server/main.ts')], {
      env: { ...process.env, ...environment, DATABASE_URL: await freshDatabase(), PORT: '0', SLOW_MS: '0' },
      stdio: ['ignore', 'pipe', full],
    });
    closeSync(full);
    const ended = once(server, 'exit');
    onTestFinished(() => void server.kill('SIGKILL'));
    const [ready] = (await once((server.stdout as Readable).setEncoding('utf8'), 'data')) as [string];
    const url = /http:\S+/.exec(ready)?.[0] ?? '';
    for (let times = 0; times < 3; times += 1)
      expect((await send(url, undefined, '{ __typename }')).status).toBe(200);
    server.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  },
);
