// npm run account -- reset|unlock <email address>
// Lets a person back in: issues a one-time link that sets a new password, or lifts the limits on signing in.
import { issuePasswordReset, RESET_MINUTES, unlockAccount } from '../server/auth/password-change.ts';
import { readConfig } from '../server/config.ts';
import { connect, disconnect } from '../server/database/client.ts';
import { applyMigrations } from '../server/database/migrations.ts';
import { openDatabase } from '../server/database/open.ts';
import { NotFound } from '../server/errors.ts';
import { runCommand } from './backup/command.ts';
import { BackupRefused, UsageError } from './backup/refusal.ts';

const usage = `npm run account -- <action> <email address>

  reset    issue a one-time link that sets a new password, and end the person's sessions
  unlock   lift the limits on signing in, after too many wrong passwords
  --help   this text

Works on the database that npm start uses (DATA_DIR or DATABASE_URL), whether the server runs or not. Either is an event in
the audit trail. Whoever has the link can sign in as the person: hand it over by a way that you trust.
`;

await runCommand({
  usage,
  options: {},
  files: 2,
  async run({ positionals: [action, email] }) {
    if (email === undefined || (action !== 'reset' && action !== 'unlock')) throw new UsageError(usage);
    const config = readConfig(process.env);
    const database = await openDatabase(config);
    try {
      await applyMigrations(database.url);
      const db = connect(database.url);
      try {
        if (action === 'unlock') {
          await unlockAccount(db, email);
          console.log(`The limits on signing in as ${email} are lifted.`);
        } else {
          const token = await issuePasswordReset(db, email);
          console.log(`Their sessions have ended. This link works once, for ${RESET_MINUTES} minutes:`);
          console.log(`  ${database.serverUrl}/reset-password#${token}`);
        }
      } finally {
        await disconnect(db);
      }
    } catch (error) {
      if (!(error instanceof NotFound)) throw error;
      throw new BackupRefused(`No account uses ${email}.`);
    } finally {
      await database.close();
    }
  },
});
