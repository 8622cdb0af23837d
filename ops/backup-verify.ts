// npm run backup:verify [-- FILE]
// Restores a backup into a scratch database, compares every row, and removes the database again.
import { resolve } from 'node:path';
import { readConfig } from '../server/config.ts';
import { openDatabase } from '../server/database/open.ts';
import { keepAttempt } from './backup/attempt.ts';
import { databaseOf } from './backup/connection-url.ts';
import { openCluster } from './backup/cluster.ts';
import { runCommand } from './backup/command.ts';
import { load } from './backup/load.ts';
import { listBackups, openBackup } from './backup/manifest.ts';
import { BackupRefused } from './backup/refusal.ts';
import { total } from './backup/words.ts';

await runCommand({
  usage: `npm run backup:verify [-- <options>] [-- FILE]

Restores a backup (FILE, or the newest) into a scratch database, compares every row with the backup, checks constraints
and rules, and removes the scratch database. Records the result in status.json in the folder of the backups.

  --output-dir <folder>   the folder of the backups (default: BACKUP_DIR, or "backups")
  --help                  show this help
`,
  options: { 'output-dir': { type: 'string' } },
  files: 1,
  async run({ values, positionals: [file] }, signal) {
    const config = readConfig(process.env);
    const folder = resolve(String(values['output-dir'] ?? config.backupDir));
    const began = performance.now();
    let name: string | null = null;
    const record = (reason: string | null) => {
      const seconds = (performance.now() - began) / 1000;
      return keepAttempt(folder, 'verification', { name, seconds, bytes: null, reason });
    };
    try {
      const [newest] = await listBackups(folder);
      const chosen = file ?? newest?.file;
      if (!chosen)
        throw new BackupRefused(`There is no backup in ${folder}. Create one with npm run backup.`);
      const backup = await openBackup(chosen);
      name = backup.manifest.name;
      const database = await openDatabase(config);
      try {
        await using cluster = await openCluster(database.url, 'verify');
        const scratch = await load(cluster, backup, databaseOf(database.url), {
          purpose: 'verify',
          url: database.url,
          signal,
        });
        await cluster.drop(scratch).catch((error: unknown) => {
          // The verification has succeeded; the next restore or verification removes the database.
          process.stderr.write(
            `Could not remove the scratch database ${scratch}: ${(error as Error).message}\n`,
          );
        });
      } finally {
        await database.close();
      }
      await record(null);
      const took = ((performance.now() - began) / 1000).toFixed(1);
      console.log(`${name} is good: restored and compared ${total(backup.manifest.tables)} (${took} s).`);
    } catch (error) {
      if (!signal.aborted) await record((error as Error).message);
      throw error;
    }
  },
});
