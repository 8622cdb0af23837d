// npm run account -- create|reset|unlock|verify <email address>
// Creates an account, issues a one-time link to set a new password, lifts sign-in limits, or verifies the address.
import { createAccountFor, unlockAccount, verifyAccount } from '../server/auth/account.ts';
import { issuePasswordReset, RESET_MINUTES } from '../server/auth/password-change.ts';
import { readConfig } from '../server/config.ts';
import { connect, disconnect, type Database } from '../server/database/client.ts';
import { applyMigrations } from '../server/database/migrations.ts';
import { openDatabase } from '../server/database/open.ts';
import { Conflict, NotFound, ValidationFailed } from '../server/errors.ts';
import { runCommand } from './backup/command.ts';
import { BackupRefused, UsageError } from './backup/refusal.ts';

const usage = `npm run account -- <action> <email address>

  create   create an account, and issue a one-time link to choose a password
  reset    issue a one-time link to set a new password, and end the person's sessions
  unlock   lift the sign-in limits after too many wrong passwords
  verify   mark the address as verified: it then accepts invitations, and counts in ADMIN_EMAILS
  --help   show this help

Uses the database of npm start (DATA_DIR or DATABASE_URL), whether the server is running or not. Each action is recorded
in the audit trail. Anyone who has the link can sign in as the person, so send it over a channel that you trust.

Anyone can register an address. Before you verify it, ask its owner whether they created the account. If not, reset it
first, give them the link, and have them revoke the account's API tokens.
`;

const actions = {
  async create(db: Database, email: string, serverUrl: string) {
    await createAccountFor(db, { email, name: email.split('@', 1)[0] });
    const token = await issuePasswordReset(db, email);
    console.log(
      `Created ${email}. Its person chooses a password with this link, which works once, for ${RESET_MINUTES} minutes:`,
    );
    console.log(`  ${serverUrl}/reset-password#${token}`);
  },
  async reset(db: Database, email: string, serverUrl: string) {
    const token = await issuePasswordReset(db, email);
    console.log(`Ended their sessions. This link works once, for ${RESET_MINUTES} minutes:`);
    console.log(`  ${serverUrl}/reset-password#${token}`);
  },
  async unlock(db: Database, email: string) {
    await unlockAccount(db, email);
    console.log(`Lifted the sign-in limits of ${email}.`);
  },
  async verify(db: Database, email: string) {
    await verifyAccount(db, email);
    console.log(`Verified ${email}.`);
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
      if (error instanceof NotFound) throw new BackupRefused(`No account uses ${email}.`);
      if (error instanceof Conflict || error instanceof ValidationFailed)
        throw new BackupRefused(error.message);
      throw error;
    } finally {
      await database.close();
    }
  },
});
