// npm run backup [-- --output-dir D --keep-days 7]
// Backs the database up, whether the server runs or not, and removes backups that are too old.
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

Writes backup_<day>_<time>.dump and its manifest (.json), of one moment in UTC, while people go on working. Backs up the
database that npm start uses (DATA_DIR or DATABASE_URL), whether the server runs or not. Needs pg_dump.

  --output-dir <folder>   where backups go (BACKUP_DIR, or "backups")
  --keep-days <days>      remove older ones afterwards, but never the last good one (BACKUP_KEEP_DAYS, or 7)
  --check                 only say whether backups can be made: whether pg_dump reads the database, and the folder is usable
  --help                  this text

Whoever has a backup has everybody's data and can sign in as anybody: keep it as safe as the server.
`,
  options: { 'output-dir': { type: 'string' }, 'keep-days': { type: 'string' }, check: { type: 'boolean' } },
  files: 0,
  async run({ values }, signal) {
    const config = readConfig(process.env);
    const folder = resolve(String(values['output-dir'] ?? config.backupDir));
    const keepDays = days('--keep-days', values['keep-days'], config.backupKeepDays);
    if (values['check']) {
      await checkBackUp(config, folder, signal);
      console.log(`Backups can be made to ${folder}.`);
      return;
    }
    const began = performance.now();
    try {
      const { url, backup, removed } = await backUp(config, { folder, keepDays, signal });
      const { bytes, seconds, tables } = backup.manifest;
      console.log(
        `Backed up ${inWords(url)}: ${total(tables)} in ${size(bytes)} and ${seconds.toFixed(1)} s, as`,
      );
      console.log(`  ${backup.file}`);
      if (removed.length > 0) console.log(`Removed, older than ${keepDays} days: ${removed.join(', ')}`);
      console.log('Whether it comes back, npm run backup:verify tries.');
    } catch (error) {
      const seconds = (performance.now() - began) / 1000;
      const reason = (error as Error).message;
      if (!signal.aborted) await keepAttempt(folder, 'backup', { name: null, seconds, bytes: null, reason });
      throw error;
    }
  },
});
