import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect as openSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { launch } from '../../ops/drills/server-process.ts';
import { run } from '../../ops/backup/programs.ts';
import { freePort } from '../../server/database/free-port.ts';

/** Such as `1.18.0`; undefined if PgBouncer is not installed. */
export async function pgbouncerVersion(): Promise<string | undefined> {
  return run('pgbouncer', ['--version']).then(
    ({ output }) => /PgBouncer (\S+)/.exec(output)?.[1],
    () => undefined,
  );
}

/** A PgBouncer in transaction mode in front of a database, until the test ends. @returns its URL. */
export async function throughPgbouncer(databaseUrl: string): Promise<string> {
  const target = new URL(databaseUrl);
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'taskwire-pgbouncer-'));
  await chmod(folder, 0o755);
  const file = join(folder, 'pgbouncer.ini');
  const { pathname, hostname, username, password } = target;
  await writeFile(
    file,
    `[databases]
${pathname.slice(1)} = host=${hostname} port=${target.port || '5432'} user=${username} ${password && `password=${password}`}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${String(port)}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
`,
  );
  // It does not run as root.
  const asOther = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const pgbouncer = launch('pgbouncer', [...asOther, file], {});
  onTestFinished(async () => {
    pgbouncer.signal('SIGKILL');
    await pgbouncer.exited;
    await rm(folder, { recursive: true });
  });
  await untilListening(port);
  target.host = `127.0.0.1:${String(port)}`;
  return target.href;
}

async function untilListening(port: number): Promise<void> {
  for (;;) {
    const socket = openSocket(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await sleep(20);
    } finally {
      socket.destroy();
    }
  }
}
