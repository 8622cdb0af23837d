import { expect, onTestFinished, test, vi } from 'vitest';
import { startProcess } from '../../ops/drills/server-process.ts';
import { Refusal, signUp } from '../../ops/drills/workspace.ts';
import { connect, disconnect } from '../../server/database/client.ts';
import { freshDatabase } from '../kit/database.ts';

// A process takes seconds to start where others want the processor too.
vi.setConfig({ testTimeout: 90_000 });

const environment = { AUTH_SECRET: 's'.repeat(32), LOG_LEVEL: 'warn' };

test('a row that the database refuses is in the log by the rule that it breaks, not by what is in it', async () => {
  const databaseUrl = await freshDatabase();
  const server = await startProcess({ ...environment, DATABASE_URL: databaseUrl });
  onTestFinished(async () => {
    await server.stop();
  });
  const db = connect(databaseUrl);
  onTestFinished(() => disconnect(db));
  await db.$executeRaw`ALTER TABLE tasks ADD CONSTRAINT no_milk CHECK (title NOT LIKE '%milk%')`;
  const somebody = await signUp(server.url);
  const refused = somebody.query(
    'mutation { createTask(input: { title: "Buy milk", description: "for the birthday" }) { cursor } }',
  );
  await expect(refused).rejects.toBeInstanceOf(Refusal);
  await expect.poll(() => server.output()).toContain('no_milk');
  expect(server.output()).not.toMatch(/Buy milk|birthday/);
});

test.skipIf(!process.env['TEST_REDIS_URL'])(
  'the password of a Redis that refuses it is not in the log',
  async () => {
    const redis = new URL(process.env['TEST_REDIS_URL'] ?? '');
    redis.username = 'nobody';
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
