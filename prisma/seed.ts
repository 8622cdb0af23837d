// npm run demo [-- --tasks 100000 --seed 7]
// Fills the workspace with sample people, teams and tasks.
import { parseArgs } from 'node:util';
import { ConfigError, readConfig, type Config } from '../server/config.ts';
import { openDatabase } from '../server/database/open.ts';
import { StartFailure } from '../server/database/start-failure.ts';
import { fill, FillingAlready, type Filled } from './seed/fill.ts';
import { lead, PASSWORD } from './seed/people.ts';
import { amount, Progress } from './seed/progress.ts';

const MOST_TASKS = 10_000_000;

const usage = `npm run demo [-- <options>]

Fills the workspace with people, teams, tasks, shares and comments of the last 30 days, and prints a sign-in. It
works on the database that npm start uses (DATA_DIR or DATABASE_URL), whether the server runs or not. Doing it twice is harmless.

  --tasks <number>   how many tasks all people have together (500)
  --seed <number>    another number, another workspace (1)
  --help             this text
`;

class UsageError extends Error {
  override readonly name = 'UsageError';
}

const out = process.stdout;
let interrupted = false;

try {
  const options = readOptions(process.argv.slice(2));
  if (options) await run(options);
  else out.write(usage);
} catch (error) {
  const expected = [UsageError, ConfigError, StartFailure, FillingAlready].some(
    (kind) => error instanceof kind,
  );
  process.stderr.write(`${expected ? (error as Error).message : String((error as Error).stack)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

function readOptions(args: string[]): { tasks: number; seed: number } | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  if (positionals.length > 0) {
    throw new UsageError(
      `"${positionals.join(' ')}" is not an option. Pass options after two dashes: npm run demo -- --tasks 1000`,
    );
  }
  return {
    tasks: wholeNumber('--tasks', values.tasks, { from: 1, to: MOST_TASKS }),
    seed: wholeNumber('--seed', values.seed, { from: 0, to: 2 ** 32 - 1 }),
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        tasks: { type: 'string', default: '500' },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    const [fault] = (error as Error).message.split(/[.\n]/);
    throw new UsageError(`${fault}. Run "npm run demo -- --help" to list the options.`);
  }
}

function wholeNumber(option: string, given: string, { from, to }: { from: number; to: number }): number {
  const number = /^\d+$/.test(given) ? Number(given) : Number.NaN;
  if (number >= from && number <= to) return number;
  throw new UsageError(
    `${option} takes a whole number from ${amount(from)} to ${amount(to)}, not "${given}".`,
  );
}

async function run({ tasks, seed }: { tasks: number; seed: number }): Promise<void> {
  const config = readConfig(process.env);
  if (process.env['NODE_ENV'] === 'production') {
    throw new UsageError(
      'The demo accounts have a public password, so the demo does not run with NODE_ENV=production.',
    );
  }
  process.once('SIGINT', () => (interrupted = true)).once('SIGTERM', () => (interrupted = true));
  const database = await openDatabase(config);
  try {
    const progress = new Progress(out, tasks);
    const filled = await fill(database.url, { seed, now: new Date(), tasks }, (written) => {
      progress.show(written.tasks);
      return !interrupted;
    });
    out.write(report(filled, progress.end(), config, database.serverUrl));
    if (!database.running) out.write('If the server is not running, start it with npm start.\n');
  } finally {
    await database.close();
  }
  if (interrupted) process.exitCode = 130;
}

function report(filled: Filled, took: string, config: Config, serverUrl: string): string {
  const { isNew, people, teams, tasks, shares, comments, dashboard } = filled;
  const { byStatus, sharedToView, sharedToEdit } = dashboard;
  const total = Object.values(byStatus).reduce((sum, count) => sum + count, 0);
  const holds =
    `${people} people in ${teams} teams, ${amount(tasks)} tasks, ` +
    `${amount(shares)} shares and ${amount(comments)} comments`;
  return [
    isNew ? `Filled in ${took}: ${holds}.` : `The demo exists already, so nothing was written: ${holds}.`,
    ...(isNew ? [] : [startOver(config)]),
    ...(interrupted ? ['It was interrupted, so this is only the first part.'] : []),
    '',
    `Sign in at ${serverUrl} with`,
    `  email     ${lead.email}`,
    `  password  ${PASSWORD}`,
    `${lead.name} has ${amount(total)} tasks: ${amount(byStatus.TODO + byStatus.IN_PROGRESS)} pending, ` +
      `${amount(byStatus.DONE)} completed; ${amount(sharedToView + sharedToEdit)} of others are shared with her.`,
    'All demo accounts have this password. It is public, so do not run the demo on a server that others can reach.',
    '',
  ].join('\n');
}

function startOver({ databaseUrl, dataDir }: Config): string {
  return databaseUrl
    ? 'To start over, set DATABASE_URL to an empty database.'
    : `To start over, stop the server and delete ${dataDir} with ALL its data, or set DATA_DIR to another directory.`;
}
