import { onTestFinished } from 'vitest';
import { startProcess, type ServerProcess } from '../../ops/drills/server-process.ts';
import { SECRET } from './server.ts';

/**
 * The real server as a process of its own, on a free port or the one given; gone when the test is done.
 * @throws when it ends before it is ready, with what it printed.
 */
export async function startServerProcess(databaseUrl: string, port = '0'): Promise<ServerProcess> {
  const server = await startProcess({
    PORT: port,
    LOG_LEVEL: 'error',
    // One person stands for many.
    SOCKETS_PER_PERSON: '1000',
    AUTH_SECRET: SECRET,
    DATABASE_URL: databaseUrl,
  });
  onTestFinished(() => server.kill());
  return server;
}
