// npm run backup [-- --output-dir D --keep-days 7]
// Backs up the database, whether the server is running or not, and removes old backups.
import { resolve } from 'node:path';
import { readConfig } from '../server/config.ts';
import { inWords } from './backup/connection-url.ts';
import { keepAttempt } from './backup/attempt.ts';
import { backUp } from './backup/back-up.ts';
import { checkBackUp } from './backup/check.ts';
import { days, runCommand } from './backup/command.ts';
import { size, total } from './backup/words.ts';

await runCommand({
  usage: `npm run backup [-- <options>]

Writes backup_<day>_<time>.dump (UTC) and its manifest (.json), a consistent snapshot. Uses the database of npm start
(DATA_DIR or DATABASE_URL), whether the server is running or not. Requires pg_dump.

  --output-dir <folder>   the folder of the backups (default: BACKUP_DIR, or "backups")
  --keep-days <days>      remove older backups, except the last good one (default: BACKUP_KEEP_DAYS, or 7)
  --check                 only check that pg_dump can read the database and that the folder is writable
  --help                  show this help

A backup holds all data and the secret that signs sessions. Protect it like the server itself.
`,
  options: { 'output-dir': { type: 'string' }, 'keep-days': { type: 'string' }, check: { type: 'boolean' } },
  files: 0,
  async run({ values }, signal) {
    const config = readConfig(process.env);
    const folder = resolve(String(values['output-dir'] ?? config.backupDir));
    const keepDays = days('--keep-days', values['keep-days'], config.backupKeepDays);
    if (values['check']) {
      await checkBackUp(config, folder, signal);
      console.log(`Backups to ${folder} work.`);
      return;
    }
    const began = performance.now();
    try {
      const { url, backup, removed } = await backUp(config, { folder, keepDays, signal });
      const { bytes, seconds, tables } = backup.manifest;
      console.log(`Backed up ${inWords(url)}: ${total(tables)} in ${size(bytes)} (${seconds.toFixed(1)} s):`);
      console.log(`  ${backup.file}`);
      if (removed.length > 0)
        console.log(`Removed backups older than ${keepDays} days: ${removed.join(', ')}`);
      console.log('Run npm run backup:verify to test that it can be restored.');
    } catch (error) {
      const seconds = (performance.now() - began) / 1000;
      const reason = (error as Error).message;
      if (!signal.aborted) await keepAttempt(folder, 'backup', { name: null, seconds, bytes: null, reason });
      throw error;
    }
  },
});
