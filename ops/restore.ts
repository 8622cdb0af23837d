// npm run restore -- FILE
// Restores a backup into a new database, checks it, and replaces the current database by it.
import { createInterface } from 'node:readline/promises';
import { resolve } from 'node:path';
import { readConfig } from '../server/config.ts';
import { openDatabase } from '../server/database/open.ts';
import { inWords } from './backup/connection-url.ts';
import { runCommand } from './backup/command.ts';
import { openBackup, type Backup } from './backup/manifest.ts';
import { BackupRefused, UsageError } from './backup/refusal.ts';
import { replaceBy, type Replaced } from './backup/replace.ts';
import { sessionsAfter, type Sessions } from './backup/secret.ts';
import { moment, summary } from './backup/words.ts';
import { lockFolder } from './backup/write.ts';

const usage = `npm run restore -- [<options>] FILE

Replaces the database of npm start (DATA_DIR or DATABASE_URL) by the backup in FILE, whether the server is running or not.
Backs up the current database, restores into a new one, compares every row, and only then replaces the current database.
If anything fails before that, nothing has changed. Requires pg_dump and pg_restore.

  --yes                   do not ask for confirmation
  --output-dir <folder>   the folder for the safety backup (default: BACKUP_DIR, or "backups")
  --no-safety-backup      for a damaged database; it is kept under another name
  --help                  show this help
`;

await runCommand({
  usage,
  options: {
    yes: { type: 'boolean', short: 'y' },
    'output-dir': { type: 'string' },
    'no-safety-backup': { type: 'boolean' },
  },
  files: 1,
  async run({ values, positionals: [file] }, signal) {
    if (!file)
      throw new UsageError(`The backup is missing: npm run restore -- backups/backup_….dump\n\n${usage}`);
    const config = readConfig(process.env);
    const folder = resolve(String(values['output-dir'] ?? config.backupDir));
    const backup = await openBackup(resolve(file));
    const sessions = await sessionsAfter(config, backup.manifest.secret);
    const safety = !values['no-safety-backup'];
    const unlock = await lockFolder(folder);
    try {
      const database = await openDatabase(config);
      try {
        console.log(intention(backup, database.url, sessions, safety ? folder : null));
        if (!values['yes']) await ask(signal);
        const onStep = (sentence: string) => {
          console.log(`▸ ${sentence} …`);
        };
        const options = { folder, sessions, safety, signal, onStep };
        const replaced = await replaceBy(backup, database.url, config, options);
        console.log(report(backup, database.url, replaced));
      } finally {
        await database.close();
      }
    } finally {
      unlock();
    }
  },
});

function intention({ manifest }: Backup, url: string, sessions: Sessions, folder: string | null): string {
  const logins = {
    unchanged: 'Sessions of that time work again; newer sessions end.',
    'secret-restored':
      'Sessions of that time work again: the secret of the backup replaces the one in DATA_DIR. Restart the server afterwards.',
    lost: 'All people must sign in again: the backup was made with another AUTH_SECRET. Set that one to keep the sessions.',
  };
  return [
    `This replaces the database ${inWords(url)} by the backup from ${moment(manifest.createdAt)}:`,
    `  ${summary(manifest.tables)} (Taskwire ${manifest.taskwire}, PostgreSQL ${manifest.postgres.server})`,
    'Later changes are lost. Clients that follow the log start again (CURSOR_EXPIRED).',
    logins[sessions],
    folder
      ? `The current database is backed up to ${folder} first.`
      : 'The current database is not backed up, and is kept under another name.',
  ].join('\n');
}

/** @throws BackupRefused unless the answer is yes. */
async function ask(signal: AbortSignal): Promise<void> {
  if (!process.stdin.isTTY)
    throw new BackupRefused(
      'Cannot ask for confirmation without a terminal; add --yes. Nothing was changed.',
    );
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // readline receives Ctrl-C as a key, not as a signal.
  terminal.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    const answer = await terminal.question('Continue? [y/N] ', { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new BackupRefused('Nothing was changed.');
  } finally {
    terminal.close();
  }
}

function report({ manifest }: Backup, url: string, { safety, left }: Replaced): string {
  return [
    `Restored ${inWords(url)} to ${moment(manifest.createdAt)}. Every row was compared.`,
    ...safety.map(({ file }) => `The previous database is in ${file}`),
    ...left.map(
      (name) => `The replaced database still exists as ${name}. Remove it with DROP DATABASE "${name}".`,
    ),
    'Start the server with npm start if it is not running. To undo, restore the safety backup.',
  ].join('\n');
}
