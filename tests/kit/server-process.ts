import { onTestFinished } from 'vitest';
import { startProcess, type ServerProcess } from '../../ops/drills/server-process.ts';
import { SECRET } from './server.ts';

/**
 * The real server as a separate process on a free or given port, stopped at the end of the test.
 * @throws with its output if it ends before it is ready.
 */
export async function startServerProcess(databaseUrl: string, port = '0'): Promise<ServerProcess> {
  const server = await startProcess({
    PORT: port,
    LOG_LEVEL: 'error',
    // One person acts for many.
    SOCKETS_PER_PERSON: '1000',
    AUTH_SECRET: SECRET,
    DATABASE_URL: databaseUrl,
  });
  onTestFinished(() => server.kill());
  return server;
}
