// npm run restore -- FILE
// Replaces the database by a backup, once that has been restored beside it and found good.
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

Replaces the database that npm start uses (DATA_DIR or DATABASE_URL) by the backup in FILE, whether the server runs or
not. It backs up what is there first, restores into a new database, compares every row, and only then lets the new one
take the old one's place. When anything fails before that, nothing has changed. Needs pg_dump and pg_restore.

  --yes                   do not ask
  --output-dir <folder>   where the safety backup goes (BACKUP_DIR, or "backups")
  --no-safety-backup      for a database that cannot be backed up any more; it is kept under another name
  --help                  this text
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
    if (!file) throw new UsageError(`Name the backup: npm run restore -- backups/backup_….dump\n\n${usage}`);
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
    'as-they-were': 'Who was signed in then is signed in again; who has signed in since is not.',
    'secret-returns':
      'Who was signed in then is signed in again: the secret of the backup replaces the one in DATA_DIR. Restart the server afterwards.',
    lost: 'Everybody must sign in again: the sessions rest on another secret. Set AUTH_SECRET to the one of then to keep them.',
  };
  return [
    `This replaces the database ${inWords(url)} by the backup of ${moment(manifest.createdAt)}:`,
    `  ${summary(manifest.tables)} (Taskwire ${manifest.taskwire}, PostgreSQL ${manifest.postgres.server})`,
    'What was changed since then is gone from it. Programs that follow the log read from the start again.',
    logins[sessions],
    folder
      ? `What is there now is backed up to ${folder} first.`
      : 'What is there now is not backed up, and stays in a database of another name.',
  ].join('\n');
}

/** @throws BackupRefused unless the answer is yes. */
async function ask(signal: AbortSignal): Promise<void> {
  if (!process.stdin.isTTY)
    throw new BackupRefused('Nobody is there to ask; add --yes. Nothing was changed.');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  // In a terminal Ctrl-C comes as a key here, and as no signal.
  terminal.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    const answer = await terminal.question('Go on? [y/N] ', { signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new BackupRefused('Nothing was changed.');
  } finally {
    terminal.close();
  }
}

function report({ manifest }: Backup, url: string, { safety, left }: Replaced): string {
  return [
    `Restored: ${inWords(url)} is as it was at ${moment(manifest.createdAt)}, and every row was compared.`,
    ...safety.map(({ file }) => `What was there before is in ${file}`),
    ...left.map((name) => `What was replaced is still there as ${name}; DROP DATABASE "${name}" removes it.`),
    'Start the server with npm start, unless it runs. To go back: npm run restore -- the safety backup.',
  ].join('\n');
}
