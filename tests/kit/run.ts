import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../../server/database/embedded.ts';
import { applyMigrations } from '../../server/database/migrations.ts';
import { openSession } from '../../server/database/session.ts';
import { createTemplate } from './database.ts';

const ANSWER_MS = 5000;

/**
 * Once per run: a PostgreSQL, a migrated template, and a note about skipped tests. A given URL must work; only unset
 * ones are replaced or skipped.
 */
export default async function prepareRun(project: TestProject): Promise<() => Promise<void>> {
  const redisUrl = process.env['TEST_REDIS_URL'];
  if (redisUrl) await redisAnswers(redisUrl);

  const postgres = await findPostgres(process.env['TEST_DATABASE_URL']);
  const notes = [
    postgres.embedded
      ? 'PostgreSQL: an embedded one, since TEST_DATABASE_URL is not set.'
      : 'PostgreSQL: the one at TEST_DATABASE_URL.',
    redisUrl
      ? 'Redis: the one at TEST_REDIS_URL.'
      : 'Redis: TEST_REDIS_URL is not set, so the tests that need Redis are SKIPPED.',
  ];
  const say = () => {
    for (const note of notes) console.log(`▸ ${note}`);
  };
  say();

  try {
    const template = await createTemplate(postgres.url);
    await applyMigrations(template.url);
    project.provide('databases', { serverUrl: postgres.url, template: template.template });
    return async () => {
      await template.drop();
      await postgres.stop();
      say();
    };
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

async function findPostgres(given: string | undefined) {
  if (given) {
    await postgresAnswers(given);
    return { url: given, embedded: false, stop: () => Promise.resolve() };
  }
  const folder = await mkdtemp(join(tmpdir(), 'taskwire-tests-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const started = await startEmbedded(folder);
    return { url: started.url, embedded: true, stop: () => started.stop().then(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function postgresAnswers(url: string): Promise<void> {
  try {
    await using client = await openSession(url, {
      application_name: 'taskwire tests',
      connectionTimeoutMillis: ANSWER_MS,
    });
    await client.query('SELECT 1');
  } catch (cause) {
    throw new Error('No PostgreSQL answers at TEST_DATABASE_URL; unset it to test on an embedded one.', {
      cause,
    });
  }
}

async function redisAnswers(address: string): Promise<void> {
  const { hostname, port } = new URL(address);
  const socket = connect({ host: hostname, port: Number(port || 6379), timeout: ANSWER_MS });
  socket.once('timeout', () => socket.destroy(new Error('it kept silent')));
  try {
    socket.write('PING\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    // A server that requires a password counts as running; the tests' own connection sends it.
    if (!/^(\+PONG|-NOAUTH)/.test(answer.toString())) throw new Error('it does not speak the Redis protocol');
  } catch (cause) {
    throw new Error('No Redis answers at TEST_REDIS_URL; unset it to leave those tests out.', { cause });
  } finally {
    socket.destroy();
  }
}
