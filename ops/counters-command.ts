import { ConfigError, readConfig } from '../server/config.ts';
import { classify } from '../server/database/failures.ts';
import { applyMigrations } from '../server/database/migrations.ts';
import { openDatabase } from '../server/database/open.ts';
import { StartFailure } from '../server/database/start-failure.ts';

/**
 * Runs a command on the database that `npm start` uses, whether the server runs or not. Where it cannot go on it says
 * why, and the process ends with 1.
 */
export async function runOnCounters(work: (url: string) => Promise<void>): Promise<void> {
  try {
    const database = await openDatabase(readConfig(process.env));
    try {
      await applyMigrations(database.url);
      await work(database.url);
    } finally {
      await database.close();
    }
  } catch (error) {
    console.error(inWords(error));
    process.exitCode = 1;
  }
}

function inWords(error: unknown): unknown {
  if (error instanceof ConfigError || error instanceof StartFailure) return error.message;
  if (classify(error).kind !== 'unavailable') return error;
  return `The database went away (${(error as Error).message}). The counters are as they were; try again.`;
}
