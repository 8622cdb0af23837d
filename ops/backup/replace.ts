import type { Config } from '../../server/config.ts';
import { counterTables } from '../../server/counters/rebuild.ts';
import { databaseOf, inWords, withConnection, withDatabase } from './connection-url.ts';
import { contentOf, differences, inSnapshot, lastMigration, tableCount } from './content.ts';
import { openCluster, type Cluster } from './cluster.ts';
import { load } from './load.ts';
import type { Backup, Tables } from './manifest.ts';
import { BackupRefused } from './refusal.ts';
import { putBack, secretOf, type Sessions } from './secret.ts';
import { writeBackup } from './write.ts';

export interface ReplaceOptions {
  /** Where safety backups go; its lock is the caller's. */
  folder: string;
  /** What becomes of the sessions, as it was foreseen. */
  sessions: Sessions;
  /** False leaves the safety backup out, for a database that is beyond it. */
  safety: boolean;
  signal: AbortSignal;
  /** Told of each step as it begins. */
  onStep: (sentence: string) => void;
}

export interface Replaced {
  /** Of what was there before, oldest first; none where there was nothing. */
  safety: Backup[];
  /** Databases that hold what this restore, or one that was killed, has replaced, and could not back up and remove. */
  left: string[];
}

/**
 * Replaces the database at `url` by a backup. All that can fail happens in a new database first; the old one is
 * backed up, and given away only when the new one has been found good.
 * @throws BackupRefused where it fails; the database is as it was then.
 */
export async function replaceBy(
  backup: Backup,
  url: string,
  config: Config,
  { folder, sessions, safety, signal, onStep }: ReplaceOptions,
): Promise<Replaced> {
  const target = databaseOf(url);
  await using cluster = await openCluster(url, 'restore');
  const written: Backup[] = [];
  const secret = await secretOf(config);
  const isInUse = await isUsed(cluster, url);
  if (safety && isInUse) {
    onStep('Backing up what is there now');
    written.push(await writeBackup(url, { folder, kind: 'safety', secret, signal }));
  }
  onStep('Restoring into a new database');
  const successor = await load(cluster, backup, target, { purpose: 'restore', url, signal });
  let replaced: string | null;
  try {
    if (sessions === 'lost') {
      // Sealed with a secret that is not to be had, they would keep everybody from signing in.
      await withConnection(withDatabase(url, successor), (client) => client.query('DELETE FROM jwks'));
    }
    signal.throwIfAborted();
    onStep('Putting it in the place of the old one');
    replaced = await cluster.replace(target, successor);
  } catch (error) {
    await cluster.drop(successor).catch(() => undefined);
    throw error;
  }
  if (sessions === 'secret-returns') await putBack(config, backup.manifest.secret);
  const [before] = written;
  if (replaced && safety) {
    const old = withDatabase(url, replaced);
    try {
      // Whoever worked until the end has written after the safety backup.
      if (before && !(await isAsIn(before, old))) {
        onStep('Backing up what was written meanwhile');
        written.push(await writeBackup(old, { folder, kind: 'safety', secret }));
      }
      await cluster.drop(replaced);
    } catch {
      // The restore is done all the same, and the report names what is left.
    }
  }
  return { safety: written, left: await cluster.replaced(target) };
}

async function isAsIn({ manifest }: Backup, url: string): Promise<boolean> {
  const { tables } = await withConnection(url, (client) =>
    inSnapshot(client, () => contentOf(client, manifest.format)),
  );
  return differences(uncounted(manifest.tables), uncounted(tables)).length === 0;
}

/** The counters catch up with the log a little after it was written to. */
function uncounted(tables: Tables): Tables {
  return Object.fromEntries(Object.entries(tables).filter(([name]) => !counterTables.includes(name)));
}

/**
 * Whether there is a database that holds a Taskwire.
 * @throws BackupRefused where it holds something else.
 */
async function isUsed(cluster: Cluster, url: string): Promise<boolean> {
  if (!(await cluster.has(databaseOf(url)))) return false;
  const { tables, migration } = await withConnection(url, async (client) => ({
    tables: await tableCount(client),
    migration: await lastMigration(client),
  }));
  if (migration === null && tables > 0) {
    throw new BackupRefused(
      `${inWords(url)} holds ${tables} tables and no Taskwire, so it is not replaced. Name another database in DATABASE_URL; it need not exist yet.`,
    );
  }
  return migration !== null;
}
