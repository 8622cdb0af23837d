import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { BackupRefused } from './refusal.ts';

/** From the second on, digests leave out the words of a search. */
export const FORMAT = 2;
const NAME = /^backup_\d{8}_\d{6}$/;

export const DUMP = '.dump';
export const MANIFEST = '.json';

const table = z.object({
  rows: z.number().int().min(0),
  /** The sum of 60 bits of the MD5 of each row's text: the same rows in whichever order give the same. */
  digest: z.string(),
});

const manifest = z.object({
  format: z.literal([1, FORMAT]),
  name: z.string().regex(NAME),
  /** A safety backup is what a restore has made of the database that it replaced. */
  kind: z.enum(['regular', 'safety']),
  createdAt: z.iso.datetime(),
  seconds: z.number(),
  taskwire: z.string(),
  postgres: z.object({ server: z.string(), client: z.string() }),
  /** The last one that the database had. */
  migration: z.string(),
  bytes: z.number().int().positive(),
  sha256: z.string().regex(/^[\da-f]{64}$/),
  tables: z.record(z.string(), table),
  secret: z.object({
    /** Tells secrets apart without telling them; null where there was none yet. */
    fingerprint: z.string().nullable(),
    /** The one that DATA_DIR kept; null where AUTH_SECRET gave it. Without it nobody stays signed in. */
    kept: z.string().nullable(),
  }),
});

export type Manifest = z.infer<typeof manifest>;
export type Tables = Manifest['tables'];

/** A backup as it lies in its folder. */
export interface Backup {
  manifest: Manifest;
  /** The dump, in pg_dump's custom format. */
  file: string;
}

export function newManifest(content: Omit<Manifest, 'format'>): string {
  return `${JSON.stringify({ format: FORMAT, ...content }, null, 2)}\n`;
}

/** The name of a backup begun at this moment, which is in UTC. */
export function nameAt(moment: Date): string {
  const [day, time] = moment.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').split('T');
  return `backup_${day}_${time}`;
}

export function isBackupName(name: string): boolean {
  return NAME.test(name);
}

/** The whole backups of a folder, newest first. What lacks its manifest or its dump is none. */
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

/**
 * The backup that a path names, by its dump, its manifest or its bare name. Its dump is read from end to end.
 * @throws BackupRefused where it is not there, not whole, or not as it was written.
 */
export async function openBackup(path: string): Promise<Backup> {
  const name = basename(path).replace(/\.(dump|json)$/, '');
  if (!isBackupName(name)) {
    throw new BackupRefused(`${path} is no backup: name a file like backup_20270131_030000.dump.`);
  }
  const backup = await open(dirname(path), name);
  const found = await sha256(backup.file);
  if (found !== backup.manifest.sha256) throw damaged(backup.file, 'its content is not what was written');
  return backup;
}

async function open(folder: string, name: string): Promise<Backup> {
  const file = join(folder, `${name}${DUMP}`);
  const text = await readFile(join(folder, `${name}${MANIFEST}`), 'utf8').catch(() => undefined);
  const size = (await stat(file).catch(() => undefined))?.size;
  if (size === undefined) throw new BackupRefused(`There is no ${file}.`);
  if (text === undefined) {
    throw new BackupRefused(
      `${file} has lost its manifest ${name}${MANIFEST}, which says what must be in it. Put it back beside the dump. ` +
        'Where it is gone for good, the dump alone is for pg_restore, into an empty database.',
    );
  }
  let read: Manifest;
  try {
    read = manifest.parse(JSON.parse(text));
  } catch {
    throw damaged(join(folder, `${name}${MANIFEST}`), 'it cannot be read');
  }
  if (size !== read.bytes) throw damaged(file, `it has ${size} bytes of ${read.bytes}`);
  return { manifest: read, file };
}

function damaged(file: string, how: string) {
  return new BackupRefused(
    `${file} is damaged: ${how}. Take another copy of it, or an earlier backup. Nothing was changed.`,
  );
}

export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
