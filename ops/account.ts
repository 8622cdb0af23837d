// npm run account -- reset|unlock|verify <email address>
// Issues a one-time link that sets a new password, lifts the limits on signing in, or verifies the address.
import { unlockAccount, verifyAccount } from '../server/auth/account.ts';
import { issuePasswordReset, RESET_MINUTES } from '../server/auth/password-change.ts';
import { readConfig } from '../server/config.ts';
import { connect, disconnect, type Database } from '../server/database/client.ts';
import { applyMigrations } from '../server/database/migrations.ts';
import { openDatabase } from '../server/database/open.ts';
import { NotFound } from '../server/errors.ts';
import { runCommand } from './backup/command.ts';
import { BackupRefused, UsageError } from './backup/refusal.ts';

const usage = `npm run account -- <action> <email address>

  reset    issue a one-time link that sets a new password, and end the person's sessions
  unlock   lift the limits on signing in, after too many wrong passwords
  verify   mark the address as verified: the account may accept invitations to it, and ADMIN_EMAILS counts for it
  --help   this text

Works on the database that npm start uses (DATA_DIR or DATABASE_URL), whether the server runs or not. Each is an event in
the audit trail. The link lets its holder sign in as the person: hand it over in a way that you trust.

Anyone can register an address. Before you verify it, ask its owner whether they made the account. If not, reset it
first, give them the link, and have them revoke the account's API tokens.
`;

const actions = {
  async reset(db: Database, email: string, serverUrl: string) {
    const token = await issuePasswordReset(db, email);
    console.log(`Their sessions have ended. This link works once, for ${RESET_MINUTES} minutes:`);
    console.log(`  ${serverUrl}/reset-password#${token}`);
  },
  async unlock(db: Database, email: string) {
    await unlockAccount(db, email);
    console.log(`The limits on signing in as ${email} are lifted.`);
  },
  async verify(db: Database, email: string) {
    await verifyAccount(db, email);
    console.log(`The address ${email} is verified.`);
  },
};

function isAction(given: string | undefined): given is keyof typeof actions {
  return given !== undefined && Object.hasOwn(actions, given);
}

await runCommand({
  usage,
  options: {},
  files: 2,
  async run({ positionals: [action, email] }) {
    if (email === undefined || !isAction(action)) throw new UsageError(usage);
    const config = readConfig(process.env);
    const database = await openDatabase(config);
    try {
      await applyMigrations(database.url);
      const db = connect(database.url);
      try {
        await actions[action](db, email, database.serverUrl);
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
