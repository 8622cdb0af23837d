import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DUMP, isBackupName, listBackups, MANIFEST } from './manifest.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export interface Rotation {
  keepDays: number;
  now: Date;
  /** The name of the last verified backup. */
  lastVerified: string | undefined;
}

/**
 * Removes old backups, except the newest complete one and the last verified one. The caller holds the folder's lock.
 * @returns the names of the removed backups.
 */
export async function rotate(folder: string, { keepDays, now, lastVerified }: Rotation): Promise<string[]> {
  const backups = await listBackups(folder);
  const [newest] = backups;
  if (!newest) return [];
  const oldest = now.getTime() - keepDays * DAY_MS;
  const kept = new Set(
    backups
      .filter(({ manifest }) => Date.parse(manifest.createdAt) >= oldest)
      .map(({ manifest }) => manifest.name)
      .concat(newest.manifest.name, lastVerified ?? []),
  );
  const gone: string[] = [];
  const whole = new Set(backups.map(({ manifest }) => manifest.name));
  for (const entry of (await readdir(folder)).sort()) {
    const name = entry.replace(/\.(dump|json)$/, '');
    if (!isBackupName(name) || kept.has(name) || gone.includes(name)) continue;
    if (!whole.has(name) && (await stat(join(folder, entry))).mtimeMs >= oldest) continue;
    // The manifest last: if interrupted, the next rotation removes the rest.
    await rm(join(folder, `${name}${DUMP}`), { force: true });
    await rm(join(folder, `${name}${MANIFEST}`), { force: true });
    gone.push(name);
  }
  return gone;
}
