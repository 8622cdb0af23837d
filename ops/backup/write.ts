import { access, constants, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientBase } from 'pg';
import { tryLock } from '../../server/database/data-dir-lock.ts';
import { forProgram, inWords, withConnection } from './connection-url.ts';
import { contentOf, inSnapshot } from './content.ts';
import { DUMP, MANIFEST, nameAt, newManifest, sha256, type Backup, type Manifest } from './manifest.ts';
import { findClient, run } from './programs.ts';
import { BackupRefused, isOutOfSpace } from './refusal.ts';

export interface WriteOptions {
  folder: string;
  kind: Manifest['kind'];
  secret: Manifest['secret'];
  signal?: AbortSignal;
}

const LOCK = 'lock';
/** Suffix of unfinished files; the next run removes those of a killed run. */
const DRAFT = '.draft';
const LOCK_WAIT_MS = 30_000;
export const DUMP_OPTIONS = ['--no-password', `--lock-wait-timeout=${LOCK_WAIT_MS}`];
const NAME_TAKEN_WAIT_MS = 250;

/** @throws BackupRefused if another backup is running. */
export async function lockFolder(folder: string): Promise<() => void> {
  let unlock: (() => void) | undefined;
  await makeFolder(folder);
  try {
    unlock = tryLock(join(folder, LOCK));
  } catch (error) {
    throw unusable(folder, error);
  }
  if (!unlock) {
    throw new BackupRefused(
      `Another backup to ${folder} is running. Wait until it has finished, or use another folder.`,
    );
  }
  return unlock;
}

/** @throws BackupRefused if it is not writable. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.W_OK);
  } catch (error) {
    throw unusable(folder, error);
  }
}

/**
 * Writes a dump and its manifest from one snapshot, and renames them once both are on disk. The caller holds the
 * folder's lock. @throws BackupRefused on failure; other files in the folder stay unchanged.
 */
export async function writeBackup(url: string, options: WriteOptions): Promise<Backup> {
  const { folder } = options;
  await removeDrafts(folder);
  const name = await freeName(folder);
  try {
    return await withConnection(url, (client) => write(client, url, name, options));
  } catch (error) {
    await removeDrafts(folder);
    if (error instanceof BackupRefused || options.signal?.aborted) throw error;
    if (isOutOfSpace(error)) {
      throw new BackupRefused(
        `No space left in ${folder}. No backup was written, and existing backups are unchanged. ` +
          'Free some space, or set another folder with --output-dir.',
        { cause: error },
      );
    }
    throw new BackupRefused(`The backup of ${inWords(url)} failed: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function write(client: ClientBase, url: string, name: string, options: WriteOptions): Promise<Backup> {
  const { folder, kind, secret, signal } = options;
  const began = Date.now();
  const server = await serverVersion(client);
  const programs = await findClient(server.major);
  const draft = join(folder, `${name}${DUMP}${DRAFT}`);
  // Created before pg_dump runs, with permissions for this user only.
  await writeWhole(draft, '');
  const content = await inSnapshot(client, async () => {
    const { rows } = await client.query<{ snapshot: string }>('SELECT pg_export_snapshot() AS snapshot');
    const { address, env } = forProgram(url);
    const dumping = run(
      programs.dump,
      [
        ...DUMP_OPTIONS,
        ...['--format=custom', `--snapshot=${rows[0]?.snapshot}`, `--file=${draft}`, `--dbname=${address}`],
      ],
      signal ? { env, signal } : { env },
    );
    const [counting] = await Promise.allSettled([contentOf(client), dumping]);
    await dumping;
    if (counting.status === 'rejected') throw counting.reason;
    return counting.value;
  });
  if (content.migration === null) {
    throw new BackupRefused(`${inWords(url)} has no data of Taskwire to back up. Start the server first.`);
  }
  // Checks that the dump's table of contents can be read.
  await run(programs.restore, ['--list', draft]);
  await flush(draft);
  const { size: bytes } = await stat(draft);
  const about = {
    ...{ name, kind, createdAt: new Date(began).toISOString(), seconds: (Date.now() - began) / 1000 },
    taskwire: await ownVersion(),
    postgres: { server: server.version, client: programs.version },
    ...{ migration: content.migration, bytes, sha256: await sha256(draft), tables: content.tables, secret },
  };
  const manifest = newManifest(about);
  await writeWhole(join(folder, `${name}${MANIFEST}${DRAFT}`), manifest);
  const file = join(folder, `${name}${DUMP}`);
  await rename(draft, file);
  await rename(join(folder, `${name}${MANIFEST}${DRAFT}`), join(folder, `${name}${MANIFEST}`));
  await flush(folder);
  return { file, manifest: JSON.parse(manifest) as Manifest };
}

/** Names have a resolution of one second: waits for a free one. */
async function freeName(folder: string): Promise<string> {
  for (;;) {
    const name = nameAt(new Date());
    const taken = (await readdir(folder)).some((entry) => entry.startsWith(name));
    if (!taken) return name;
    await sleep(NAME_TAKEN_WAIT_MS);
  }
}

async function removeDrafts(folder: string): Promise<void> {
  for (const entry of await readdir(folder)) {
    if (entry.endsWith(DRAFT)) await rm(join(folder, entry), { force: true });
  }
}

export async function serverVersion(client: ClientBase): Promise<{ version: string; major: number }> {
  const { rows } = await client.query<{ number: number; version: string }>(
    `SELECT current_setting('server_version_num')::int AS number,
            split_part(current_setting('server_version'), ' ', 1) AS version`,
  );
  const [{ number, version }] = rows as [{ number: number; version: string }];
  return { version, major: Math.floor(number / 10_000) };
}

async function ownVersion(): Promise<string> {
  const about = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(about) as { version: string }).version;
}

async function writeWhole(file: string, text: string): Promise<void> {
  await using handle = await open(file, 'w', 0o600);
  await handle.writeFile(text);
  await handle.sync();
}

async function flush(path: string): Promise<void> {
  await using handle = await open(path, 'r');
  await handle.sync();
}

function unusable(folder: string, error: unknown): BackupRefused {
  const why = isOutOfSpace(error) ? 'the disk is full' : (error as Error).message;
  return new BackupRefused(
    `Cannot write backups to ${folder}: ${why}. Make the folder writable for this user, or set another with --output-dir.`,
    { cause: error },
  );
}
