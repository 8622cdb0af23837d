import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { BackupRefused } from './refusal.ts';

export interface PostgresClient {
  dump: string;
  restore: string;
  /** Such as `15.20`. */
  version: string;
  major: number;
}

const PLACES = [
  '/usr/lib/postgresql/*/bin',
  '/usr/pgsql-*/bin',
  '/usr/libexec/postgresql*',
  '/opt/homebrew/opt/libpq/bin',
  '/opt/homebrew/opt/postgresql@*/bin',
  '/usr/local/opt/libpq/bin',
  '/usr/local/opt/postgresql@*/bin',
  '/usr/local/pgsql/bin',
  '/Library/PostgreSQL/*/bin',
  '/Applications/Postgres.app/Contents/Versions/*/bin',
];

const MAX_OUTPUT = 4_000;

/** @throws BackupRefused with the command to install them. */
export async function findClient(serverMajor: number, path = process.env['PATH']): Promise<PostgresClient> {
  const onPath = (path ?? '').split(delimiter).filter(Boolean);
  // Before the PATH, which can contain a wrapper that chooses a version.
  const folders = new Set([...(await Promise.all(PLACES.map(expand))).flat(), ...onPath]);
  const found = (await Promise.all([...folders].map(clientIn))).filter((client) => client !== undefined);
  const [newest] = found.sort((one, other) => compare(other.version, one.version));
  if (newest && newest.major >= serverMajor) return newest;
  const lacking = newest
    ? `The newest pg_dump on this machine is ${newest.version}. PostgreSQL ${serverMajor} needs pg_dump ${serverMajor} or newer.`
    : 'pg_dump is not installed. Taskwire needs it for backups and restores.';
  throw new BackupRefused(`${lacking} Install it, then try again:\n${installation(serverMajor)}`);
}

async function expand(place: string): Promise<string[]> {
  const star = place.indexOf('*');
  if (star === -1) return [place];
  const begin = place.lastIndexOf('/', star) + 1;
  const end = place.indexOf('/', star);
  const [prefix, rest] = [place.slice(begin, star), end === -1 ? '' : place.slice(end)];
  const names = await readdir(place.slice(0, begin)).catch(() => []);
  return names
    .filter((name) => name.startsWith(prefix))
    .map((name) => `${place.slice(0, begin)}${name}${rest}`);
}

async function clientIn(folder: string): Promise<PostgresClient | undefined> {
  const [dump, restore] = [join(folder, 'pg_dump'), join(folder, 'pg_restore')];
  try {
    const [{ output }] = await Promise.all([run(dump, ['--version']), run(restore, ['--version'])]);
    const version = /\(PostgreSQL\) (\d+(?:\.\d+)?)/.exec(output)?.[1];
    return version ? { dump, restore, version, major: Number.parseInt(version, 10) } : undefined;
  } catch {
    return undefined;
  }
}

function compare(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true });
}

function installation(major: number): string {
  if (process.platform === 'darwin') return `  brew install postgresql@${major}`;
  return [
    `  apt-get install postgresql-client-${major}      (Debian, Ubuntu)`,
    `  dnf install postgresql${major}                  (Fedora, Red Hat; with the repository of postgresql.org)`,
    `  apk add postgresql${major}-client               (Alpine)`,
    'If that version is not available: https://www.postgresql.org/download/',
  ].join('\n');
}

export interface RunOptions {
  env?: NodeJS.ProcessEnv;
  signal?: AbortSignal;
}

/** @throws Error with the end of its output if it fails. */
export async function run(
  program: string,
  args: string[],
  options: RunOptions = {},
): Promise<{ output: string }> {
  options.signal?.throwIfAborted();
  const child = spawn(program, args, {
    env: { ...process.env, ...options.env, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // In its own process group, so that Ctrl-C does not reach it: the command itself stops it.
    detached: true,
  });
  const stop = () => child.kill('SIGTERM');
  options.signal?.addEventListener('abort', stop);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  try {
    const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
      child.once('error', reject).once('close', (exit, ending) => {
        resolve([exit, ending]);
      });
    });
    options.signal?.throwIfAborted();
    if (code === 0) return { output };
    throw new Error(output.trim().slice(-MAX_OUTPUT) || `exited with ${signal ?? `code ${code}`}`);
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
}
