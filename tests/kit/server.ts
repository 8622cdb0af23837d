import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProcess } from '../../ops/drills/server-process.ts';
import { readConfig } from '../../server/config.ts';
import { startServer } from '../../server/lifecycle/start.ts';

/** The same for every server, so that a session outlives a restart. */
export const SECRET = 'a secret that guards nothing but tests';

export interface TestServer {
  url: string;
  stop(): Promise<void>;
}

/**
 * The real server on a free port, or on the one that `environment` names, as `npm start` would configure it.
 * Only its lines about faults are printed; LOG_LEVEL tells it to say more. Where TEST_WORKERS is set, it is as many
 * processes beside that of the test, and then nothing in it can be looked at but from outside.
 */
export async function startTestServer(
  databaseUrl: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<TestServer> {
  const dataDir = await mkdtemp(join(tmpdir(), 'taskwire-server-'));
  const settings = {
    PORT: '0',
    LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'error',
    DATA_DIR: dataDir,
    AUTH_SECRET: SECRET,
    DATABASE_URL: databaseUrl,
    // Tests invite the same few people again and again.
    INVITATIONS_PER_HOUR: '0',
    ...environment,
  };
  const workers = process.env['TEST_WORKERS'];
  const server = workers
    ? await startProcess({ ...settings, WORKERS: workers })
    : await startServer(readConfig(settings));
  return {
    url: server.url,
    async stop() {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
