import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { BackupRefused } from './refusal.ts';

/** Since format 2, digests leave out search vectors. */
export const FORMAT = 2;
const NAME = /^backup_\d{8}_\d{6}$/;

export const DUMP = '.dump';
export const MANIFEST = '.json';

const table = z.object({
  rows: z.number().int().min(0),
  /** The sum of 60 bits of each row's MD5, independent of the order of rows. */
  digest: z.string(),
});

const manifest = z.object({
  format: z.literal([1, FORMAT]),
  name: z.string().regex(NAME),
  /** A restore makes a safety backup of the database that it replaces. */
  kind: z.enum(['regular', 'safety']),
  createdAt: z.iso.datetime(),
  seconds: z.number(),
  taskwire: z.string(),
  postgres: z.object({ server: z.string(), client: z.string() }),
  migration: z.string(),
  bytes: z.number().int().positive(),
  sha256: z.string().regex(/^[\da-f]{64}$/),
  tables: z.record(z.string(), table),
  secret: z.object({
    /** Identifies the secret without revealing it; null if there was none. */
    fingerprint: z.string().nullable(),
    /** The secret from DATA_DIR; null if it came from AUTH_SECRET. Sessions are lost without it. */
    kept: z.string().nullable(),
  }),
});

export type Manifest = z.infer<typeof manifest>;
export type Tables = Manifest['tables'];

export interface Backup {
  manifest: Manifest;
  file: string;
}

export function newManifest(content: Omit<Manifest, 'format'>): string {
  return `${JSON.stringify({ format: FORMAT, ...content }, null, 2)}\n`;
}

export function nameAt(moment: Date): string {
  const [day, time] = moment.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').split('T');
  return `backup_${day}_${time}`;
}

export function isBackupName(name: string): boolean {
  return NAME.test(name);
}

/** Newest first, without incomplete backups. */
export async function listBackups(folder: string): Promise<Backup[]> {
  const names = await readdir(folder).catch(() => []);
  const found: Backup[] = [];
  for (const entry of names.sort().reverse()) {
    const name = entry.slice(0, -MANIFEST.length);
    if (!entry.endsWith(MANIFEST) || !isBackupName(name)) continue;
    const backup = await open(folder, name).catch(() => undefined);
    if (backup) found.push(backup);
  }
  return found;
}

/** @param path of the dump or the manifest, or the backup's name. @throws BackupRefused if it is missing or damaged. */
export async function openBackup(path: string): Promise<Backup> {
  const name = basename(path).replace(/\.(dump|json)$/, '');
  if (!isBackupName(name)) {
    throw new BackupRefused(`${path} is not a backup. Name a file like backup_20270131_030000.dump.`);
  }
  const backup = await open(dirname(path), name);
  const found = await sha256(backup.file);
  if (found !== backup.manifest.sha256)
    throw damaged(backup.file, 'its checksum does not match the manifest');
  return backup;
}

async function open(folder: string, name: string): Promise<Backup> {
  const file = join(folder, `${name}${DUMP}`);
  const text = await readFile(join(folder, `${name}${MANIFEST}`), 'utf8').catch(() => undefined);
  const size = (await stat(file).catch(() => undefined))?.size;
  if (size === undefined) throw new BackupRefused(`${file} does not exist.`);
  if (text === undefined) {
    throw new BackupRefused(
      `The manifest ${name}${MANIFEST} of ${file} is missing. Put it into the same folder. ` +
        'Without it, you can only restore the dump with pg_restore into an empty database.',
    );
  }
  let read: Manifest;
  try {
    read = manifest.parse(JSON.parse(text));
  } catch {
    throw damaged(join(folder, `${name}${MANIFEST}`), 'it cannot be read');
  }
  if (size !== read.bytes) throw damaged(file, `it has ${size} bytes instead of ${read.bytes}`);
  return { manifest: read, file };
}

function damaged(file: string, how: string) {
  return new BackupRefused(
    `${file} is damaged: ${how}. Use another copy or an earlier backup. Nothing was changed.`,
  );
}

export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
