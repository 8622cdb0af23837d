import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProcess } from '../../ops/drills/server-process.ts';
import { readConfig } from '../../server/config.ts';
import { startServer } from '../../server/lifecycle/start.ts';

/** The same for every server, so that sessions survive a restart. */
export const SECRET = 'a secret that guards nothing but tests';

export interface TestServer {
  url: string;
  stop(): Promise<void>;
}

/**
 * The real server on a free port, or on the port in `environment`, configured like `npm start`. Prints only errors
 * unless LOG_LEVEL is set. With TEST_WORKERS it runs in this number of other processes, so its memory cannot be
 * inspected.
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
    // Tests invite the same people repeatedly.
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
