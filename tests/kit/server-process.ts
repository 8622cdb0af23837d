import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { SECRET } from './server.ts';

export interface ServerProcess {
  url: string;
  /** Ends it as `kill -9` does, with no chance to tidy up. */
  kill(): Promise<void>;
  /** Stops it without a word, connections and all, until it is thawed. */
  freeze(): void;
  thaw(): void;
  /** Asks it to end, as a service manager does. @returns its exit code, null where it had to be killed. */
  end(): Promise<number | null>;
}

/**
 * The real server as a process of its own, on a free port or the one given; gone when the test is done.
 * @throws when it ends before it is ready, with what it printed.
 */
export async function startServerProcess(databaseUrl: string, port = '0'): Promise<ServerProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), 'taskwire-process-'));
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../server/main.ts')], {
    env: {
      ...process.env,
      PORT: port,
      LOG_LEVEL: 'error',
      // One person stands for many.
      SOCKETS_PER_PERSON: '1000',
      DATA_DIR: dataDir,
      AUTH_SECRET: SECRET,
      DATABASE_URL: databaseUrl,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(async () => {
    await kill();
    await rm(dataDir, { recursive: true, force: true });
  });
  let text = '';
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        const address = /^Taskwire is ready at (http\S+)$/m.exec(text)?.[1];
        if (address) resolve(address);
      });
    }
    void ended.then(() => reject(new Error(`the server ended without a ready line:\n${text}`)));
  });
  const end = async () => {
    child.kill('SIGTERM');
    const [code] = await ended;
    return code;
  };
  const freeze = () => void child.kill('SIGSTOP');
  const thaw = () => void child.kill('SIGCONT');
  return { url, kill, end, freeze, thaw };
}
