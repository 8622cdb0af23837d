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
  /** The caller holds its lock. */
  folder: string;
  sessions: Sessions;
  /** False skips the safety backup, for a damaged database. */
  safety: boolean;
  signal: AbortSignal;
  onStep: (sentence: string) => void;
}

export interface Replaced {
  /** Backups of the replaced database, oldest first. */
  safety: Backup[];
  /** Replaced databases that could not be removed, also of killed restores. */
  left: string[];
}

/**
 * Replaces the database at `url` by a backup: backs up the old database, restores into a new one, and switches only
 * after all checks have passed.
 * @throws BackupRefused on failure; the database is then unchanged.
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
    onStep('Backing up the current database');
    written.push(await writeBackup(url, { folder, kind: 'safety', secret, signal }));
  }
  onStep('Restoring into a new database');
  const successor = await load(cluster, backup, target, { purpose: 'restore', url, signal });
  let replaced: string | null;
  try {
    if (sessions === 'lost') {
      // Keys encrypted with another secret would prevent all sign-ins.
      await withConnection(withDatabase(url, successor), (client) => client.query('DELETE FROM jwks'));
    }
    signal.throwIfAborted();
    onStep('Replacing the old database');
    replaced = await cluster.replace(target, successor);
  } catch (error) {
    await cluster.drop(successor).catch(() => undefined);
    throw error;
  }
  if (sessions === 'secret-restored') await putBack(config, backup.manifest.secret);
  const [before] = written;
  if (replaced && safety) {
    const old = withDatabase(url, replaced);
    try {
      // People may have made changes after the safety backup.
      if (before && !(await isAsIn(before, old))) {
        onStep('Backing up the latest changes');
        written.push(await writeBackup(old, { folder, kind: 'safety', secret }));
      }
      await cluster.drop(replaced);
    } catch {
      // The restore has succeeded; the report names the remaining database.
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

/** Without the counters, which lag behind the log. */
function uncounted(tables: Tables): Tables {
  return Object.fromEntries(Object.entries(tables).filter(([name]) => !counterTables.includes(name)));
}

/** @throws BackupRefused if it holds other tables. */
async function isUsed(cluster: Cluster, url: string): Promise<boolean> {
  if (!(await cluster.has(databaseOf(url)))) return false;
  const { tables, migration } = await withConnection(url, async (client) => ({
    tables: await tableCount(client),
    migration: await lastMigration(client),
  }));
  if (migration === null && tables > 0) {
    throw new BackupRefused(
      `${inWords(url)} holds ${tables} ${tables === 1 ? 'table' : 'tables'} of another program. Set DATABASE_URL to another database, which need not exist yet.`,
    );
  }
  return migration !== null;
}
